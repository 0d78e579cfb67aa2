"""Demos and questions on a page: frames as files, and style and script once for the whole site.

In a notebook each brings its own. On a page they would stand in the way of the text: a style in the
middle has all that is above it styled again, and a script there is waited for.
"""

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from lookclosely import demo

from .assets import serve

FRAME = re.compile(r'src="data:image/webp;base64,([A-Za-z0-9+/=]+)"')
OWN = re.compile(r'<(style|script) class="lc-(?:demo|check)-\1">.*?</\1>\n?', re.DOTALL)
FOLDER = "_images/demos"
STYLE, SCRIPT = "lookclosely-fragments.css", "lookclosely-fragments.js"


def lighten(html: str, folder: Path, link: Callable[[str], str]) -> str:
    """HTML with its frames written to ``folder`` and linked, and without styles and scripts of its
    own, so that a page loads before them.

    ``link(name)`` is the address of a file of ``folder`` as seen from the page. Frames keep
    their bytes; a frame that occurs twice is one file.
    """

    def replace(match: re.Match[str]) -> str:
        data = base64.b64decode(match[1])
        name = f"{hashlib.sha256(data).hexdigest()[:16]}.webp"
        if not (folder / name).exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return f'src="{link(name)}"'

    return OWN.sub("", FRAME.sub(replace, html))


def lighten_page(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    def link(name: str) -> str:
        return context["pathto"](f"{FOLDER}/{name}", 1)

    for key in ("body", "demo"):  # "demo": a page of one demo, see gallery.py
        text = context.get(key) or ""
        if OWN.search(text):  # on this page alone, behind all other styles
            app.add_css_file(STYLE, priority=900)
            app.add_js_file(SCRIPT, defer="defer")
        if FRAME.search(text) or OWN.search(text):
            context[key] = lighten(text, Path(app.outdir) / FOLDER, link)


def write_files(app: Sphinx) -> None:
    if app.builder.format == "html":
        serve(app, STYLE, demo.style_sheet())
        serve(app, SCRIPT, demo.page_script())


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", write_files)
    app.connect("html-page-context", lighten_page, priority=400)  # before tooltips read the body
    return {"parallel_read_safe": True, "parallel_write_safe": True}
