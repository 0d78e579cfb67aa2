"""Repair what the theme gets wrong for screen readers."""

from typing import Any

from sphinx.application import Sphinx

# sphinxcontrib-bibtex gives list roles whose children are no list items.
REPAIRS = (
    ('<div role="list" class="citation-list">', '<div class="citation-list">'),
    (' role="doc-biblioentry"', ""),
)


def repair(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    body = context.get("body")
    if body:
        for wrong, right in REPAIRS:
            body = body.replace(wrong, right)
        context["body"] = body


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", repair)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
