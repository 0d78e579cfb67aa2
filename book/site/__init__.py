"""The book's own Sphinx extension: one idea a file, all set up here."""

from typing import Any

from sphinx.application import Sphinx

PARTS = (
    "records",
    "assets",
    "buttons",
    "assignments",
    "accessibility",
    "typography",
    "bibliography",
    "badge",
    "demos",
    "drawings",
    "highlighting",
    "gallery",
    "claim_cards",
    "convention_rows",
    "counts",
    "timings",
    "slides",
    "decks",
    "figures",
    "footer",
    "front",
    "sidebar",
    "head",
    "search",
)


def setup(app: Sphinx) -> dict[str, Any]:
    for part in PARTS:
        app.setup_extension(f"{__name__}.{part}")
    app.setup_extension("book.notebooks")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
