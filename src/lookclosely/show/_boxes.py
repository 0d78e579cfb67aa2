"""Boxes on a picture, each with its own line, and with a tag that can be read."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from torch import Tensor

from ._drawing import LINES, PALETTE
from ._text import LINE, scale, width_of

PAD = 1.2  # points round the words of a tag
Place = tuple[float, float, float, float]  # left, top, right, bottom in data units, y down


def draw_boxes(
    axis: Axes,
    corners: Tensor,
    labels: Sequence[str] | None = None,
    colours: Sequence[str] | None = None,
    faint: Sequence[int] = (),
) -> None:
    """Boxes (N, 4) in xyxy onto an axis that shows a picture, pixel (0, 0) covering [0, 1).

    Boxes in ``faint`` are thin and dotted, no other box is. Among the others three line styles take
    turns with the colours, but where all of these have one colour they have one style. A label
    stands at the top left of its box, or at another of its corners if it would cover an earlier
    one.
    """
    colours, taken = colours or PALETTE, []
    strong = {colours[k % len(colours)] for k in range(len(corners)) if k not in faint}
    wider = scale(axis.figure.get_figwidth())  # pyright: ignore
    for k, box in enumerate(corners.detach().cpu().tolist()):
        colour = colours[k % len(colours)]
        solid = LINES[k % 3] if len(strong) > 1 else LINES[0]
        x1, y1, x2, y2 = (value - 0.5 for value in box)
        style: Any = {"edgecolor": colour, "linewidth": wider * (0.9 if k in faint else 2.0)}
        style["linestyle"] = ":" if k in faint else solid
        axis.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, **style))
        if labels and labels[k]:
            place = _free_place(axis, (x1, y1, x2, y2), labels[k], taken)
            taken.append(place)
            _draw_tag(axis, place, labels[k], colour, 0.55 if k in faint else 1.0)


def draw_truth(axis: Axes, corners: Tensor) -> None:
    """True boxes (M, 4) in xyxy: a dashed black line on a white one, seen on any picture."""
    wider = scale(axis.figure.get_figwidth())  # pyright: ignore
    for x1, y1, x2, y2 in (corners.detach().cpu() - 0.5).tolist():
        for colour, width, line in (("white", 3.4, "-"), ("black", 1.5, (0, (4, 2)))):
            style: Any = {"edgecolor": colour, "linewidth": wider * width, "linestyle": line}
            axis.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, **style))


def on(colour: str) -> str:
    """Black or white, whichever is easier to read on a colour (WCAG 2, relative luminance)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in to_rgb(colour)
    )
    return "black" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "white"


def _size(axis: Axes) -> float:
    return 9 * scale(axis.figure.get_figwidth())  # pyright: ignore


def _draw_tag(axis: Axes, place: Place, text: str, colour: str, alpha: float) -> None:
    card = {"facecolor": colour, "edgecolor": "none", "pad": PAD, "alpha": alpha}
    pad = PAD / 72 * _units(axis)
    axis.text(
        place[0] + pad,
        place[3] - pad,
        text,
        color=on(colour),
        fontsize=_size(axis),
        va="bottom",
        bbox=card,
    )


def _free_place(axis: Axes, box: Place, text: str, taken: Sequence[Place]) -> Place:
    """Where a tag covers other tags least: at its box's top left, else along the edges."""
    units = _units(axis)
    width = (width_of(text) * _size(axis) + 2 * PAD / 72) * units
    height = ((text.count("\n") + 1) * _size(axis) * LINE + 2 * PAD / 72) * units
    x1, y1, x2, y2 = box
    lefts, tops = (x1, x2 - width), (y1 - height, y1, y2, y2 - height)
    places = [_within(axis, left, top, width, height) for left in lefts for top in tops]
    return min(places, key=lambda place: sum(_overlap(place, other) for other in taken))


def _within(axis: Axes, left: float, top: float, width: float, height: float) -> Place:
    """The tag, moved into the picture as far as it fits there."""
    (low, high), (bottom, up) = sorted(axis.get_xlim()), sorted(axis.get_ylim())
    left = max(low, min(left, high - width))
    top = max(bottom, min(top, up - height))
    return left, top, left + width, top + height


def _overlap(one: Place, other: Place) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, across) * max(0.0, down)


def _units(axis: Axes) -> float:
    """Units of the data in an inch, once the layout has given the axis its room."""
    spec, figure = axis.get_subplotspec(), axis.figure
    rows, columns = spec.get_gridspec().get_geometry() if spec else (1, 1)
    width, height = figure.get_size_inches()  # pyright: ignore
    (left, right), (low, high) = axis.get_xlim(), axis.get_ylim()
    return max(
        abs(right - left) / (0.97 * width / columns), abs(high - low) / (0.97 * height / rows)
    )
