"""A block: the picture of a tensor, or of several glued along their channels."""

import math
from collections.abc import Sequence

from ._faces import Face, face
from ._sheet import LINE, Box, Place, Sheet, tag

ACROSS, UP = 0.6, 0.4  # how depth is drawn


def draw_block(
    sheet: Sheet,
    name: str,
    centre: Place,
    parts: Sequence[tuple[int, str]],
    sides: tuple[int, int],
    label: str,
    picture: Face | None,
) -> None:
    """Tensors (channels, role), the first in front, with one face of ``sides`` (height, width)."""
    height, width = (sheet.face(side) for side in sides)
    total = sum(depth(channels) for channels, _ in parts)
    left = centre[0] - (width + ACROSS * total) / 2
    top = centre[1] - (height - UP * total) / 2
    behind = 0.0
    for channels, role in parts:
        corner = (left + ACROSS * behind, top - UP * behind)
        _sides(sheet, corner, (width, height), depth(channels), role)
        behind += depth(channels)
    _face(sheet, (left, top), (width, height), parts[0][1])
    if picture is not None:
        sheet.add(face(picture, left, top, width, height))
    words = sheet.words(label)
    middle = (2 * left + width + ACROSS * total) / 2
    sheet.text(middle, top + height + LINE, words, "shape")
    foot = top + height + (3 + LINE * (1 + words.count("|")) if words else 0)
    right = left + width + ACROSS * total
    sheet.put(name, Box(left, top - UP * total, right, top + height, centre[1], foot))


def depth(channels: int) -> float:
    """How far a block reaches back, in px: the logarithm of its channels."""
    return 3 + 2.6 * math.log2(max(channels, 1))


def _sides(sheet: Sheet, corner: Place, size: Place, back: float, role: str) -> None:
    """Top and right side, seen from the front, the right and above."""
    (x, y), (width, height), (a, b) = corner, size, (ACROSS * back, -UP * back)
    look = {"stroke": f"var(--{role})", "stroke_width": 1.2, "stroke_linejoin": "round"}
    top = f"M{x:.1f} {y:.1f}l{a:.1f} {b:.1f}h{width:.1f}l{-a:.1f} {-b:.1f}z"
    side = f"M{x + width:.1f} {y:.1f}l{a:.1f} {b:.1f}v{height:.1f}l{-a:.1f} {-b:.1f}z"
    sheet.add(tag("path", d=top, fill=f"var(--{role}2)", **look))
    sheet.add(tag("path", d=side, fill=f"var(--{role}3)", **look))


def _face(sheet: Sheet, corner: Place, size: Place, role: str) -> None:
    place = {"x": corner[0], "y": corner[1], "width": size[0], "height": size[1]}
    look = {"stroke": f"var(--{role})", "stroke_width": 2.0 if role == "answer" else 1.2}
    sheet.add(tag("rect", **place, fill=f"var(--{role}1)", **look))
