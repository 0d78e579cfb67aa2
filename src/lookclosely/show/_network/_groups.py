"""What says something about several marks: a frame, shared weights, a note."""

from collections.abc import Sequence

from ._marks import Mark, Phone, placed
from ._sheet import Box, Place, Sheet, tag

LABEL = 20  # px of a frame that its label takes


def frame(
    names: Sequence[str],
    label: str = "",
    *,
    band: bool = False,
    corner: str | tuple[str, str] = "",
    pad: float | Sequence[float] = 12,
    phone_pad: float | Sequence[float] | None = None,
) -> Mark:
    """A frame round marks: repeated as the label says (``× 4``), or a stage, a ``band``.

    Args:
        names: the marks that it surrounds.
        corner: where the label stands: ``sw`` (a frame's default), ``nw`` (a band's), ``ne`` or
            ``se``; a pair is for a page and a phone.
        pad: px around the marks: one number, or left, top, right, bottom.
    """

    def draw(sheet: Sheet) -> None:
        words = sheet.words(label)
        where = corner if isinstance(corner, str) else corner[sheet.phone]
        where = where or ("nw" if band else "sw")
        room = phone_pad if sheet.phone and phone_pad is not None else pad
        box = _surrounding(sheet, names, room, where if words else "")
        _outline(sheet, box, band)
        x, anchor = (box.right - 10, "end") if "e" in where else (box.left + 10, "start")
        y = box.top + 18 if "n" in where else box.bottom - 8
        sheet.text(x, y, words, "name", anchor)

    return Mark(draw)


def share(names: Sequence[str], letter: str = "W") -> Mark:
    """The same weights at each of these marks: a letter on each, tied by a dotted line."""

    def draw(sheet: Sheet) -> None:
        corners = [(sheet.box(n).right - 5, sheet.box(n).top + 1) for n in names]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners)
        look = {"fill": "none", "stroke": "var(--features)", "stroke_width": 1.6}
        dots = {"stroke_dasharray": "1.5 4", "stroke_linecap": "round"}
        sheet.add(tag("path", d=path, **look, **dots), "lines")
        for x, y in corners:
            sheet.add(tag("circle", cx=x, cy=y, r=8.5, fill="var(--features)"))
            sheet.text(x, y + 4, letter, "badge")

    return Mark(draw)


def note(
    at: Place,
    text: str,
    *,
    phone: Phone = None,
    anchor: str = "middle",
    bold: bool = False,
) -> Mark:
    """Words; ``a // b`` says b on a phone, ``a //`` nothing there, ``|`` breaks the line."""

    def draw(sheet: Sheet) -> None:
        x, y = placed(sheet, at, phone)
        sheet.text(x, y + 4.5, sheet.words(text), "name" if bold else "shape", anchor)

    return Mark(draw)


def _surrounding(
    sheet: Sheet, names: Sequence[str], pad: float | Sequence[float], corner: str
) -> Box:
    room = [pad] * 4 if isinstance(pad, int | float) else list(pad)
    boxes = [sheet.box(name) for name in names]
    left, top = min(b.left for b in boxes) - room[0], min(b.top for b in boxes) - room[1]
    right, low = max(b.right for b in boxes) + room[2], max(b.foot for b in boxes) + room[3]
    top, low = top - LABEL * ("n" in corner), low + LABEL * ("s" in corner)
    return Box(left, top, right, low, (top + low) / 2, low)


def _outline(sheet: Sheet, box: Box, band: bool) -> None:
    sheet.reach(box.bottom)
    look = {"fill": "var(--band)"} if band else {"fill": "none", "stroke": "var(--rule)"}
    place = {"x": box.left, "y": box.top}
    size = {"width": box.right - box.left, "height": box.bottom - box.top}
    sheet.add(tag("rect", **place, **size, rx=10.0, **look), "back")
