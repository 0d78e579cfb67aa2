"""What one value of the last layer sees: cells fanning out over the layers."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ._network import Drawing
from ._network._sheet import Sheet, tag

WIDEST, MARGIN, LABEL, STEP = 20.0, 10.0, 84.0, 62.0  # px: a cell, the edge, labels, two rows


class Fan(NamedTuple):
    """The cells of one layer: how far apart they stand, which are reached, and from which."""

    pitch: int  # in pixels of the input
    reached: tuple[float, ...]  # centres, in pixels of the input; 0 is that of the last cell
    links: tuple[tuple[float, float], ...]  # (cell of the layer above, cell here)


def receptive_field(
    layers: Sequence[Sequence[int]],
    *,
    names: Sequence[str] | None = None,
    name: str = "A receptive field",
    alt: str = "",
) -> Drawing:
    """One value of the last layer, at the top, and every cell that it depends on, in one dimension.

    Args:
        layers: (kernel, stride, padding) or (kernel, stride, padding, dilation) from the input to
            the last, as ``ops.receptive_field`` takes them; padding moves the cells and changes
            nothing here.
        names: what the input and each layer are called.
        alt: instead of a sentence that says what each layer sees.

    Raises:
        ValueError: no layer; an entry of other than three or four numbers; too few ``names``.
    """
    if not layers or any(len(layer) not in (3, 4) for layer in layers):
        raise ValueError(f"layers={layers!r}: give (kernel, stride, padding[, dilation]) for each")
    words = list(names or ["input", *(f"layer {k + 1}" for k in range(len(layers)))])
    if len(words) != len(layers) + 1:
        raise ValueError(f"names has {len(words)} entries: the input and {len(layers)} layers")
    fans = fan_out(layers)
    spans = [round((max(f.reached) - min(f.reached)) / f.pitch) + 1 for f in fans]
    said = alt or "From the top down, cells that count, of the width that they span: " + "; ".join(
        f"{word} {len(fan.reached)} of {span}"
        for word, fan, span in zip(reversed(words), reversed(fans), reversed(spans))
    )
    sheets = [Sheet(phone, None, 1) for phone in (False, True)]
    for sheet in sheets:
        _draw(sheet, fans, words)
    wide, phone = sheets
    return Drawing(name, said, wide.body(), phone.body(), (wide.size, phone.size))


def fan_out(layers: Sequence[Sequence[int]]) -> list[Fan]:
    """The cells of the input and of each layer that one cell of the last depends on."""
    pitches = [1]
    for layer in layers:
        pitches.append(pitches[-1] * layer[1])
    fans = [Fan(pitches[-1], (0.0,), ())]
    for layer, pitch in zip(reversed(layers), reversed(pitches[:-1])):
        kernel, dilation = layer[0], layer[3] if len(layer) == 4 else 1
        taps = [pitch * dilation * (k - (kernel - 1) / 2) for k in range(kernel)]
        links = tuple((above, above + tap) for above in fans[-1].reached for tap in taps)
        fans.append(Fan(pitch, tuple(sorted({here for _, here in links})), links))
    return fans[::-1]


def _draw(sheet: Sheet, fans: Sequence[Fan], words: Sequence[str]) -> None:
    room = sheet.size[0] - LABEL - 2 * MARGIN
    width = max(fans[0].reached) - min(fans[0].reached) + 1
    unit = min(WIDEST, room / width)
    middle = LABEL + MARGIN + room / 2
    rows = [MARGIN + unit / 2 + STEP * k for k in range(len(fans))][::-1]
    for (fan, y), (_, above) in pairwise(zip(fans, rows)):
        for upper, lower in fan.links:
            ends = {"x1": middle + upper * unit, "y1": above, "x2": middle + lower * unit, "y2": y}
            look = {"stroke": "var(--features)", "stroke_width": 1.0, "stroke_opacity": "0.55"}
            sheet.add(tag("line", **ends, **look), "back")
    for fan, word, y in zip(fans, words, rows):
        _draw_cells(sheet, fan, middle, unit, y)
        span = round((max(fan.reached) - min(fan.reached)) / fan.pitch) + 1
        sheet.text(MARGIN, y - 2, word, "name", "start")
        sheet.text(MARGIN, y + 13, f"{span} wide", "shape", "start")
        sheet.reach(y + unit / 2)


def _draw_cells(sheet: Sheet, fan: Fan, middle: float, unit: float, y: float) -> None:
    """Reached cells are filled, those between them are empty."""
    reached = {round(2 * cell) for cell in fan.reached}
    cell = min(fan.reached)
    while cell <= max(fan.reached) + 0.25:
        seen = round(2 * cell) in reached
        fill = "var(--features2)" if seen else "var(--page)"
        look = {"stroke": "var(--features)" if seen else "var(--rule)", "stroke_width": 1.2}
        place = {"x": middle + (cell - 0.5) * unit, "y": y - unit / 2}
        sheet.add(tag("rect", **place, width=unit, height=unit, fill=fill, **look))
        cell += fan.pitch
