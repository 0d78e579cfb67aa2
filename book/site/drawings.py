"""The style of drawings and tables: once for the whole site, not in each of them."""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from lookclosely import show

NAME = "lookclosely-show.css"
STYLE = re.compile(r'<style class="lc-style">.*?</style>', re.DOTALL)


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
    app.connect("builder-inited", write_style)
    app.connect("html-page-context", drop_styles)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
