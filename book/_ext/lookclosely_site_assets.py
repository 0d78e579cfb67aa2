"""Serve the scripts and fonts of others from the site itself (``vendor/``)."""

import re
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

# The theme's inline scripts, and its search at the end of the page, call these.
NEEDED_AT_ONCE = {"documentation_options.js", "doctools.js"}
VENDOR = Path(__file__).resolve().parents[1] / "vendor"


def copy_vendor(app: Sphinx) -> None:
    """Beside ``_static/``, not below it: the theme would load what lies there on every page."""
    if app.builder.format == "html":
        shutil.copytree(VENDOR, Path(app.outdir) / "vendor", dirs_exist_ok=True)


def defer_scripts(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    """Let the page be parsed before its scripts run; only what inline scripts use must wait."""
    for script in context.get("script_files", []):
        name = Path(str(getattr(script, "filename", None) or "")).name
        if name and name not in NEEDED_AT_ONCE and "async" not in script.attributes:
            script.attributes["defer"] = "defer"


def load_pictures_late(
    app: Sphinx, pagename: str, template: str, context: dict, doctree: Any
) -> None:
    """A page's pictures are fetched as the reader comes near them, not before the text is there."""
    if body := context.get("body"):
        context["body"] = re.sub(
            r"<img (?![^>]*\bloading=)", '<img loading="lazy" decoding="async" ', body
        )


def defer_search(app: Sphinx, exception: Exception | None) -> None:
    """The same for the search, whose tags are written in the theme's template."""
    if exception or app.builder.format != "html":
        return
    tag = re.compile(r'<script (src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*")>')
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if page.stem != "search" and tag.search(text):
            page.write_text(tag.sub(r"<script defer \1>", text), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", copy_vendor)
    app.connect("html-page-context", load_pictures_late, priority=950)
    app.connect("build-finished", defer_search)
    app.connect("html-page-context", defer_scripts, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
