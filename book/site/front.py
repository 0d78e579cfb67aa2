"""``{front}``: the first screen of the book, under its title, and the map of its chapters.

One live picture, three doors, four paths with hours. The picture is the U-Net chapter's demo: a
trained network, some of whose wires can be cut. Where there are no real images, so that the chapter
has no such demo, the first demo of the book stands there with its own words.
"""

import re
from dataclasses import dataclass
from html import escape
from typing import Any

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from .contents import Route, parts, paths
from .counts import COUNTS
from .gallery import Demo, demos
from .markdown import note_generated

CHAPTER, CUTS = "chapters/segmentation/unet", ["nothing", "finest", "middle", "coarsest", "all"]


@dataclass(frozen=True)
class Frame:
    source: str  # a data: address, which the page's demos turn into files
    text: str


class front(nodes.General, nodes.Element):
    """Where the first screen goes, once all pages have been read."""


class Front(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        note_generated(self.env, self.env.docname)
        return [front()]


def frames(demo: Demo) -> list[Frame]:
    found = BeautifulSoup(demo.fragment, "html.parser").select("img.lc-demo-frame")
    return [Frame(str(img["src"]), str(img.get("data-text") or "")) for img in found]


def live(found: list[Demo]) -> str:
    """The live picture: five frames of one image, one for each way of cutting."""
    for demo in found:
        shown = frames(demo)
        if demo.docname == CHAPTER and len(shown) % len(CUTS) == 0 and "IoU" in shown[0].text:
            return _cuts(shown[:: len(shown) // len(CUTS)])
    return _still(found[0]) if found else ""


def _cuts(shown: list[Frame]) -> str:
    pictures = "".join(
        f'<img class="lc-live-frame" src="{frame.source}" width="512" height="256" '
        f'data-score="{_score(frame.text)}" alt="Left, cell nuclei under a microscope. Right, the '
        f"network’s answer with {name} cut: white where it sees a nucleus. {_score(frame.text)}."
        f'"{" hidden" if index else ""}>'
        for index, (name, frame) in enumerate(zip(CUTS, shown, strict=True))
    )
    choices = "".join(
        f'<label><input type="radio" name="cut" value="{index}"{"" if index else " checked"}>'
        f"<span>{name}</span></label>"
        for index, name in enumerate(CUTS)
    )
    return (
        '<figure class="lc-live"><figcaption><span id="lc-ask">A network outlines cell nuclei. '
        f'Cut one of its wires:</span><output aria-live="polite">{_score(shown[0].text)}</output>'
        f'</figcaption><div class="lc-live-pictures">{pictures}</div>'
        f'<fieldset class="lc-choices" aria-labelledby="lc-ask">{choices}</fieldset></figure>'
    )


def _score(text: str) -> str:
    found = re.search(r"IoU\D*([\d.]*\d)", text)
    return f"IoU {found[1]}" if found else ""


def _still(demo: Demo) -> str:
    frame = frames(demo)[0]
    return (
        f'<figure class="lc-live"><figcaption>{escape(demo.label)}</figcaption>'
        f'<div class="lc-live-pictures lc-still"><img class="lc-live-frame" src="{frame.source}" '
        f'alt="{escape(frame.text or demo.label)}"></div></figure>'
    )


def doors(env: Any, link: Any) -> str:
    count = {name: counted(env) for name, counted in COUNTS.items()}
    verdicts = [
        f"{count[f'claims that {verdict}']} {verdict}"
        for verdict in ("held", "held in part", "did not hold")
        if count[f"claims that {verdict}"]
    ]
    three = [
        ("#lc-paths", "Learn", f"{count['chapters']} chapters, or one of the four paths below"),
        (
            link("book/teachers"),
            "Teach",
            f"{count['demos']} demos for the lecture hall, assignments that grade themselves",
        ),
        (
            link("book/claims"),
            "Check",
            f"{count['claims']} claims put to the test: {', '.join(verdicts)}",
        ),
    ]
    return "".join(
        f'<li><a href="{address}"><b>{name}</b><span>{text}</span></a></li>'
        for address, name, text in three
    )


def path_buttons(routes: list[Route]) -> str:
    return "".join(
        f'<button type="button" aria-pressed="false" data-chapters="{" ".join(route.chapters)}">'
        f'<i class="lc-letter lc-path{index}" aria-hidden="true">{route.letter}</i><span>'
        f"<b>{route.title}</b><small>{route.hours} hours · {len(route.chapters)} chapters</small>"
        "</span></button>"
        for index, route in enumerate(routes)
    )


def chapter_map(env: Any, routes: list[Route], link: Any) -> str:
    """All chapters by part; each with the letters of the paths that pass."""
    rows = ""
    for title, chapters in parts(env):
        items = ""
        for chapter in chapters:
            letters = "".join(
                f'<i class="lc-letter lc-path{k}" title="{route.title}">{route.letter}</i>'
                for k, route in enumerate(routes)
                if chapter.name in route.chapters
            )
            inside = (
                f'<span class="lc-nr" aria-hidden="true"></span><span class="lc-name">'
                f'{escape(chapter.title)}</span><span aria-hidden="true">{letters}</span>'
            )
            if chapter.stands:
                address = link(f"chapters/{chapter.name}")
                items += f'<li><a data-chapter="{chapter.name}" href="{address}">{inside}</a></li>'
            else:
                items += (
                    f'<li><span class="lc-soon" data-chapter="{chapter.name}">{inside}'
                    '<span class="lc-unseen"> (to come)</span></span></li>'
                )
        rows += f"<section><h3>{title}</h3><ol>{items}</ol></section>"
    return rows


def html(app: Sphinx, docname: str) -> str:
    env = app.env

    def link(name: str) -> str:
        return app.builder.get_relative_uri(docname, name)

    routes = paths(env)
    return (
        f'<div class="lc-front">{live(demos(env))}'
        f'<ul class="lc-doors">{doors(env, link)}</ul>'
        '<div class="lc-paths" id="lc-paths" role="group" aria-label="Four paths; each lights up '
        f'its chapters on the map">{path_buttons(routes)}</div>'
        '<section class="lc-map" aria-labelledby="lc-map-title"><h2 id="lc-map-title">The map</h2>'
        '<p aria-live="polite">Dashed: to come. A letter says which path passes.</p>'
        f"{chapter_map(env, routes, link)}</section></div>"
    )


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for place in list(doctree.findall(front)):
        place.replace_self(nodes.raw("", html(app, docname), format="html"))


def add_files(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    if "lc-front" in (context.get("body") or ""):
        app.add_css_file("lookclosely-front.css")
        app.add_js_file("lookclosely-front.js", defer="defer")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_node(front)
    app.add_directive("front", Front)
    app.connect("doctree-resolved", fill)
    app.connect("html-page-context", add_files, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
