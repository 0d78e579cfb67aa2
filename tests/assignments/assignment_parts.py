"""The assignments of the book, and what the tests ask of each. No number of questions is fixed."""

import re
import shutil
import warnings
import zipfile
from functools import cached_property
from inspect import signature
from pathlib import Path
from typing import Any

import jupytext
import nbformat

from lookclosely.grading import assignments

ROOT = Path(__file__).parents[2]
PARTS = sorted(path.parent.name for path in ROOT.glob("chapters/*/assignment.md"))
WORDS = {"@SITE@": "https://example.org/book", "@PACKAGE@": "lookclosely"}

# Answers of a notebook by name, and of each question its score and the names of failed tests.
Answers = dict[str, Any]
Found = dict[str, tuple[float, set[str]]]


class Assignment:
    """One assignment, built where it is first needed; its tests run in this process, no kernel."""

    def __init__(self, part: str, folder: Path):
        self.part = part
        self.source = ROOT / "chapters" / part / "assignment.md"
        self.folder = folder

    @cached_property
    def built(self) -> Path:
        """Holds ``student`` and ``teacher``."""
        return assignments.build(self.source, self.folder / self.part, WORDS)

    @property
    def student(self) -> Path:
        return self.built / "student" / f"{self.part}-assignment.ipynb"

    @property
    def solution(self) -> Path:
        return self.built / "teacher" / f"{self.part}-solution.ipynb"

    @property
    def autograder(self) -> Path:
        return self.built / "teacher" / f"{self.part}-autograder.zip"

    @cached_property
    def questions(self) -> dict[str, Any]:
        """Otter's test file of each question, hidden tests included."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # otter's dependencies
            from otter.test_files import ExceptionTestFile

        folder = self.folder / f"{self.part}-tests"
        with zipfile.ZipFile(self.autograder) as archive:
            archive.extractall(folder)
        files = sorted((folder / "tests").glob("*.py"))
        return {file.stem: ExceptionTestFile.from_file(str(file)) for file in files}

    def cases(self, *, hidden: bool) -> dict[tuple[str, str], Any]:
        """The hidden or the public tests, by question and name."""
        return {
            (name, case.body.test_func.__name__): case
            for name, question in self.questions.items()
            for case in question.test_cases
            if case.hidden is hidden
        }

    @cached_property
    def solved_cells(self) -> int:
        """Number of code cells in the source that hold a part of the solution."""
        notebook = jupytext.reads(self.source.read_text("utf-8"), fmt="md:myst")
        return sum(c.cell_type == "code" and "SOLUTION" in c.source for c in notebook.cells)

    def answers(self, which: str) -> Answers:
        """Names of the ``"solution"`` or the ``"student"`` notebook, freshly executed."""
        names: Answers = {}
        for source in code(self.solution if which == "solution" else self.student):
            if "otter" not in source and "grader.check" not in source:
                exec(source, names)
        return names

    def asked(self, question: str) -> list[str]:
        """What the student names in a question: the arguments of its tests."""
        functions = (case.body.test_func for case in self.questions[question].test_cases)
        return sorted({name for function in functions for name in signature(function).parameters})

    def score(self, names: Answers, *only: str) -> Found:
        """Score of each question, and the names of the tests that fail, for given answers."""
        found = {}
        for name, question in self.questions.items():
            if only and name not in only:
                continue
            question.run(names)
            failed = {
                result.test_case.body.test_func.__name__
                for result in question.test_case_results
                if not result.passed
            }
            found[name] = (question.score, failed)
        return found


def code(notebook: Path) -> list[str]:
    """Sources of the code cells."""
    cells = nbformat.read(notebook, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def script(notebook: Path) -> str:
    """The code cells as a program that prints what each check says."""
    sources = (re.sub(r"^(grader\.check.*)$", r"print(\1)", s) for s in code(notebook))
    return "\n".join(sources)


def hand_in(
    notebook: Path, target: Path, *, first: str = "", last: str = "", checks: bool = True
) -> Path:
    """Copy a notebook to ``target``, with a cell before and one behind it.

    Without ``checks`` it loses its own calls of Otter: only the grader checks it, at the end.
    """
    target.parent.mkdir(exist_ok=True)
    shutil.copy(notebook, target)
    content = nbformat.read(target, as_version=4)
    if not checks:
        content.cells = [cell for cell in content.cells if "grader.check" not in cell.source]
    if first:
        content.cells.insert(0, nbformat.v4.new_code_cell(first))
    if last:
        content.cells.append(nbformat.v4.new_code_cell(last))
    nbformat.write(content, target)
    return target
