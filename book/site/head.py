"""What others see of a page before they open it: title, description, picture, one address.

Written into ``<head>``, and beside the pages: ``sitemap.xml``, and the page for addresses that
lead nowhere.
"""

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx

TITLE = "Look Closely: segmentation, detection and attention, from scratch in PyTorch"
DESCRIPTION = (
    "See how machines find, outline and name things in a picture: chapters that run, in PyTorch, "
    "each algorithm checked against the library, each claim measured."
)
LENGTH = 160  # characters that search engines show
CARD = (1200, 630)  # pixels of a picture that is shown with a link
PICTURE = re.compile(r'<img [^>]*?\bsrc="([^"]+\.(?:png|webp|jpe?g))"', re.IGNORECASE)
FOLDER = "_images/cards"
OLD_ROOT = "book/index"


def describe(doctree: nodes.document | None) -> str:
    """The first words of a page, cut after a word."""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        inside = isinstance(paragraph.parent, (nodes.section, nodes.document))
        if inside and "lc-run-badge" not in paragraph.get("classes", []):
            text = " ".join(paragraph.astext().split())
            if len(text) > 20:
                return text if len(text) <= LENGTH else text[:LENGTH].rsplit(" ", 1)[0] + " …"
    return DESCRIPTION


def address(app: Sphinx, pagename: str) -> str:
    """The one address of a page; of the first page it is the folder."""
    target = "" if pagename == app.config.root_doc else app.builder.get_target_uri(pagename)
    return f"{app.config.html_baseurl}{target}"


def first_picture(app: Sphinx, body: str) -> Path | None:
    """The first picture of pixels on a page, where it lies while the page is written."""
    sources = {str(name): Path(app.srcdir) / path for path, name in app.builder.images.items()}
    for match in PICTURE.finditer(body):
        name = unquote(match[1]).rpartition("/")[2]
        for path in (sources.get(name), Path(app.outdir) / "_images" / "demos" / name):
            if path is not None and path.is_file():
                return path
    return None


def write_card(source: Path, target: Path) -> None:
    """A picture in the middle of a white card."""
    with Image.open(source) as picture:
        shown = picture.convert("RGBA")
    scale = min((CARD[0] - 80) / shown.width, (CARD[1] - 80) / shown.height)
    shown = shown.resize((round(shown.width * scale), round(shown.height * scale)))
    card = Image.new("RGB", CARD, "white")
    card.paste(shown, ((CARD[0] - shown.width) // 2, (CARD[1] - shown.height) // 2), shown)
    target.parent.mkdir(parents=True, exist_ok=True)
    card.save(target, optimize=True)


def set_head(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    if pagename == app.config.root_doc:
        context["title"], context["docstitle"], said = TITLE, "", DESCRIPTION
    else:
        said = describe(doctree)
        if pagename in app.env.titles:  # without the chapter's number
            context["title"] = escape(app.env.titles[pagename].astext())
    context["pageurl"] = address(app, pagename)  # the theme's canonical link
    title = re.sub(r"<[^>]+>", "", context.get("title") or TITLE)
    tags = {"og:title": title, "og:type": "website", "og:url": address(app, pagename)}
    tags |= {
        "og:description": said,
        "og:image": card(app, pagename, context.get("body") or context.get("demo") or ""),
    }
    context["metatags"] = (
        context.get("metatags", "")
        + f'\n<meta name="description" content="{escape(said)}">'
        + "".join(f'\n<meta property="{k}" content="{escape(v)}">' for k, v in tags.items())
    )


def card(app: Sphinx, pagename: str, body: str) -> str:
    """The address of a page's picture; the first page's where it has none."""
    name = f"{FOLDER}/{pagename.replace('/', '-')}.png"
    source = first_picture(app, body)
    if source is None:
        return f"{app.config.html_baseurl}{FOLDER}/{app.config.root_doc}.png"
    write_card(source, Path(app.outdir) / name)
    return app.config.html_baseurl + name


def other_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The page for lost readers, and the book's first page at its address of old."""
    yield "404", {"home": app.config.html_baseurl}, "404.html"
    if app.config.root_doc != OLD_ROOT:
        yield OLD_ROOT, {"home": app.config.html_baseurl}, "moved.html"


def write_sitemap(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    lines = "".join(
        f"<url><loc>{escape(address(app, name))}</loc></url>\n"
        for name in sorted(app.env.found_docs)
    )
    text = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{lines}</urlset>\n'
    )
    out = Path(app.outdir)
    (out / "sitemap.xml").write_text(text, encoding="utf-8")
    (out / "robots.txt").write_text(f"Sitemap: {app.config.html_baseurl}sitemap.xml\n")


def setup(app: Sphinx) -> dict[str, Any]:
    # After demos have become files, before tooltips and types are set.
    app.connect("html-page-context", set_head, priority=410)
    app.connect("html-collect-pages", other_pages)
    app.connect("build-finished", write_sitemap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
