"""Arrows, written as ``a -> b: label``, one chain a line."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from ._routes import Bend, rounded, route
from ._sheet import LINE, Place, Sheet, tag

STROKE = re.compile(r"(->|=>|\.\.>)([vhszcd]?)(\d?)([\^_]?)")
HEAD = 9  # px
HOW = 'write "a -> b: label", "a => b" for a copy, "a ..> b" in training'


class Arrow(NamedTuple):
    source: str
    target: str
    stroke: str  # -> flow, => copy, ..> training
    bend: Bend
    label: str


def parse(text: str, phone: bool) -> Iterator[Arrow]:
    """The arrows of a text. Lines after ``[wide]`` or ``[phone]`` are for one drawing alone."""
    for line in filter(None, map(str.strip, text.splitlines())):
        only = re.match(r"\[(wide|phone)\]\s*", line)
        if only and (only[1] == "phone") != phone:
            continue
        chain, _, label = line[only.end() if only else 0 :].partition(": ")
        words = chain.split()
        if len(words) < 3 or len(words) % 2 == 0:
            raise ValueError(f"arrow {line!r}: {HOW}")
        for k in range(0, len(words) - 1, 2):
            stroke, bend = _stroke(words[k + 1], line)
            yield Arrow(words[k], words[k + 2], stroke, bend, label.strip())


def _stroke(word: str, line: str) -> tuple[str, Bend]:
    found = STROKE.fullmatch(word)
    if not found:
        raise ValueError(f"arrow {line!r} has {word!r} between two names: {HOW}")
    stroke, kind, turn, lift = found.groups()
    return stroke, Bend(kind, int(turn or 5), {"^": 14, "_": -14}.get(lift, 0))


def draw_arrow(sheet: Sheet, arrow: Arrow) -> None:
    corners = route(sheet.box(arrow.source), sheet.box(arrow.target), arrow.bend)
    sheet.reach(max(y for _, y in corners))
    headed = arrow.target not in sheet.hidden
    _draw_line(sheet, corners, arrow.stroke, headed)
    if words := sheet.words(arrow.label):
        _draw_label(sheet, corners, words)


def _draw_line(sheet: Sheet, corners: list[Place], stroke: str, headed: bool) -> None:
    (x1, y1), (x2, y2) = corners[-2:]
    length = max(1e-6, abs(x2 - x1) + abs(y2 - y1))
    ahead = ((x2 - x1) / length, (y2 - y1) / length)
    back = 0.8 * HEAD * headed
    path = rounded([*corners[:-1], (x2 - ahead[0] * back, y2 - ahead[1] * back)])
    look = {"fill": "none", "stroke_linejoin": "round"}
    colour = "var(--copy)" if stroke == "=>" else "var(--ink)"
    if stroke == "=>":
        sheet.add(tag("path", d=path, **look, stroke=colour, stroke_width=6.0), "copies")
        sheet.add(tag("path", d=path, **look, stroke="var(--page)", stroke_width=2.6), "cores")
    else:
        dashes = {"stroke_dasharray": "4 4"} if stroke == "..>" else {}
        line = {"stroke": colour, "stroke_width": 1.5, **dashes}
        sheet.add(tag("path", d=path, **look, **line), "lines")
    if headed:
        _draw_head(sheet, (x2, y2), ahead, 6 if stroke == "=>" else 4.5, colour)


def _draw_head(sheet: Sheet, tip: Place, ahead: Place, half: float, colour: str) -> None:
    (x, y), (u, v) = tip, ahead
    left = (x - u * HEAD - v * half, y - v * HEAD + u * half)
    right = (x - u * HEAD + v * half, y - v * HEAD - u * half)
    corners = "L".join(f"{a:.1f} {b:.1f}" for a, b in ((x, y), left, right))
    sheet.add(tag("path", d=f"M{corners}z", fill=colour), "lines")


def _draw_label(sheet: Sheet, corners: list[Place], words: str) -> None:
    """Above the longest level piece of the arrow, or right of an upright one; ``<``: other side."""

    def weight(piece: tuple[Place, Place]) -> float:
        (x1, y1), (x2, y2) = piece
        return abs(x1 - x2) + abs(y1 - y2) + (40 if y1 == y2 else 0)

    (x1, y1), (x2, y2) = max(pairwise(corners), key=weight)
    other, words = words.startswith("<"), words.removeprefix("<")
    more = LINE * words.count("|")
    if abs(y1 - y2) < 1:
        y = y1 + 17 if other else y1 - 8 - more
        sheet.text((x1 + x2) / 2, y, words, "arrow")
    else:
        x, anchor = (x1 - 8, "end") if other else (x1 + 8, "start")
        sheet.text(x, (y1 + y2) / 2 + 4 - more / 2, words, "arrow", anchor)
