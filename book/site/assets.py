"""Serve the scripts and fonts of others from the site itself (``vendor/``)."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from PIL import Image, UnidentifiedImageError
from sphinx.application import Sphinx

# The theme's inline scripts, and its search at the end of the page, call these.
NEEDED_AT_ONCE = {"documentation_options.js", "doctools.js"}
VENDOR = Path(__file__).resolve().parents[1] / "vendor"


def copy_vendor(app: Sphinx) -> None:
    """Beside ``_static/``, not below it: the theme would load what lies there on every page."""
    if app.builder.format == "html":
        shutil.copytree(VENDOR, Path(app.outdir) / "vendor", dirs_exist_ok=True)


def serve(app: Sphinx, name: str, text: str) -> None:
    """Put a text that is made here at ``_static/NAME``."""
    folder = Path(app.doctreedir) / "made"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    if str(folder) not in app.config.html_static_path:
        app.config.html_static_path.append(str(folder))


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
        body = re.sub(r"<img (?![^>]*\bloading=)", '<img loading="lazy" decoding="async" ', body)
        # The builder copies a picture only later: it is measured where it comes from.
        names = {str(name): Path(app.srcdir) / path for path, name in app.builder.images.items()}
        context["body"] = give_sizes(body, names)


def give_sizes(html: str, files: Mapping[str, Path]) -> str:
    """HTML whose pictures say their width and height, so that the page does not jump.

    ``files`` are the pictures by name. One whose tag has a size already, in an attribute or a
    style, keeps it, and so does one that has no pixels (SVG).
    """

    def sized(match: re.Match[str]) -> str:
        attributes = re.sub(r'\balt="[^"]*"', "", match[0])
        source = re.search(r'\bsrc="([^"]+)"', attributes)
        path = files.get(unquote(source[1]).rpartition("/")[2]) if source else None
        size = _pixels(path) if path else None
        if size is None or re.search(r"\b(width|height)\s*[=:]", attributes):
            return match[0]
        return f'<img width="{size[0]}" height="{size[1]}" {match[0].removeprefix("<img ")}'

    return re.sub(r"<img [^>]*>", sized, html)


def _pixels(path: Path) -> tuple[int, int] | None:
    try:
        with Image.open(path) as picture:
            return picture.size
    except (OSError, UnidentifiedImageError):
        return None


SEARCH = re.compile(r'<script (src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*")>')
HEAD, WAITS = "<head>", '<head>\n    <link rel="expect" href="#lc-end" blocking="render">'
BODY, END = "</body>", '<i id="lc-end" hidden></i>\n  </body>'


def finish_pages(app: Sphinx, exception: Exception | None) -> None:
    """What the theme's template writes by itself, mended in the finished pages."""
    if exception or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        finished = text if page.stem == "search" else SEARCH.sub(r"<script defer \1>", text)
        if "bd-article" in text:
            finished = lay_out_once(finished)
        if finished != text:
            page.write_text(finished, encoding="utf-8")


def lay_out_once(html: str) -> str:
    """A page that a browser lays out when it has read it, and not anew with every piece of it.

    Piece by piece, a chapter was laid out six to ten times while it was read.
    """
    if WAITS in html:
        return html
    return html.replace(HEAD, WAITS, 1).replace(BODY, END, 1)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", copy_vendor)
    app.connect("html-page-context", load_pictures_late, priority=950)
    app.connect("build-finished", finish_pages)
    app.connect("html-page-context", defer_scripts, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
