"""Numbers that change as the book grows, counted when it is built, so that no sentence goes stale.

``{count}`chapters` `` is one of ``COUNTS``; ``{chapter}`instances/cascades` `` is a link to a
chapter, or its title where the chapter is still to come.
"""

from collections.abc import Callable
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from .assignments import assignments
from .claims import claims
from .gallery import demos
from .markdown import note_generated
from .slides import title, titles

logger = logging.getLogger(__name__)


def chapters(env: Any) -> list[str]:
    return sorted(name for name in env.found_docs if name.startswith("chapters/"))


def _claims(verdict: str | None = None) -> int:
    return sum(verdict in (None, claim.verdict) for claim in claims() if claim.verdict)


COUNTS: dict[str, Callable[[Any], int]] = {
    "chapters": lambda env: len(chapters(env)),
    "planned chapters": lambda env: len(chapters(env)) + len(to_come(env)),
    "assignments": lambda env: len(assignments(env)),
    "demos": lambda env: len(demos(env)),
    "claims": lambda env: _claims(),
    "claims that held": lambda env: _claims("yes"),
    "claims that held in part": lambda env: _claims("partly"),
    "claims that did not hold": lambda env: _claims("no"),
}


def to_come(env: Any) -> list[str]:
    """Names of the planned chapters that are not in the book yet, in the order of the plan."""
    return [name for name in titles() if f"chapters/{name}" not in env.found_docs]


class count(nodes.General, nodes.Inline, nodes.Element):
    """Where a number goes once all pages have been read: only then are the demos known."""


class Count(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        note_generated(self.env, self.env.docname)
        if self.text not in COUNTS:
            known = ", ".join(COUNTS)
            where = self.get_location()
            logger.warning("count: %s is none of %s", self.text, known, location=where)
            return [], []
        return [count(what=self.text)], []


class Chapter(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        if f"chapters/{self.text}" not in self.env.found_docs:
            note_generated(self.env, self.env.docname)
            return [nodes.inline("", f"{title(self.text)} (to come)")], []
        options = {"reftype": "doc", "refdomain": "std", "refexplicit": False, "refwarn": True}
        words = nodes.inline("", self.text, classes=["doc"])
        target = f"/chapters/{self.text}"
        return [pending_xref("", words, refdoc=self.env.docname, reftarget=target, **options)], []


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for place in list(doctree.findall(count)):
        place.replace_self(nodes.Text(str(COUNTS[place["what"]](app.env))))


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("book.site.markdown")
    app.add_node(count)
    app.add_role("count", Count())
    app.add_role("chapter", Chapter())
    app.connect("doctree-resolved", fill, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
