"""The style of drawings and tables: once for the whole site, not in each of them.

And ``{drawing-key}``: every mark of the drawings once.
"""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from lookclosely import show

NAME = "lookclosely-show.css"
STYLE = re.compile(r'<style class="lc-style">.*?</style>', re.DOTALL)


class DrawingKey(SphinxDirective):
    """The key as the package draws it."""

    def run(self) -> list[nodes.Node]:
        return [nodes.raw("", show.key()._repr_html_(), format="html")]


def write_style(app: Sphinx) -> None:
    """Into a folder of its own that Sphinx copies to ``_static``."""
    if app.builder.format == "html":
        folder = Path(app.doctreedir) / "show"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / NAME).write_text(show.style_sheet(), encoding="utf-8")
        app.config.html_static_path.append(str(folder))
        app.add_css_file(NAME)


def drop_styles(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    if "lc-style" in (context.get("body") or ""):
        context["body"] = STYLE.sub("", context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("drawing-key", DrawingKey)
    app.connect("builder-inited", write_style)
    app.connect("html-page-context", drop_styles)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
