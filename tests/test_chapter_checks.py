"""The questions that check an answer, in every chapter: their answers, computed again."""

import ast
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupytext
import pytest

from lookclosely.demo import Check

ROOT = Path(__file__).parent.parent
# By hand, with another formula than the chapter's cell.
ANSWERS: dict[str, tuple[float | str, float | str]] = {
    "detection/boxes_and_nms": (12 / (24 + 24 - 12), "p and r"),
    "looking/localization": (0.5 * 0.5**2 + (2 - 0.5) + 0 + (1 - 0.5), "nobody can tell"),
    "looking/scale_and_context": (math.ceil(101 / 2**3), "(4, 4, 4) and (8)"),
    "looking/sliding_windows": (4 * (4 * 1 + 1) + 4 + 2, "a factor of 1.1"),
    "looking/tasks": (19 - 10 + 1, "no, it guesses"),
    "segmentation/convolution": ((32 + 2 * 2 - 5) // 2 + 1, "2 right for each row down"),
    "segmentation/crf": (100 * 100 * 4 / 2 - 2 * 100 / 2 * 2, "more than 0.5"),
    "segmentation/deconvnet": (14 + 3 - 1, "disc"),
    "segmentation/dilated_convolution": (3 * (5 - 1) + 1, str(1 + 2 * (1 + 2 + 4 + 8))),
    "segmentation/fcn": (16 - 7 + 1, "(4, 3, 1, 1, 3, 4)"),
    "segmentation/segmentation_metrics": (35 / (35 + 10 + 5), "its precision is above ½"),
    "segmentation/transposed_convolution": ((7 - 1) * 2 - 2 * 1 + 4, "(1, 1, 3, 0, 2, 2, 6)"),
    "segmentation/unet": (100 // 8, f"{1 + 10 / math.sqrt(math.e):.2f}"),
    "segmentation/unpooling": (2, "yes"),
}
CHAPTERS = sorted(
    f"{path.parent.name}/{path.stem}"
    for path in (ROOT / "chapters").glob("*/*.md")
    if path.name != "assignment.md"
)


def test_every_chapter_stands_here():
    assert set(CHAPTERS) == set(ANSWERS)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_one_number_and_one_choice_with_reasons(chapter):
    asked, (right, chosen) = checks(chapter), ANSWERS[chapter]
    numbers = [question for question in asked if question.choices is None]
    choices = [question for question in asked if question.choices is not None]
    off = [(abs(float(n.answer) - float(right)), max(n.tolerance, 1e-6)) for n in numbers]
    assert any(distance <= allowed for distance, allowed in off)
    assert chosen in [choice.answer for choice in choices]
    for number in numbers:
        assert len(number.why) >= 3, "the answer's reason, and those of two wrong ones"
    for choice in choices:
        assert set(choice.why) == set(choice.choices or ()), "a choice without its reason"


def checks(chapter: str) -> list[Check]:
    """The chapter's questions, from running the cells that they need and no others."""
    path = ROOT / "chapters" / f"{chapter}.md"
    sources = [cell.source for cell in jupytext.read(path).cells if cell.cell_type == "code"]
    names: dict[str, Any] = {}
    asked = []
    for source in _needed(sources):
        tree = ast.parse(source)
        if not _asks(source):
            kept = [node for node in tree.body if not isinstance(node, ast.Expr)]
            exec(compile(ast.Module(kept, []), chapter, "exec"), names)
            continue
        question = tree.body.pop()
        assert isinstance(question, ast.Expr), "check(...) must end its cell, to be shown"
        exec(compile(tree, chapter, "exec"), names)
        asked.append(eval(compile(ast.Expression(question.value), chapter, "eval"), names))
    return asked


def _asks(source: str) -> bool:
    return re.search(r"^check\(", source, flags=re.M) is not None


def _needed(sources: list[str]) -> Iterator[str]:
    """The statements that the questions need, in the order of the chapter."""
    wanted: set[str] = set()
    kept: list[str] = []
    for source in reversed(sources):
        if _asks(source):
            kept.append(source)
            wanted |= _names(ast.parse(source), ast.Load) - _names(ast.parse(source), ast.Store)
            continue
        for node in reversed(ast.parse(source).body):
            if wanted & _defined(node):
                kept.append(ast.unparse(node))
                wanted = (wanted - _defined(node)) | _names(node, ast.Load)
    yield from reversed(kept)


def _defined(node: ast.stmt) -> set[str]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    return _names(node, ast.Store) if isinstance(node, (ast.Assign, ast.AugAssign)) else set()


def _names(node: ast.AST, context: type) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, context)}
