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
from .surroundings import Occupied, alone, home


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m book.pipeline", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--workers", type=int, default=2, help="chapters executed at a time")
    parser.add_argument("--chapter", metavar="PART/NAME", help="only this page, in a built book")
    options = parser.parse_args(arguments)
    book, begin = Book(options.root.resolve()), time.perf_counter()
    try:
        only = _chosen(book, options.chapter) if options.chapter else None
        with alone(book.build), home():
            _make(book, only, options.workers)
    except (ExecutionFailed, SiteFailed, Occupied) as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    seconds = time.perf_counter() - begin
    page = book.html / (f"{only}.html" if only else "index.html")
    print(f"{'The page' if only else 'The book'} is in {page} ({seconds:.0f} s).")
    return 0


def _make(book: Book, only: str | None, workers: int) -> None:
    """Execute what has changed, of all chapters or of one, and build the site."""
    names = [only] if only else chapters(book)
    executed = execute(book, names, workers=workers)
    print(f"chapters: {len(names)}, executed now: {len(executed)}", flush=True)
    hand_over(book, names)
    build(book, only)


def _chosen(book: Book, chapter: str) -> str:
    """The page of ``segmentation/unet``.

    Raises:
        SiteFailed: if there is no such chapter, or no built book around it.
    """
    name, known = f"chapters/{chapter}", chapters(book)
    if name not in known:
        choice = ", ".join(page.removeprefix("chapters/") for page in known)
        raise SiteFailed(f"no chapter {chapter!r}: choose from {choice}")
    if not (book.doctrees / "environment.pickle").exists():
        raise SiteFailed("there is no built book to put the page in: run make book once")
    return name


if __name__ == "__main__":
    sys.exit(main())
