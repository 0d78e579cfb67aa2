"""Execute the chapters that have changed, several at a time, each exactly once."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import jupytext
import nbformat

from .fingerprint import fingerprint, made_with
from .paths import Book
from .record import is_complete, keep, kept_fingerprint, lacks_data, take_over
from .sources import convert

CELL_SECONDS = 300
CHAPTER_SECONDS = 900

# One thread each, so that two chapters share two cores and sums come out the same everywhere.
ENVIRONMENT = {
    "LOOKCLOSELY_STATIC": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "TQDM_DISABLE": "1",
    "NO_COLOR": "1",
}


class ExecutionFailed(RuntimeError):
    """A chapter did not run to its end."""


def execute(book: Book, names: list[str], *, workers: int = 2) -> list[str]:
    """Execute every chapter whose fingerprint is new; return the names of those.

    The others keep their outputs, and get the prose of today.

    Raises:
        ExecutionFailed: if a chapter fails. nbmake has printed its traceback. Chapters that
            went well are kept, so that the next build only repeats the others.
    """
    prints = {name: fingerprint(book, name) for name in names}
    stale = [name for name in names if kept_fingerprint(book.executed(name)) != prints[name]]
    for name in names:
        if name not in stale:
            take_over(jupytext.read(book.source(name)), book.executed(name))
    if not stale:
        return []
    # Not below _build: nbmake passes over whatever lies in a folder of that name.
    with tempfile.TemporaryDirectory(prefix="lookclosely-") as folder:
        notebooks = {name: convert(book, name, Path(folder)) for name in stale}
        code = run_notebooks(list(notebooks.values()), Path(folder), workers)
        failed = [name for name in stale if not _keep(book, name, notebooks[name], prints[name])]
    if failed or code:
        what = ", ".join(failed) or f"pytest ended with {code}"
        raise ExecutionFailed(f"failed to execute: {what}")
    return stale


def _keep(book: Book, name: str, executed: Path, before: str) -> bool:
    """Keep a notebook that ran to its end; whether it did."""
    notebook = nbformat.read(executed, 4)
    complete = is_complete(notebook)
    if complete:
        today = before if lacks_data(notebook) else made_with(before, fingerprint(book, name))
        keep(notebook, book.executed(name), today)
    return complete


def run_notebooks(notebooks: list[Path], folder: Path, workers: int) -> int:
    """Run pytest with nbmake, apart from the settings of our own tests; return its exit code."""
    settings = folder / "pytest.ini"
    settings.write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(settings), "--nbmake", "--overwrite"]
    command += [f"--nbmake-timeout={CELL_SECONDS}", f"--timeout={CHAPTER_SECONDS}"]
    count = min(workers, len(notebooks))
    command += ["-n", str(count), "--dist", "worksteal"] if count > 1 else []
    command += map(str, notebooks)
    return subprocess.run(command, cwd=folder, env=os.environ | ENVIRONMENT, check=False).returncode
