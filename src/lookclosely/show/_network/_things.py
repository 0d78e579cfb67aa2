"""Things are solid: blocks, vectors, words."""

from collections.abc import Sequence

from ._blocks import draw_block
from ._faces import Face
from ._marks import Mark, Phone, known, letters, placed
from ._sheet import LINE, Place, Sheet, around, tag

FOOT = 18  # px under a thing that its label takes


def block(
    name: str,
    at: Place,
    shape: tuple[int, int, int],
    *,
    phone: Phone = None,
    role: str = "features",
    label: str | None = None,
    picture: Face | None = None,
) -> Mark:
    """A tensor of shape (C, H, W): its face is height by width, its depth the channels.

    Args:
        name: what arrows call it.
        at: column (0 to 15) and row on a page.
        phone: column (0 to 7) and row on a phone; else column and row change places.
        role: ``data``, ``features``, ``answer``, or ``places`` (weights over places, grids).
        label: what stands under it, else the shape; ``a // b`` says b on a phone, ``|`` breaks.
        picture: one of the book's (``scene``, ``labels``, ``boxes`` …) or an image for its face.
    """
    channels, height, width = shape
    words = _shape(channels, height, width) if label is None else label
    parts = [(channels, known(role))]

    def draw(sheet: Sheet) -> None:
        where = placed(sheet, at, phone)
        draw_block(sheet, name, where, parts, (height, width), words, picture)

    return Mark(draw, max(height, width))


def glue(
    name: str,
    at: Place,
    *shapes: tuple[int, int, int],
    phone: Phone = None,
    roles: Sequence[str] = ("copy", "features"),
    label: str | None = None,
) -> Mark:
    """Tensors concatenated: their depths add. The first, as a rule a copy, is drawn in front."""
    if len(shapes) < 2 or len({shape[1:] for shape in shapes}) > 1:
        raise ValueError(f"shapes are {shapes}: glue at least two, of the same H and W")
    kinds = [known(roles[min(k, len(roles) - 1)]) for k in range(len(shapes))]
    parts = [(shape[0], kind) for shape, kind in zip(shapes, kinds)]
    words = " + ".join(str(shape[0]) for shape in shapes) if label is None else label

    def draw(sheet: Sheet) -> None:
        draw_block(sheet, name, placed(sheet, at, phone), parts, shapes[0][1:], words, None)

    return Mark(draw, max(shapes[0][1:]))


def vector(
    name: str,
    at: Place,
    label: str = "",
    *,
    phone: Phone = None,
    cells: int = 5,
    role: str = "features",
    across: bool = False,
    tones: Sequence[int] = (2, 1, 3),
) -> Mark:
    """A vector, a bar of cells, upright or ``across``; ``tones`` 1 to 3 are pale to strong."""
    known(role)

    def draw(sheet: Sheet) -> None:
        x, y = placed(sheet, at, phone)
        width, height = (9 * cells, 12) if across else (12, 9 * cells)
        for k in range(cells):
            step = (9 * k, 0) if across else (0, 9 * k)
            fill = f"var(--{role}{tones[k % len(tones)]})"
            place = {"x": x - width / 2 + step[0], "y": y - height / 2 + step[1]}
            size = {"width": 9 if across else 12, "height": 12 if across else 9}
            sheet.add(tag("rect", **place, **size, fill=fill, stroke=f"var(--{role})"))
        words = sheet.words(label)
        sheet.text(x, y + height / 2 + LINE, words, "shape")
        sheet.put(name, around(x, y, width, height, FOOT * bool(words)))

    return Mark(draw)


def word(name: str, at: Place, text: str, *, phone: Phone = None, role: str = "answer") -> Mark:
    """A word that is read (``role="data"``) or said: a square box."""
    known(role)

    def draw(sheet: Sheet) -> None:
        words = sheet.words(text)
        x, y = placed(sheet, at, phone)
        width = 18 + letters(words)
        line = {"stroke": f"var(--{role})", "stroke_width": 2.0 if role == "answer" else 1.4}
        place = {"x": x - width / 2, "y": y - 12, "width": width, "height": 24}
        sheet.add(tag("rect", **place, fill=f"var(--{role}1)", **line))
        sheet.text(x, y + 4.5, words, "name")
        sheet.put(name, around(x, y, width, 24))

    return Mark(draw)


def _shape(channels: int, height: int, width: int) -> str:
    if height == width:
        return f"{channels} × {height}²" if height > 1 else f"{channels}"
    return f"{channels} × {height} × {width}"
