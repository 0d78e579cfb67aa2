"""Run the witnesses of the conventions: does each library still do what its row says?

``python -m book.site.witnesses`` prints what they print now, to be copied into a row.
"""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .conventions import Conventions, Row, conventions

PACKAGES = ("torch", "torchvision", "torchmetrics", "pycocotools", "scikit-image", "scipy")
PACKAGES += ("opencv-contrib-python-headless",)
OPENCV = "cv2"  # a dependency of the tests alone: a row that wants it is run where it is


class Witnesses:
    """All witnesses in one process, each after the same preamble."""

    def __init__(self, preamble: str) -> None:
        self.preamble = preamble
        self.names: dict[str, Any] = {}

    def prints(self, row: Row) -> dict[str, str]:
        """What the witness of a row prints: the first word of a line is whose it is."""
        if not self.names:
            exec(compile(self.preamble, "<preamble>", "exec"), self.names)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(row.witness, f"<{row.id}>", "exec"), dict(self.names))
        lines = (line.partition(" ") for line in printed.getvalue().splitlines())
        return {whose: text for whose, _, text in lines}


def can_run(row: Row) -> bool:
    wants = f"import {OPENCV}" in row.witness
    return bool(row.witness) and not (wants and importlib.util.find_spec(OPENCV) is None)


def changed(row: Row, prints: dict[str, str]) -> list[str]:
    """What is no longer as the row says, in a sentence each."""
    return [
        f"{row.id}: {whose} prints {prints.get(whose, '')!r}, the row says "
        f"{row.prints.get(whose, '')!r}"
        for whose in sorted(prints.keys() | row.prints.keys())
        if prints.get(whose) != row.prints.get(whose)
    ]


def verify(found: Conventions, kept: Path) -> list[str]:
    """Run what can be run, unless nothing has changed since all was as it should be.

    Args:
        kept: a file that remembers what held.
    """
    rows, today = [row for row in found.rows if can_run(row)], _state(found)
    if kept.exists() and json.loads(kept.read_text()) == today:
        return []
    witnesses = Witnesses(found.preamble)
    problems = [text for row in rows for text in changed(row, witnesses.prints(row))]
    if not problems:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(today))
    return problems


def _state(found: Conventions) -> str:
    """Hash of rows, of versions, and of our code that they may call."""
    import lookclosely

    package = Path(lookclosely.__path__[0])
    folders: Iterable[Path] = (package / name for name in ("ops", "losses", "metrics"))
    code = [path.read_bytes() for folder in folders for path in sorted(folder.rglob("*.py"))]
    rows = [(row.id, row.witness, row.prints, can_run(row)) for row in found.rows]
    found_here = (importlib.metadata.distributions(name=name) for name in PACKAGES)
    versions = [each.version for several in found_here for each in several]
    digest = hashlib.sha256(repr((found.preamble, rows, versions, sys.version)).encode())
    digest.update(b"".join(code))
    return digest.hexdigest()


def main() -> None:
    found = conventions()
    witnesses = Witnesses(found.preamble)
    for row in filter(can_run, found.rows):
        print(f"{row.id}:")
        for whose, text in witnesses.prints(row).items():
            print(f"    {whose}: {json.dumps(text)}")


if __name__ == "__main__":
    main()
