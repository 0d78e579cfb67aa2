"""Demos and questions on a page: frames as files, each style and script once."""

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

FRAME = re.compile(r'src="data:image/webp;base64,([A-Za-z0-9+/=]+)"')
KINDS = ("demo", "check")
FOLDER = "_images/demos"


def lighten(html: str, folder: Path, link: Callable[[str], str]) -> str:
    """HTML with its frames written to ``folder`` and linked, so that a page loads before them.

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

    return once(FRAME.sub(replace, html))


def once(html: str) -> str:
    """Keep the first style and the last script of each kind: every fragment brings the same."""
    for kind in KINDS:
        styles = re.compile(rf'<style class="lc-{kind}-style">.*?</style>', re.DOTALL)
        scripts = re.compile(rf'<script class="lc-{kind}-script">.*?</script>', re.DOTALL)
        first, last = styles.search(html), scripts.findall(html)
        if first and last:
            html = html[: first.end()] + styles.sub("", html[first.end() :])
            end = html.rindex(last[-1])
            html = scripts.sub("", html[:end]) + html[end:]
    return html


def lighten_page(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    def link(name: str) -> str:
        return context["pathto"](f"{FOLDER}/{name}", 1)

    for key in ("body", "demo"):  # "demo": a page of one demo, see gallery.py
        text = context.get(key) or ""
        if FRAME.search(text) or 'class="lc-check"' in text:
            context[key] = lighten(context[key], Path(app.outdir) / FOLDER, link)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", lighten_page, priority=400)  # before tooltips read the body
    return {"parallel_read_safe": True, "parallel_write_safe": True}
