"""``python -m book.scaffold chapter=detection/fpn``, or ``model=``, ``op=``, ``experiment=``."""

import sys
from pathlib import Path

from .new import KINDS, plan, write

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    wanted = [argument.partition("=")[::2] for argument in arguments if "=" in argument]
    wanted = [(kind, name) for kind, name in wanted if name]
    if not wanted or any(kind not in KINDS for kind, _ in wanted):
        print(f"say what is new: {', '.join(f'{k}=NAME' for k in KINDS)}", file=sys.stderr)
        return 2
    try:
        plans = [plan(ROOT, kind, name) for kind, name in wanted]
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 2
    for one in plans:
        for path in write(ROOT, one):
            print(path.relative_to(ROOT))
        print("\n".join(one.still_to_do))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
