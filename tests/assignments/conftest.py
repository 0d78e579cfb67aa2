"""The assignment, built once, and its tests in this process: no notebook, no kernel."""

import shutil
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from assignment_parts import SOURCE, WORDS, code

from lookclosely.grading import assignments


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Path:
    """``segmentation/student`` and ``segmentation/teacher``."""
    return assignments.build(SOURCE, tmp_path_factory.mktemp("built") / "segmentation", WORDS)


@pytest.fixture(scope="session")
def student(built) -> Path:
    return built / "student" / "segmentation-assignment.ipynb"


@pytest.fixture(scope="session")
def solution(built) -> Path:
    return built / "teacher" / "segmentation-solution.ipynb"


@pytest.fixture(scope="session")
def autograder(built) -> Path:
    return built / "teacher" / "segmentation-autograder.zip"


@pytest.fixture(scope="session")
def questions(autograder, tmp_path_factory) -> dict[str, Any]:
    """Otter's test file of each question, hidden tests included."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # otter's dependencies
        from otter.test_files import ExceptionTestFile

    folder = tmp_path_factory.mktemp("tests")
    with zipfile.ZipFile(autograder) as archive:
        archive.extractall(folder)
    files = sorted((folder / "tests").glob("*.py"))
    return {file.stem: ExceptionTestFile.from_file(str(file)) for file in files}


@pytest.fixture(scope="session")
def answers(solution, student) -> Callable[[str], dict[str, Any]]:
    """``answers("solution")`` or ``answers("student")``: a notebook's names, freshly executed."""
    notebooks = {"solution": solution, "student": student}

    def execute(which: str) -> dict[str, Any]:
        names: dict[str, Any] = {}
        for source in code(notebooks[which]):
            if "otter" not in source and "grader.check" not in source:
                exec(source, names)
        return names

    return execute


@pytest.fixture(scope="session")
def score(questions) -> Callable[[dict[str, Any]], dict[str, tuple[float, set[str]]]]:
    """Score and names of the failed tests of each question, for given answers."""

    def run(names: dict[str, Any]) -> dict[str, tuple[float, set[str]]]:
        found = {}
        for name, question in questions.items():
            question.run(names)
            failed = {r.test_case.body.test_func.__name__ for r in results(question, passed=False)}
            found[name] = (question.score, failed)
        return found

    return run


def results(question: Any, *, passed: bool) -> list[Any]:
    return [r for r in question.test_case_results if r.passed is passed]


@pytest.fixture
def submit(student, solution, tmp_path) -> Callable[..., Path]:
    """``submit("name", "student", first="import os", last="1 / 0")``: a notebook handed in."""

    def make(name: str, which: str = "solution", *, first: str = "", last: str = "") -> Path:
        folder = tmp_path / "submissions"
        folder.mkdir(exist_ok=True)
        target = folder / f"{name}.ipynb"
        shutil.copy(solution if which == "solution" else student, target)
        notebook = nbformat.read(target, as_version=4)
        if first:
            notebook.cells.insert(0, nbformat.v4.new_code_cell(first))
        if last:
            notebook.cells.append(nbformat.v4.new_code_cell(last))
        nbformat.write(notebook, target)
        return target

    return make
