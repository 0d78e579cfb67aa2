"""When has a chapter to be executed again? When something that it can see has changed."""

import hashlib
import os
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from .paths import Book

FORMAT = "1"  # raise it when executed notebooks are kept in another way


def fingerprint(book: Book, name: str) -> str:
    """Hash of the chapter, the package with its results, the pinned versions and the data."""
    digest = hashlib.sha256(surroundings(book).encode())
    digest.update(book.source(name).read_bytes())
    return digest.hexdigest()[:16]


@cache
def surroundings(book: Book) -> str:
    """Hash of what all chapters share."""
    digest = hashlib.sha256(f"{FORMAT} {sys.version_info[:2]}".encode())
    package = (book.root / "src" / "lookclosely").rglob("*")
    files = [path for path in package if path.is_file() and "__pycache__" not in path.parts]
    _add(digest, book.root, [*files, book.root / "requirements.txt"])
    digest.update(repr(_data()).encode())
    return digest.hexdigest()


def _add(digest: "hashlib._Hash", root: Path, paths: Iterable[Path]) -> None:
    for path in sorted(paths):
        if path.exists():
            digest.update(f"\0{path.relative_to(root).as_posix()}\0".encode())
            digest.update(path.read_bytes())


def _data() -> list[tuple[str, int]]:
    """Names and sizes of the data at hand: with other data a chapter shows other pictures."""
    folder = os.environ.get("LOOKCLOSELY_DATA")
    if not folder or not Path(folder).is_dir():
        return []
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return sorted((path.name, path.stat().st_size) for path in files)
