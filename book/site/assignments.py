"""Assignments: a link to the student notebook of a part's, and ``{assignments}``, all of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from .buttons import colab_url
from .markdown import GeneratedDirective, table

logger = logging.getLogger(__name__)
TEXT = "assignment of this part"
QUESTION = re.compile(r"^# BEGIN QUESTION\nname: \w+\npoints: (\d+)$", re.MULTILINE)
HEADING = re.compile(r"^## Question \d+: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Sheet:
    """An assignment by the part of the book that it belongs to."""

    part: str
    questions: tuple[str, ...]  # their headings
    points: tuple[int, ...]  # of each question


def read(path: Path) -> Sheet:
    """What an ``assignment.md`` says of itself."""
    text = path.read_text(encoding="utf-8")
    headings, points = HEADING.findall(text), QUESTION.findall(text)
    if not points or len(headings) != len(points):
        raise ValueError(
            f"{path}: {len(headings)} headings '## Question 1: …' for {len(points)} questions "
            "with points: give each question one."
        )
    return Sheet(path.parent.name, tuple(headings), tuple(map(int, points)))


def assignments(env: Any) -> list[Sheet]:
    """All assignments, in the order of the parts."""
    order = [name.split("/")[1] for name in getattr(env, "external_site_map", ()) if "/" in name]
    found = [read(path) for path in Path(env.srcdir).glob("chapters/*/assignment.md")]
    return sorted(found, key=lambda sheet: order.index(sheet.part) if sheet.part in order else 99)


def notebook(part: str) -> str:
    """Its name on the branch of the notebooks, without its ending."""
    return f"assignments/{part}-assignment"


class Assignment(SphinxRole):
    """``{assignment}`segmentation` `` reads "assignment of this part" and opens it in Colab."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        app = self.env.app
        if not Path(app.srcdir, "chapters", self.text, "assignment.md").is_file():
            where = self.get_location()
            logger.warning("assignment: no chapters/%s/assignment.md", self.text, location=where)
        return [nodes.reference("", TEXT, refuri=colab_url(app, notebook(self.text)))], []


class Assignments(GeneratedDirective):
    """A table of all assignments: part, questions, points, subject."""

    def lines(self) -> Iterator[str]:
        rows = [
            [
                f"[`{sheet.part}`]({colab_url(self.env.app, notebook(sheet.part))})",
                str(len(sheet.points)),
                str(sum(sheet.points)),
                "; ".join(sheet.questions),
            ]
            for sheet in assignments(self.env)
        ]
        yield from table(["part", "questions", "points", "about"], rows)


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("book.site.markdown")
    app.add_role("assignment", Assignment())
    app.add_directive("assignments", Assignments)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
