"""``{slide-map}``: every section of every deck, and where the book treats it."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sphinx.application import Sphinx

from .markdown import GeneratedDirective, table

SOURCE = Path(__file__).resolve().parents[1] / "slide-map.yml"
TITLES = SOURCE.with_name("chapters-to-come.yml")


@cache
def titles() -> dict[str, str]:
    """Titles of the chapters that are to come, by name: ``detection/fpn``."""
    return yaml.safe_load(TITLES.read_text(encoding="utf-8"))


@cache
def decks() -> list[dict[str, Any]]:
    return yaml.safe_load(SOURCE.read_text(encoding="utf-8"))


def title(name: str) -> str:
    """What a chapter to come is called, or its file's name in words."""
    return titles().get(name) or name.rpartition("/")[2].replace("_", " ")


class SlideMap(GeneratedDirective):
    """A table for each deck of ``book/slide-map.yml``."""

    def lines(self) -> Iterator[str]:
        self.env.note_dependency(str(SOURCE))
        for deck in decks():
            yield from ("", f"(deck-{deck['deck'].lower()})=")
            yield from (f"## {deck['deck']}: {deck['title']}", "")
            yield from ("One of the decks of slides that this book started from.", "")
            rows = [
                [section["slides"], "; ".join(self.pages(section["in"]))]
                for section in deck["sections"]
            ]
            yield from table(["on the slides", "in the book"], rows)

    def pages(self, targets: list[str]) -> Iterator[str]:
        """``segmentation/unet#heading`` as links, each page once: "U-Net: heading, heading"."""
        headings: dict[str, list[str]] = {}
        for target in targets:
            name, _, heading = target.partition("#")
            headings.setdefault(name, []).extend([heading] if heading else [])
        for name, found in headings.items():
            page = name if name.startswith("book/") else f"chapters/{name}"
            if page not in self.env.found_docs:
                yield f"*{title(name)} (coming)*"
                continue
            links = ", ".join(f"[](/{page}.md#{heading})" for heading in found)
            yield f"{{doc}}`/{page}`" + (f": {links}" if links else "")


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("book.site.markdown")
    app.add_directive("slide-map", SlideMap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
