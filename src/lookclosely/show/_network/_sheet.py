"""One of the two drawings of a network: where places lie, and what is drawn so far."""

from dataclasses import dataclass, field
from html import escape
from typing import Literal, NamedTuple

import numpy as np

Place = tuple[float, float]  # column, row
Layer = Literal["back", "copies", "cores", "lines", "front"]  # from back to front
LINE = 15  # px from one line of text to the next
ROW = 48
EDGE = 8  # px under the lowest mark
# Side of a block's face in px: one step for each halving of the resolution.
FACES = (64, 50, 39, 31, 24, 19, 15, 12)


class Box(NamedTuple):
    """What a mark covers, in px; ``foot`` is its lower end with the label under it."""

    left: float
    top: float
    right: float
    bottom: float
    middle: float  # the row that arrows to the sides leave from
    foot: float

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2


def around(x: float, y: float, width: float, height: float, foot: float = 0) -> Box:
    """The box of this size about a centre, ``foot`` px of label under it."""
    low = y + height / 2
    return Box(x - width / 2, y - height / 2, x + width / 2, low, y, low + foot)


@dataclass
class Sheet:
    """A drawing of 688 px (a page) or 358 px (a phone) in which marks find their places."""

    phone: bool
    rows: float | None  # height; without it as high as what is drawn
    largest: float  # side of the largest block: its face has 64 px
    boxes: dict[str, Box] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)  # points where lines only meet
    layers: dict[Layer, list[str]] = field(default_factory=dict)
    low: float = 0  # lower end of what is drawn so far

    @property
    def size(self) -> tuple[int, int]:
        height = self.low + EDGE if self.rows is None else self.rows * ROW
        return (358 if self.phone else 688), round(height)

    def at(self, place: Place) -> Place:
        """Pixels of a place in columns and rows: 16 columns of a page, 8 of a phone."""
        pitch = 44.75 if self.phone else 43
        return pitch / 2 + place[0] * pitch, ROW / 2 + place[1] * ROW

    def words(self, text: str) -> str:
        """The words for this width: those after ``//`` are a phone's."""
        wide, cut, phone = text.partition("//")
        return (phone if cut and self.phone else wide).strip()

    def face(self, side: float) -> float:
        """Width in px of ``side`` pixels: the logarithm, as a true scale would hide small maps."""
        level = np.log2(self.largest / side)
        return float(np.interp(level, range(len(FACES)), FACES))

    def box(self, name: str) -> Box:
        if name not in self.boxes:
            raise ValueError(f"no mark is called {name!r}: these are {', '.join(self.boxes)}")
        return self.boxes[name]

    def put(self, name: str, box: Box) -> None:
        if name in self.boxes:
            raise ValueError(f"two marks are called {name!r}: each needs a name of its own")
        self.boxes[name] = box
        self.reach(box.foot)

    def reach(self, y: float) -> None:
        self.low = max(self.low, y)

    def add(self, element: str, layer: Layer = "front") -> None:
        self.layers.setdefault(layer, []).append(element)

    def text(self, x: float, y: float, words: str, kind: str, anchor: str = "middle") -> None:
        """Words whose first line stands on ``y``; ``|`` breaks the line."""
        for place, line in enumerate(map(str.strip, words.split("|")) if words else ()):
            at = f'x="{x:.1f}" y="{y + LINE * place:.1f}"'
            self.reach(y + LINE * place + 4)
            self.add(f'<text class="lc-{kind}" {at} text-anchor="{anchor}">{escape(line)}</text>')

    def body(self) -> str:
        order: tuple[Layer, ...] = ("back", "copies", "cores", "lines", "front")
        return "\n".join(element for layer in order for element in self.layers.get(layer, ()))


def tag(name: str, **attributes: float | str) -> str:
    """An SVG element; numbers are rounded to a tenth of a pixel, ``_`` in a name is ``-``."""
    texts = (
        f'{key.replace("_", "-")}="{value if isinstance(value, str) else f"{value:.1f}"}"'
        for key, value in attributes.items()
    )
    return f"<{name} {' '.join(texts)}/>"
