"""Directives that write a piece of MyST Markdown, read as if the author had written it."""

from collections.abc import Iterator

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class GeneratedDirective(SphinxDirective):
    """A directive whose content is made by ``lines()``."""

    def lines(self) -> Iterator[str]:
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        container = nodes.container(classes=["lc-generated", f"lc-{self.name}"])
        note_generated(self.env, self.env.docname)
        text = StringList(list(self.lines()), source=self.env.docname)
        self.state.nested_parse(text, self.content_offset, container)
        return [container]


def note_generated(env, docname: str) -> None:
    """Remember a page to be made anew in every build."""
    if not hasattr(env, "lookclosely_generated"):
        env.lookclosely_generated = set()
    env.lookclosely_generated.add(docname)


def generated_pages(app: Sphinx, env, added: set, changed: set, removed: set) -> list[str]:
    """What such a page shows may have changed without its own source having changed."""
    return sorted(getattr(env, "lookclosely_generated", set()) & env.found_docs)


def cell(text: str) -> str:
    """Text for a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")


def row(*cells: str) -> str:
    return "| " + " | ".join(map(cell, cells)) + " |"


def table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield row(*head)
    yield row(*["---"] * len(head))
    for cells in rows:
        yield row(*cells)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("env-get-outdated", generated_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
