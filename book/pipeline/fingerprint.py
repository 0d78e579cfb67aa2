"""When has a chapter to be executed again? When something that its outputs depend on has changed.

That is: its code cells and their tags, the code of the package that these name (and what that
names in turn), the result files they read, the pinned versions, and the data sets that are at hand.
Prose, alt texts, docstrings that no cell shows and code that no cell reaches do not count.
"""

import hashlib
import importlib
import re
import sys
from collections.abc import Iterable
from functools import cache
from typing import Any

import jupytext

from lookclosely.data import fetch
from lookclosely.experiments.closure import code_of_cells

from .paths import Book

FORMAT = "2"  # raise it when notebooks are executed or kept in another way
_SOURCE = re.compile(r"(lookclosely\.data\.\w+):(SOURCES?)")


def fingerprint(book: Book, name: str) -> str:
    """``CODE-DATA``: hashes of what is executed, and of the data that it finds."""
    notebook = jupytext.read(book.source(name))
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code = code_of_cells([cell.source for cell in cells], root=book.package)
    seen = [code, *map(_executed_metadata, cells), notebook.metadata.get("kernelspec")]
    return f"{_hash([FORMAT, versions(book), seen])}-{_hash(at_hand(code))}"


def made_with(before: str, after: str) -> str:
    """The fingerprint of an execution, from those taken before and after it.

    A cell may fetch its data: then the outputs are of the data that is there afterwards.
    """
    return f"{before.partition('-')[0]}-{after.partition('-')[2]}"


def versions(book: Book) -> str:
    pinned = book.root / "requirements.txt"
    return f"{sys.version_info[:2]} {pinned.read_text() if pinned.exists() else ''}"


def at_hand(code: Iterable[str]) -> list[tuple[str, int | None]]:
    """The data files that this code names, with the size of those that are here, cached or given.

    With data that was missing before, a chapter shows other pictures.
    """
    found = [match for name in sorted(code) if (match := _SOURCE.fullmatch(name))]
    sources = [source for match in found for source in _sources(match[1], match[2])]
    places = [(source.file, fetch.find(source)) for source in sources]
    return [(file, path.stat().st_size if path else None) for file, path in places]


@cache
def _sources(module: str, name: str) -> tuple[fetch.Source, ...]:
    return tuple(_flat(getattr(importlib.import_module(module), name)))


def _flat(sources: Any) -> list[fetch.Source]:
    if isinstance(sources, fetch.Source):
        return [sources]
    each = sources.values() if isinstance(sources, dict) else sources
    return [source for group in each for source in _flat(group)]


def _executed_metadata(cell: Any) -> list[tuple[str, Any]]:
    """A cell's metadata, but for what only says how the page shows its outputs."""
    return sorted((key, value) for key, value in cell.metadata.items() if key != "mystnb")


def _hash(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]
