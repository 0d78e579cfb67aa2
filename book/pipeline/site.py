"""Run Jupyter Book with warnings as errors, and never execute a chapter a second time."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .handover import count
from .paths import Book

ONLY = "LOOKCLOSELY_ONLY"  # the one page that Sphinx is to read (book/site/records.py)


class SiteFailed(RuntimeError):
    """Jupyter Book found something wrong."""


def build(book: Book, only: str | None = None) -> None:
    """Build ``_build/html``, anew if the book's machinery changed, else what has changed.

    With ``only``, the name of a chapter, every other page stays as it was built before.

    Raises:
        SiteFailed: on any warning, or if Jupyter Book had to execute a chapter itself. What it
            built is then thrown away: Sphinx does not repeat the warnings of pages that it has
            read before, so that a second build would pass.
    """
    stamp, today = book.build / "machinery.sha256", machinery(book)
    if only is None and (not stamp.exists() or stamp.read_text() != today):
        _forget(book)
    before = count(book)
    command = [Path(sys.executable).with_name("jupyter-book"), "build", book.root]
    command += ["-W", "--keep-going", "-q"]
    environment = os.environ | ({ONLY: only} if only else {})
    # Warnings come on stderr; stdout is of interest only if it fails.
    done = subprocess.run(
        command, cwd=book.root, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    executed_again = count(book) - before
    if done.returncode or executed_again:
        print(done.stdout, flush=True)
        if only is None:
            _forget(book)
            stamp.unlink(missing_ok=True)
        else:
            (book.doctrees / f"{only}.doctree").unlink(missing_ok=True)
        raise SiteFailed(
            "the site was not built: see the warnings above"
            if done.returncode
            else f"Jupyter Book executed {executed_again} chapters again: the cache did not match"
        )
    if only is None:
        stamp.write_text(today)


def machinery(book: Book) -> str:
    """Hash of everything that shapes all pages: configuration, extensions, templates, styles, and
    the lists that they read: parts and paths, chapters to come, words of the search, glossary."""
    folders = ("site", "notebooks", "_static", "_templates", "vendor")
    paths = [book.root / "_config.yml", book.root / "_toc.yml", book.root / "requirements.txt"]
    paths += [book.root / "book" / "glossary.md", *(book.root / "book").glob("*.yml")]
    for folder in folders:
        paths += (book.root / "book" / folder).rglob("*")
    digest = hashlib.sha256()
    for path in sorted(path for path in paths if path.is_file() and path.suffix != ".pyc"):
        digest.update(path.relative_to(book.root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _forget(book: Book) -> None:
    for folder in (book.html, book.doctrees, book.build / "jupyter_execute"):
        _remove(folder)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
