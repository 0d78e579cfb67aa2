"""Which pages of the table of contents are chapters, and their conversion to notebooks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import yaml

from .paths import Book


def chapters(book: Book) -> list[str]:
    """Names of the pages in ``_toc.yml`` that hold code, in the order of the book."""
    toc = yaml.safe_load((book.root / "_toc.yml").read_text())
    return [name for name in _files(toc) if name.startswith("chapters/")]


def _files(entry: Any) -> Iterator[str]:
    """Every ``file:`` of a table of contents, at any depth."""
    if isinstance(entry, dict):
        if "file" in entry:
            yield entry["file"]
        for value in entry.values():
            yield from _files(value)
    elif isinstance(entry, list):
        for value in entry:
            yield from _files(value)


def convert(book: Book, name: str, folder: Path) -> Path:
    """Write a chapter as a notebook without outputs below ``folder``; return its path."""
    target = folder / f"{name}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(jupytext.read(book.source(name)), target)
    return target
