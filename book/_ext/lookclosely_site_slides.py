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
                [section["slides"], ", ".join(map(self.where, section["in"]))]
                for section in deck["sections"]
            ]
            yield from table(["on the slides", "in the book"], rows)

    def where(self, target: str) -> str:
        """``segmentation/unet#heading`` as a link, or as plain text while it is to come."""
        name, _, heading = target.partition("#")
        page = name if name.startswith("book/") else f"chapters/{name}"
        if page not in self.env.found_docs:
            return f"*{name.rpartition('/')[2].replace('_', ' ')} (coming)*"
        link = f"{{doc}}`/{page}`"
        return f"{link}, [](/{page}.md#{heading})" if heading else link


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("lookclosely_site_markdown")
    app.add_directive("slide-map", SlideMap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
