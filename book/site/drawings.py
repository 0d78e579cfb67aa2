"""The style of drawings and tables: once for the whole site, not in each of them.

And ``{drawing-key}``: every mark of the drawings once.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from lookclosely import show

from .assets import serve

NAME = "lookclosely-show.css"
STYLE = re.compile(r'<style class="lc-style">.*?</style>', re.DOTALL)


class DrawingKey(SphinxDirective):
    """The key as the package draws it."""

    def run(self) -> list[nodes.Node]:
        return [nodes.raw("", show.key()._repr_html_(), format="html")]


def write_style(app: Sphinx) -> None:
    if app.builder.format == "html":
        serve(app, NAME, show.style_sheet())
        app.add_css_file(NAME)


def drop_styles(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    if "lc-style" in (context.get("body") or ""):
        context["body"] = STYLE.sub("", context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("drawing-key", DrawingKey)
    app.connect("builder-inited", write_style)
    app.connect("html-page-context", drop_styles)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
