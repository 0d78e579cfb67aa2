"""What happens inside the process of one submission: its cells run, then Otter's tests.

The cells run in a Jupyter kernel (``kernel``) in Otter's grading mode: ``otter.Notebook`` looks
for the hidden tests, and every ``grader.check`` is recorded.

The report is written anew after every cell and every question. What a submission earned before
it hung or left is therefore known.
"""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.font_manager  # loaded once, before the fork, for every submission
import matplotlib.pyplot  # noqa: F401
import torch  # noqa: F401
from otter import Notebook
from otter.execute import Checker

from . import notebooks
from .kernel import Kernel
from .questions import Questions, TooSlow, sentence

SHARE = 3  # a cell may use a third of the time left: any number of endless loops leaves some


def grade(notebook: Path, report: Path, clock: "Clock") -> None:
    """Run ``notebook`` in the current directory, test it by ``./tests`` and write ``report``."""
    home = Path.cwd()
    tests = sorted((home / "tests").glob("*.py"))
    questions = Questions(clock)
    journal = Journal(report, questions)
    try:
        cells = notebooks.code_cells(notebook.read_bytes())
        state = notebooks.state(cells, notebooks.asked(path.read_text("utf-8") for path in tests))
    except notebooks.NoNotebook as error:
        journal.write(state=notebooks.NONE, error=str(error))
        return
    if state == notebooks.OTHER:
        journal.write(state=state)
        return
    Notebook.init_grading_mode(str(home / "tests"))
    questions.install()
    kernel = Kernel(report.parent)
    for number, source in enumerate(cells, 1):
        _run_cell(kernel, number, source, clock, journal)
    questions.put_back()
    for path in tests:
        with journal.noting(path.stem), clock.limit():
            Checker.check_if_not_already_checked(str(path), global_env=kernel.names)
        journal.write(state=state)
    journal.write(state=state, finished=True)


def _run_cell(kernel: Kernel, number: int, source: str, clock: "Clock", journal: "Journal"):
    with journal.noting(f"cell {number}"), clock.limit():
        error = kernel.run(source)
        if error is not None:
            raise clock.too_slow() if clock.over else error
    journal.write()


class Clock:
    """Seconds of a cell or question, kept by the process that supervises this one.

    It reads from ``pipe`` how many seconds are allowed from now on, and interrupts this process
    as Jupyter does (SIGINT, also to the processes that a cell has started) when they are over.
    """

    def __init__(self, pipe: int, seconds: float, total: float):
        self.pipe, self.seconds, self.allowed = pipe, seconds, seconds
        self.end = time.monotonic() + total
        self.deadline = self.end

    @property
    def over(self) -> bool:
        """Is the time of the cell or question over?"""
        return time.monotonic() >= self.deadline

    def too_slow(self) -> TooSlow:
        return TooSlow(f"stopped after {self.allowed:.3g} s")

    @contextmanager
    def limit(self) -> Iterator[None]:
        """Within, the process is interrupted after ``seconds``, and again while it goes on."""
        now = time.monotonic()
        self.allowed = min(self.seconds, max(self.end - now, 0.0) / SHARE)
        self.deadline = now + self.allowed
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._tell(self.allowed)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self._tell(0.0)

    def _tell(self, seconds: float) -> None:
        os.write(self.pipe, f"{seconds:.3f}\n".encode())


class Journal:
    """What is known so far about a submission, kept in a JSON file.

    A submission may fork; only the first process writes, the others end here.
    """

    def __init__(self, path: Path, questions: Questions):
        self.path, self.questions = path.resolve(), questions
        self.owner = os.getpid()
        self.notes: list[str] = []

    def write(self, **more: Any) -> None:
        if os.getpid() != self.owner:
            os._exit(0)
        content = {"questions": self.questions.results(), "notes": self.notes, **more}
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(content), encoding="utf-8")
        os.replace(draft, self.path)

    @contextmanager
    def noting(self, what: str) -> Iterator[None]:
        """Note an exception instead of passing it on, also ``SystemExit`` and its like."""
        try:
            yield
        except BaseException as error:
            self.notes.append(f"{what}: {type(error).__name__}: {sentence(error)}")
