"""S000 … S004, wherever a page names a deck: a link to the slide map, its title in a tooltip."""

import re
from html import escape
from typing import Any

from sphinx.application import Sphinx

from .slides import decks

PIECES = re.compile(r"<(/?)([a-zA-Z][\w-]*)[^>]*?(/?)>|[^<]+|<", re.DOTALL)
SKIPPED = {"a", "code", "pre", "script", "style", "svg", "h1", "h2", "h3", "h4", "title", "button"}
DECK = re.compile(r"\bS00\d\b")
MAP = "book/slide-map"


def link_decks(html: str, known: dict[str, str], address: str) -> str:
    """HTML whose text links each deck; not in code, headings or links. ``known``: their titles."""
    depth, written = 0, []
    for piece in PIECES.finditer(html):
        closing, tag, alone = piece[1], (piece[2] or "").lower(), piece[3]
        if tag in SKIPPED and not alone:
            depth += -1 if closing else 1
        inside = tag or depth
        written.append(piece[0] if inside else DECK.sub(_link(known, address), piece[0]))
    return "".join(written)


def _link(known: dict[str, str], address: str) -> Any:
    def link(match: re.Match[str]) -> str:
        if match[0] not in known:
            return match[0]
        target = f"{address}#deck-{match[0].lower()}"
        said = escape(f"Slides: {known[match[0]]}")
        return (
            '<a class="reference internal lc-deck" '
            f'data-tippy-content="{said}" href="{target}">{match[0]}</a>'
        )

    return link


def mark(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    body = context.get("body")
    if body and MAP in app.env.found_docs:
        address = "" if pagename == MAP else context["pathto"](MAP)
        context["body"] = link_decks(
            body, {deck["deck"]: deck["title"] for deck in decks()}, address
        )


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", mark, priority=930)  # after other tooltips
    return {"parallel_read_safe": True, "parallel_write_safe": True}
