"""``python -m book.pipeline``: execute what has changed, and build the site."""

import argparse
import sys
import time
from pathlib import Path

from .execute import ExecutionFailed, execute
from .handover import hand_over
from .paths import Book
from .site import SiteFailed, build
from .sources import chapters


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m book.pipeline", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--workers", type=int, default=2, help="chapters executed at a time")
    options = parser.parse_args(arguments)
    book, begin = Book(options.root.resolve()), time.perf_counter()
    try:
        names = chapters(book)
        executed = execute(book, names, workers=options.workers)
        print(f"chapters: {len(names)}, executed now: {len(executed)}", flush=True)
        hand_over(book, names)
        build(book)
    except (ExecutionFailed, SiteFailed) as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    seconds = time.perf_counter() - begin
    print(f"The book is in {book.html / 'index.html'} ({seconds:.0f} s).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
