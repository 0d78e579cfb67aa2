"""The demos of all chapters: ``{demo-gallery}``, and each one alone on a page to be projected."""

import ast
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

from .markdown import note_generated

ROOT = re.compile(r'<div class="lc-demo" id="([^"]+)"[^>]*data-name="([^"]*)"')
ASKED = re.compile(r'<p class="lc-demo-ask"[^>]*>(.*?)</p>', re.DOTALL)
SHOWN = re.compile(r'<img class="lc-demo-frame[^>]*? src="([^"]+)">')  # the others are hidden


@dataclass(frozen=True)
class Demo:
    """A demo found in a chapter."""

    docname: str
    number: int
    anchor: str
    label: str
    fragment: str

    @property
    def question(self) -> str:
        """What the demo asks, as HTML; its label where it asks nothing."""
        asked = ASKED.search(self.fragment)
        return asked[1] if asked else html.escape(self.label)

    @property
    def picture(self) -> str:
        """The source of the picture with which it starts."""
        shown = SHOWN.search(self.fragment)
        return shown[1] if shown else ""

    @property
    def page(self) -> str:
        """``demos/unet-1``: its own page."""
        return f"demos/{self.docname.removeprefix('chapters/').replace('/', '-')}-{self.number}"


class demo_gallery(nodes.General, nodes.Element):
    """Where the list of demos goes, once all pages have been read."""


class DemoGallery(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        note_generated(self.env, self.env.docname)
        return [demo_gallery()]


def demos(env: Any) -> list[Demo]:
    """All demos of the book, in the order of its chapters."""
    found = getattr(env, "lookclosely_demos", {})
    return [demo for name in _in_order(env, env.config.root_doc) for demo in found.get(name, [])]


def _in_order(env: Any, docname: str) -> Iterator[str]:
    yield docname
    for child in env.toctree_includes.get(docname, []):
        yield from _in_order(env, child)


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Remember the demos among a chapter's outputs."""
    if not hasattr(app.env, "lookclosely_demos"):
        app.env.lookclosely_demos = {}  # type: ignore[attr-defined]
    docname = app.env.docname
    code = [block.astext() for block in doctree.findall(nodes.literal_block)]
    found = [_demo(docname, k, text, code) for k, text in enumerate(_fragments(doctree), 1)]
    app.env.lookclosely_demos[docname] = found  # type: ignore[attr-defined]


def _fragments(doctree: nodes.document) -> Iterator[str]:
    for raw in doctree.findall(nodes.raw):
        if raw.get("format") == "html" and ROOT.search(raw.astext()):
            yield raw.astext()


def _demo(docname: str, number: int, fragment: str, code: list[str]) -> Demo:
    match = ROOT.search(fragment)
    assert match is not None
    name = html.unescape(match[2])
    label = _said_of(name.replace(" ", "_"), code) or name[:1].upper() + name[1:]
    return Demo(docname, number, match[1], label, fragment)


def _said_of(function: str, code: list[str]) -> str:
    """The first line of the docstring of a function that one of the cells defines, or nothing."""
    for cell in code:
        if f"def {function}(" not in cell:
            continue
        try:
            defined = [n for n in ast.walk(ast.parse(cell)) if isinstance(n, ast.FunctionDef)]
        except SyntaxError:  # a cell with a magic command, or no Python at all
            continue
        texts = [ast.get_docstring(node) or "" for node in defined if node.name == function]
        if said := "".join(texts[:1]):
            return said.splitlines()[0].rstrip(".")
    return ""


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for place in list(doctree.findall(demo_gallery)):
        found = demos(app.env)
        if not found:
            place.replace_self(nodes.paragraph(text="No chapter has a demo yet."))
            continue
        items = nodes.bullet_list(classes=["lc-gallery"])
        items += [_item(app, docname, demo) for demo in found]
        place.replace_self(items)


def _item(app: Sphinx, docname: str, demo: Demo) -> nodes.list_item:
    """The demo's picture and question, linked to its own page, and the chapter it is from."""
    chapter = make_refnode(
        app.builder,
        docname,
        demo.docname,
        demo.anchor,
        nodes.Text(app.env.titles[demo.docname].astext()),
    )
    uri = html.escape(app.builder.get_relative_uri(docname, demo.page))
    alt = html.escape(f"First picture of the demo from {app.env.titles[demo.docname].astext()}")
    picture = f'<img class="lc-gallery-picture" loading="lazy" alt="{alt}" src="{demo.picture}">'
    alone = f'<a class="lc-gallery-demo reference internal" href="{uri}">{demo.question}</a>'
    item = nodes.list_item("")
    item += nodes.raw("", f'<span class="lc-gallery-frame">{picture}</span>', format="html")
    item += nodes.raw("", f"<p>{alone}</p>", format="html")
    item += nodes.paragraph("", "", nodes.Text(f"{demo.label} · from "), chapter)
    return item


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """One page for each demo, with links to its neighbours."""
    found = demos(app.env)
    for place, demo in enumerate(found):
        around = {"previous": found[place - 1].page if place else None, "following": None}
        if place + 1 < len(found):
            around["following"] = found[place + 1].page
        chapter = app.env.titles[demo.docname].astext()
        shown = {"demo": demo.fragment, "label": demo.label, "title": demo.label}
        origin = {"chapter": chapter, "docname": demo.docname, "anchor": demo.anchor}
        yield demo.page, {**shown, **origin, **around}, "demo.html"


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("book.site.markdown")
    app.add_node(demo_gallery)
    app.add_directive("demo-gallery", DemoGallery)
    app.connect("doctree-read", collect)
    app.connect("doctree-resolved", fill)
    app.connect("html-collect-pages", pages)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
