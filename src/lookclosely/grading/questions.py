"""Otter's tests of a question, run so that one slip costs what it should and says why.

Each test finds the settings of a fresh process (``settings``), whatever the notebook or the test
before it has switched. An answer that raises ``SystemExit`` fails its test. After the first test
whose time is over the others of the question fail at once: they would meet the same endless loop.
"""

import linecache
from types import TracebackType
from typing import TYPE_CHECKING, Any

import torch
from otter.execute import Checker
from otter.test_files import ExceptionTestFile
from otter.test_files.abstract_test import TestCase, TestCaseResult

from . import settings

if TYPE_CHECKING:
    from .submission import Clock

LONGEST = 300  # characters of a sentence


class TooSlow(Exception):
    """A cell or question used up its time."""


class Questions:
    """Runs the tests of a submission and remembers the first error of each question."""

    def __init__(self, clock: "Clock"):
        self.clock = clock
        self.fresh = settings.take()
        self.errors: dict[str, dict[str, str]] = {}

    def install(self) -> None:
        """Have Otter run its test files here."""

        def run(file: ExceptionTestFile, global_environment: dict[str, Any]) -> None:
            self.run(file, global_environment)

        ExceptionTestFile.run = run  # pyright: ignore[reportAttributeAccessIssue]

    def put_back(self) -> None:
        """The settings of a fresh process."""
        settings.put(self.fresh)

    def run(self, file: ExceptionTestFile, names: dict[str, Any]) -> None:
        """Run all tests of a question on the notebook's ``names``."""
        file.test_case_results = []
        self.errors.pop(file.name, None)
        slow: BaseException | None = None
        for case in file.test_cases:
            error = slow or self._call(case, names)
            if isinstance(error, TooSlow):
                slow = error
            if error is not None:
                self.errors.setdefault(file.name, described(error, names))
            result = TestCaseResult(test_case=case, message="", passed=error is None)
            file.test_case_results.append(result)

    def _call(self, case: TestCase, names: dict[str, Any]) -> BaseException | None:
        """The error of one test, which finds the settings of a fresh process."""
        mine = settings.take()
        try:
            with torch.inference_mode(False):
                self.put_back()
                case.body.call_func(names)
        except BaseException as error:
            return self.clock.too_slow() if self.clock.over else error
        finally:
            settings.put(mine)
        return None

    def results(self) -> dict[str, dict[str, Any]]:
        """Score, failed tests and first error of each question checked so far."""
        return {
            file.name: {
                "score": file.score,
                "failed": [
                    result.test_case.body.test_func.__name__
                    for result in file.test_case_results
                    if not result.passed
                ],
                "error": self.errors.get(file.name),
            }
            for file in Checker.get_results()
        }


def described(error: BaseException, names: dict[str, Any]) -> dict[str, str]:
    """Type, sentence and, if it arose in the notebook's own code, the line: no line of a test."""
    said = sentence(error)
    if not said and isinstance(error, AssertionError):
        said = "what the test asks for does not hold."
    line = _line_of(error.__traceback__, names)
    return {"type": type(error).__name__, "sentence": said, "line": line}


def sentence(error: BaseException) -> str:
    """What an exception says, in one line."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # its __str__ may be the student's
        return ""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _line_of(traceback: TracebackType | None, names: dict[str, Any]) -> str:
    line = ""
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_globals is names:
            line = linecache.getline(frame.f_code.co_filename, traceback.tb_lineno).strip()
        traceback = traceback.tb_next
    return line
