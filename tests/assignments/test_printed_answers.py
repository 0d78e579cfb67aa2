"""No chapter prints the answer to a question: its loops and the package's source are tried."""

import ast
import contextlib
import inspect
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jupytext
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from assignment_parts import PARTS, ROOT, Answers, Assignment

from lookclosely import losses, metrics, ops
from lookclosely.grading import checks
from lookclosely.models.segmentation import unet

# Questions that are answered by what a chapter prints, function by function: to be changed.
PRINTED = {
    ("looking-q5", "enlarge"),
    ("looking-q5", "laplacian_pyramid"),
    ("looking-q5", "reconstruct"),
    ("segmentation-q4", "nms"),
    ("segmentation-q6", "max_pool_with_positions"),
    ("segmentation-q6", "max_unpool"),
    ("segmentation-q7", "effective_kernel"),
}
NAMES = {"torch": torch, "F": F, "math": math, "np": np, "ops": ops, "losses": losses}
NAMES |= {"metrics": metrics, "border_weight_map": unet.border_weight_map}


def printed(chapter: Path) -> Iterator[Callable[..., Any]]:
    """Functions that a chapter defines, and those whose source it shows."""
    notebook = jupytext.reads(chapter.read_text("utf-8"), fmt="md:myst")
    names: dict[str, Any] = dict(NAMES)
    shown = []
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        nodes = list(ast.walk(ast.parse(cell.source)))
        for node in nodes:
            if isinstance(node, ast.FunctionDef):
                with contextlib.suppress(Exception):  # it needs what the cell computes: no answer
                    exec(f"from __future__ import annotations\n{ast.unparse(node)}", names)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "show.source":
                shown += [ast.unparse(argument) for argument in node.args]
    yield from (f for f in names.values() if inspect.isfunction(f) and f not in NAMES.values())
    for name in shown:
        if name.partition(".")[0] in NAMES:
            yield eval(name, names)


def passes_in_public(assignment: Assignment, question: str, asked: str, names: Answers) -> bool:
    """Whether the public tests of a function pass: if not, no need to run all."""
    cases = [c.body for (q, _), c in assignment.cases(hidden=False).items() if q == question]
    for body in cases:
        if asked in inspect.signature(body.test_func).parameters:
            try:
                body.call_func(names)
            except Exception:
                return False
    return True


def answering(assignment: Assignment, chapters: list[Path]) -> Iterator[tuple[str, str]]:
    """Each question and function that a printed function answers, with all points."""
    solution = assignment.answers("solution")
    candidates = [function for chapter in chapters for function in printed(chapter)]
    for question, file in assignment.questions.items():
        for asked in assignment.asked(question):
            for candidate in candidates if callable(solution[asked]) else ():
                names = solution | {asked: candidate}
                if (
                    passes_in_public(assignment, question, asked, names)
                    and assignment.score(names, question)[question][0] == file.possible
                ):
                    yield f"{assignment.part}-{question}", asked


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of functions that are asked what they are not for
def test_no_chapter_prints_an_answer(of_part, monkeypatch, unchecked):
    """As somebody would copy it: the package's functions under another name."""
    monkeypatch.setattr(checks, "PACKAGE", "copied.")
    found = set()
    for part in PARTS:
        chapters = [p for p in ROOT.glob(f"chapters/{part}/*.md") if p.stem != "assignment"]
        if part == "segmentation":  # its question 4 is about the next part's first chapter
            chapters.append(ROOT / "chapters" / "detection" / "boxes_and_nms.md")
        found |= set(answering(of_part(part), chapters))
    assert found - PRINTED == set(), "the assignment must ask for something else"
    assert PRINTED - found == set(), "no longer printed: take it off the list"
