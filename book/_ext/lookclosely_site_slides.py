"""``{slide-map}``: every section of every deck, and where the book treats it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from lookclosely_site_markdown import GeneratedDirective, table
from sphinx.application import Sphinx

SOURCE = Path(__file__).resolve().parents[1] / "slide-map.yml"


class SlideMap(GeneratedDirective):
    """A table for each deck of ``book/slide-map.yml``."""

    def lines(self) -> Iterator[str]:
        self.env.note_dependency(str(SOURCE))
        for deck in yaml.safe_load(SOURCE.read_text()):
            yield from ("", f"## {deck['deck']}: {deck['title']}", "")
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
                yield f"*{name.rpartition('/')[2].replace('_', ' ')} (coming)*"
                continue
            links = ", ".join(f"[](/{page}.md#{heading})" for heading in found)
            yield f"{{doc}}`/{page}`" + (f": {links}" if links else "")


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("lookclosely_site_markdown")
    app.add_directive("slide-map", SlideMap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
