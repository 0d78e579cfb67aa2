"""Words that an author writes: how values read, and the little markup that a sentence may hold."""

from __future__ import annotations

import re
from html import escape
from typing import Any

CODE, BOLD, ITALIC = (re.compile(p) for p in (r"`([^`]+)`", r"\*\*(.+?)\*\*", r"\*([^*\s][^*]*)\*"))


def text_of(value: Any) -> str:
    """How a value reads beside its control: 0.30000000000000004 as 0.3, True as yes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def inline(text: str) -> str:
    """HTML of a sentence: `code`, **bold** and *stress*; everything else is taken as it is."""
    parts = CODE.split(text)  # prose at even places, code at odd ones, where stars are stars
    return "".join(
        f"<code>{escape(part)}</code>" if place % 2 else _marked(escape(part))
        for place, part in enumerate(parts)
    )


def plain(text: str) -> str:
    """The sentence without its markup, for a screen reader's attribute or a terminal."""
    parts = CODE.split(text)
    prose = [ITALIC.sub(r"\1", BOLD.sub(r"\1", part)) for part in parts[::2]]
    return "".join(a + b for a, b in zip(prose, [*parts[1::2], ""], strict=True))


def value_of(given: Any) -> Any:
    """The value itself, or what it returns where it is a function without arguments."""
    return given() if callable(given) else given


def _marked(text: str) -> str:
    return ITALIC.sub(r"<em>\1</em>", BOLD.sub(r"<strong>\1</strong>", text))
