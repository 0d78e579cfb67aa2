"""How large the words of a figure are: legible on a phone, and never over one another.

A figure that is wider than a page is shrunk to it, and its words with it. So they grow with the
figure, as far as there is room. Sizes are in points, lengths in inches.
"""

from collections.abc import Iterable, Sequence
from functools import cache

from matplotlib.textpath import TextPath

WIDE = 6.0  # inches: up to here a size of 10 points is legible on a phone
LINE = 1.2 / 72  # height of a line, in inches for each point of its size
LEAST = 6.0  # points: words that have no room even so may touch


def scale(inches: float) -> float:
    """By how much words grow in a figure of this width: 1 up to 6 inches, then inches / 6."""
    return max(1.0, inches / WIDE)


def width_of(text: str) -> float:
    """Width in inches of the longest line of a text, at a size of one point."""
    return max((_width(line) for line in text.split("\n")), default=0.0)


@cache
def _width(line: str) -> float:
    return TextPath((0, 0), line, size=100).get_extents().x1 / 7200 if line.strip() else 0.0


def largest(texts: Iterable[str], room: float, most: float) -> float:
    """The largest size, up to ``most``, at which each text is at most ``room`` inches wide."""
    return min([most, *(room / width_of(text) for text in texts if text.strip())])


def fit(titles: Sequence[str], room: float, most: float) -> tuple[list[str], float]:
    """Titles in one or two lines that fit into ``room`` inches, and their size up to ``most``.

    They are broken only where one line would be more than a tenth smaller.
    """
    size = largest(titles, room, most)
    if size >= 0.9 * most:
        return list(titles), size
    broken = [_halved(title) for title in titles]
    size = max(LEAST, largest(broken, room, most))
    fits = [width_of(title) * size <= room for title in titles]
    return [t if whole else b for t, b, whole in zip(titles, broken, fits)], size


def lines(titles: Sequence[str]) -> int:
    """The number of lines of the longest title, 0 if all are empty."""
    return max((title.count("\n") + 1 for title in titles if title), default=0)


def _halved(title: str) -> str:
    """The title broken at the space that leaves the shortest lines, if it is in one line."""
    if "\n" in title or "$" in title:  # a formula must stay whole
        return title
    words = title.split(" ")
    ways = [" ".join(words[:k]) + "\n" + " ".join(words[k:]) for k in range(1, len(words))]
    return min([title, *ways], key=width_of)
