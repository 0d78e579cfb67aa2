"""What the build recorded of each chapter's execution, for the pages that show it."""

import os
from pathlib import Path
from typing import Any

import nbformat
from sphinx.application import Sphinx

from book.pipeline.paths import Book
from book.pipeline.record import KEY
from book.pipeline.site import ONLY


def executed(app: Sphinx, docname: str) -> Path:
    return Book(Path(app.srcdir)).executed(docname)


def seconds(app: Sphinx, docname: str) -> float | None:
    """Seconds that the chapter took, or None if it was not executed."""
    path = executed(app, docname)
    if not path.exists():
        return None
    return nbformat.read(path, 4).metadata.get(KEY, {}).get("seconds")


def spoken(seconds: float) -> str:
    """Seconds as a reader wants them: ``4 s``, ``1 min 5 s``."""
    whole = max(1, round(seconds))
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def follow_execution(app: Sphinx, docname: str, source: list[str]) -> None:
    """A chapter is read again when its outputs are new, even if its source is not."""
    if docname.startswith("chapters/"):
        app.env.note_dependency(str(executed(app, docname)))


def leave_others(
    app: Sphinx, env: Any, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Of the pages to be read, leave only the one that was asked for: for ``make chapter``."""
    only = os.environ.get(ONLY)
    if only:
        for pages in (added, changed, removed):
            pages &= {only}
    return [only] if only else []


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", follow_execution)
    # After those who ask for more pages to be read.
    app.connect("env-get-outdated", leave_others, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
