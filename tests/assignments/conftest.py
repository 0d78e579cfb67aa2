"""The assignments, each built once and only if a test needs it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from assignment_parts import PARTS, Assignment, hand_in


@pytest.fixture(scope="session")
def of_part(tmp_path_factory) -> Callable[[str], Assignment]:
    """``of_part("segmentation")``: its assignment, the same one for the whole session."""
    folder = tmp_path_factory.mktemp("assignments")
    return {part: Assignment(part, folder) for part in PARTS}.__getitem__


@pytest.fixture(params=PARTS)
def assignment(request, of_part) -> Assignment:
    """Each assignment in turn, for what is to be shown of all."""
    return of_part(request.param)


@pytest.fixture
def segmentation(of_part) -> Assignment:
    """One assignment, for what does not depend on its questions, and for its own questions."""
    return of_part("segmentation")


@pytest.fixture
def autograder(segmentation) -> Path:
    return segmentation.autograder


@pytest.fixture
def submit(segmentation, tmp_path) -> Callable[..., Path]:
    """``submit("name", "student", first="import os", last="1 / 0")``: a notebook handed in."""

    def make(name: str, which: str = "solution", **options: Any) -> Path:
        notebook = segmentation.solution if which == "solution" else segmentation.student
        return hand_in(notebook, tmp_path / "submissions" / f"{name}.ipynb", **options)

    return make
