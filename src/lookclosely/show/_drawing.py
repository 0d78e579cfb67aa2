"""Drawing onto axes: the palette of the book, and what its figures are made of."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from ._text import LINE, fit, lines, scale

BLUE, ORANGE, GREEN, YELLOW = "#0072B2", "#D55E00", "#009E73", "#E69F00"
PURPLE, SKY, LEMON, BLACK = "#CC79A7", "#56B4E9", "#F0E442", "#000000"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY, BLACK, LEMON)
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 3)))
STYLE: Any = {
    "figure.dpi": 110,
    "figure.facecolor": "white",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "legend.frameon": False,
    "savefig.facecolor": "white",
}
MARGIN = 0.07  # inches above titles: they keep off the edge of a white card in the dark
Picture = Tensor | np.ndarray


def overlay(picture: Picture, layer: Tensor, *, alpha: float = 0.55) -> np.ndarray:
    """The picture (H, W, 3) with masks or labels painted over it, and a dark line round each."""
    canvas = as_rgb(picture).copy()
    regions = (
        layer
        if layer.ndim == 3
        else torch.stack(
            [layer == value for value in layer.unique() if value != 0]
            or [torch.zeros_like(layer) > 0]
        )
    )
    visible = cycle(colour for colour in PALETTE if colour != BLACK)  # black hides in the dark
    for region, colour in zip(regions.cpu().numpy().astype(bool), visible):
        canvas[region] = (1 - alpha) * canvas[region] + alpha * np.array(to_rgb(colour))
        canvas[region & ~_eroded(region)] = to_rgb(colour)
    return canvas


def draw_matrix(
    axis: Axes,
    table: Picture,
    *,
    digits: int = 0,
    highlight: Sequence[tuple[int, int]] = (),
    size: float = 9,
) -> None:
    """Numbers in cells onto an axis: blue above zero, orange below, stronger the larger.

    A cell of NaN is empty.

    ``size`` of the digits is in points.
    """
    table = np.atleast_2d(to_array(table))
    limit = max(1e-12, float(np.nanmax(np.abs(table), initial=0)))
    axis.imshow(table, cmap=_SHADES, vmin=-limit, vmax=limit, aspect="equal")
    for (row, column), value in np.ndenumerate(table):
        text = number(float(value), digits)
        axis.text(column, row, text, ha="center", va="center", fontsize=size, color="black")
    for row, column in highlight:
        axis.add_patch(
            Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=ORANGE, linewidth=2)
        )
    axis.set(xticks=[], yticks=[])


def number(value: float, digits: int) -> str:
    """How a cell of a table reads: a zero among decimals is a dot, NaN is nothing."""
    if np.isnan(value):
        return ""
    return f"{value:.{digits}f}" if value else "0" if digits == 0 else "·"


# An orange, white and a blue, both light enough for black digits on them.
_ENDS = (to_rgb("#f4b183"), to_rgb("#ffffff"), to_rgb("#8fc3e6"))
_SHADES = LinearSegmentedColormap.from_list("signs", _ENDS, 129)


def grid(
    count: int,
    columns: int | None,
    width: float,
    aspect: float,
    titles: Sequence[str] | None = None,
) -> tuple[Figure, list[Axes]]:
    """A figure with an axis for each picture, ``width`` inches wide, under its title.

    Titles grow with the figure, see ``_text``; those that are missing are empty.
    """
    columns = min(count, columns or 4)
    total = width * columns + 0.1
    names, size = fit(list(titles or [])[:count], 0.95 * width, 10 * scale(total))
    rows = [lines(names[k : k + columns]) for k in range(0, count, columns)]
    room = [n * size * LINE + 0.13 if n else 0.05 for n in rows]
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            len(rows),
            columns,
            figsize=(total, len(rows) * width * aspect + sum(room) + MARGIN),
            squeeze=False,
            layout="constrained",
        )
        figure.get_layout_engine().set(h_pad=MARGIN)  # pyright: ignore
    plt.close(figure)
    flat = list(axes.flat)
    for axis in flat:
        axis.set_axis_off()
    for axis, name in zip(flat, names):
        axis.set_title(name, fontsize=size)
    return figure, flat[:count]


def draw_image(
    axis: Axes, picture: Picture, *, vmin: float | None = None, vmax: float | None = None
) -> None:
    array = to_array(picture)
    if array.ndim == 3 or array.dtype == bool:
        axis.imshow(as_rgb(picture), interpolation="nearest")
    else:
        axis.imshow(array, cmap="gray", vmin=vmin, vmax=vmax, interpolation="nearest")
    axis.axis("off")


def as_list(pictures: Picture | Sequence[Picture]) -> list[Picture]:
    """One picture, or several, as a list."""
    return [pictures] if isinstance(pictures, (Tensor, np.ndarray)) else list(pictures)


def to_array(picture: Picture) -> np.ndarray:
    return picture.detach().cpu().numpy() if isinstance(picture, Tensor) else np.asarray(picture)


def as_rgb(picture: Picture) -> np.ndarray:
    """Any picture as (H, W, 3) floats in [0, 1]."""
    array = to_array(picture)
    if array.ndim == 3 and isinstance(picture, Tensor):
        array = array.transpose(1, 2, 0)  # (C, H, W) -> (H, W, C)
    array = array / 255.0 if array.dtype == np.uint8 else array.astype(float)
    array = array[..., None] if array.ndim == 2 else array
    return np.clip(
        np.broadcast_to(array, (*array.shape[:2], 3)) if array.shape[2] == 1 else array, 0, 1
    )


def aspect(picture: Picture) -> float:
    height, width = as_rgb(picture).shape[:2]
    return height / width


def _eroded(region: np.ndarray) -> np.ndarray:
    """The region without its outermost pixels (4-neighbourhood)."""
    padded = np.pad(region, 1)
    return region & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
