"""What happens inside the process of one submission: its cells run, then Otter's tests.

This is Otter's grading mode (``otter.Notebook`` looks for the hidden tests, and every
``grader.check`` is recorded) in an IPython shell of this process instead of in a kernel. Starting
a kernel that imports torch and Otter costs seconds; this process is forked with both imported.

The report is written anew after every cell and every question. What a submission earned before
it hung or left is therefore known.
"""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import nbformat
import torch  # loaded once, before the fork, for every submission
from IPython.core.interactiveshell import InteractiveShell
from otter import Notebook
from otter.execute import Checker
from otter.test_files import test_case
from traitlets.config import Config


class TooSlow(Exception):
    """A cell or question used up its time; an ``Exception``, so that Otter notes a failed test."""


def grade(notebook: Path, report: Path, *, cell_seconds: float) -> None:
    """Run ``notebook`` in the current directory, test it by ``./tests`` and write ``report``.

    A cell or an answer may change the directory or torch's gradient mode: the next cell and the
    next question find both as they were.
    """
    journal = Journal(report)
    try:
        cells = code_cells(notebook)
    except ValueError as error:
        journal.write(error=str(error))
        return
    home = Path.cwd()
    tests = sorted((home / "tests").glob("*.py"))
    Notebook.init_grading_mode(str(home / "tests"))
    test_case.call_func = _staying(test_case.call_func)
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    for number, source in enumerate(cells, 1):
        _put_back(home)
        _run_cell(shell, number, source, cell_seconds, journal)
    for path in tests:
        _put_back(home)
        with journal.noting(path.stem), _time_limit(cell_seconds):
            Checker.check_if_not_already_checked(str(path), global_env=shell.user_ns)
        journal.write()
    journal.write(finished=True)


def code_cells(notebook: Path) -> list[str]:
    """Sources of the code cells; ``ValueError`` if the file is no notebook."""
    try:
        content = nbformat.reads(notebook.read_text(encoding="utf-8"), as_version=4)
        cells = [cell.source for cell in content.cells if cell.cell_type == "code"]
    except Exception as error:  # whatever nbformat meets in a file that is none
        kind = type(error).__name__
        raise ValueError(f"cannot be read as a Jupyter notebook ({kind})") from error
    if not all(isinstance(source, str) for source in cells):
        raise ValueError("cannot be read as a Jupyter notebook (a cell without text)")
    return cells


class Journal:
    """What is known so far about a submission, kept in a JSON file.

    A submission may fork; only the first process writes, the others end here.
    """

    def __init__(self, path: Path):
        self.path = path.resolve()
        self.owner = os.getpid()
        self.notes: list[str] = []

    def write(self, **more: Any) -> None:
        if os.getpid() != self.owner:
            os._exit(0)
        content = {"questions": _questions(), "notes": self.notes, **more}
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(content), encoding="utf-8")
        os.replace(draft, self.path)

    @contextmanager
    def noting(self, what: str) -> Iterator[None]:
        """Note an exception instead of passing it on, also ``SystemExit`` and its like."""
        try:
            yield
        except BaseException as error:
            self.notes.append(f"{what}: {type(error).__name__}: {error}")


def _run_cell(
    shell: InteractiveShell, number: int, source: str, seconds: float, journal: Journal
) -> None:
    with journal.noting(f"cell {number}"), _time_limit(seconds):
        result = shell.run_cell(source, store_history=False)
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            journal.notes.append(f"cell {number}: {type(error).__name__}: {error}")
    journal.write()


def _put_back(home: Path) -> None:
    """What a notebook may have left changed: the directory and torch's gradient mode."""
    with suppress(OSError):  # it may have removed the directory: then its tests say so
        os.chdir(home)
    torch.set_grad_enabled(True)


def _staying(call: Callable[..., None]) -> Callable[..., None]:
    """Otter's call of a test, in which an answer that raises ``SystemExit`` fails.

    Otter catches only ``Exception``, so such an answer would end the check of its question.
    """

    def call_func(*arguments: Any) -> None:
        try:
            call(*arguments)
        except Exception:
            raise
        except BaseException as error:
            left = RuntimeError(f"the answer raises {type(error).__name__}")
            raise left.with_traceback(error.__traceback__) from None

    return call_func


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise ``TooSlow`` in the main thread after ``seconds``, and again while it goes on.

    Again, because each test of a question may meet the same endless loop.
    """

    def stop(signum, frame):
        raise TooSlow(f"stopped after {seconds:g} s")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, max(seconds / 4, 0.2))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _questions() -> dict[str, dict[str, Any]]:
    """Score and failed tests of each question checked so far; the last check counts."""
    return {
        file.name: {
            "score": file.score,
            "failed": [
                result.test_case.body.test_func.__name__
                for result in file.test_case_results
                if not result.passed
            ],
        }
        for file in Checker.get_results()
    }
