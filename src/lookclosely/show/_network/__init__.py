"""Networks as drawings: blocks that the author places on a grid, and arrows between them.

Things are solid, acts are round. A tensor is a block, whose face is height by width and whose depth
is its channels, both on a log scale; an operation is a pill; an arrow moves numbers, and its label
says what happens on the way. Colour says what a thing is, and form says it again.
"""

from collections.abc import Iterable

from ._acts import attention, dot, loss, op
from ._arrows import draw_arrow, parse
from ._groups import frame, note, share
from ._marks import Mark
from ._picture import Drawing
from ._sheet import Sheet
from ._things import block, glue, vector, word

__all__ = [
    "Drawing",
    "attention",
    "block",
    "dot",
    "frame",
    "glue",
    "loss",
    "network",
    "note",
    "op",
    "share",
    "vector",
    "word",
]


def network(
    *marks: Mark | Iterable[Mark],
    arrows: str,
    alt: str,
    rows: tuple[float, float] | None = None,
    name: str = "A network",
) -> Drawing:
    """A network drawn twice, for a page and for a phone.

    Args:
        marks: blocks, operations and the rest, one by one or in lists; a frame or shared weights
            come after the marks that they name.
        arrows: one chain a line, ``a -> b -> c: label``. ``->`` numbers flow, ``=>`` they are
            copied, ``..>`` in training only. An arrow is straight where the places allow it, else
            it goes across, then up or down; after it, ``v`` down first, ``s`` down–across–down,
            ``z`` across–down–across, ``c`` and ``d`` round by the left and the right, a digit where
            it turns, in tenths, ``^`` or ``_`` leaves 14 px higher or lower. An arrow from a mark
            to itself is a loop. In labels ``|`` breaks the line, ``<`` in front puts it on the
            other side, ``a // b`` says b on a phone. A line after ``[wide]`` or ``[phone]`` is for
            that drawing alone.
        alt: what goes in, what happens in order, what comes out.
        rows: heights of the two drawings in rows of 48 px, else as high as what they show.
        name: the title, also of the file.

    Raises:
        ValueError: no ``alt``, a name that no mark or two marks have, an arrow that is misspelt.
    """
    if not alt.strip():
        raise ValueError("alt is empty: say what goes in, what happens, what comes out")
    flat = [one for mark in marks for one in ([mark] if isinstance(mark, Mark) else mark)]
    largest = max([1, *(mark.side for mark in flat)])
    wide, phone = (Sheet(which, rows[which] if rows else None, largest) for which in (False, True))
    for sheet in (wide, phone):
        for mark in flat:
            mark.draw(sheet)
        for arrow in parse(arrows, sheet.phone):
            draw_arrow(sheet, arrow)
    return Drawing(name, alt.strip(), wide.body(), phone.body(), (wide.size, phone.size))
