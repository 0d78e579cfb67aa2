"""The line at the foot of a page: which version of the book it is, its figures, two links."""

from importlib.metadata import version
from typing import Any

from sphinx.application import Sphinx

from . import figures
from .buttons import is_chapter

PACKAGE = "lookclosely"


def set_version(app: Sphinx, config: Any) -> None:
    config.version = config.release = version(PACKAGE)


def set_footer(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    links = [("book/about", "About this book"), ("book/accessibility", "Accessibility")]
    written = [
        f'<a href="{context["pathto"](page)}">{text}</a>'
        for page, text in links
        if page in app.env.found_docs
    ]
    if is_chapter(pagename):
        zipped = context["pathto"](figures.address(pagename), 1)
        written.insert(0, f'<a href="{zipped}" download>All figures of this page (zip)</a>')
    said = [f"Look Closely {app.config.release}", *written]
    context["theme_extra_footer"] = f'<p class="lc-version">{" · ".join(said)}</p>'


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("config-inited", set_version)
    app.connect("html-page-context", set_footer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
