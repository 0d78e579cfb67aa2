"""Drawing onto axes: the palette of the book, and what its figures are made of."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

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
Picture = Tensor | np.ndarray


def overlay(picture: Picture, layer: Tensor, *, alpha: float = 0.55) -> np.ndarray:
    """The picture (H, W, 3) with masks or labels painted over it, and a dark line round each."""
    canvas = _rgb(picture).copy()
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


def draw_boxes(
    axis: Axes,
    corners: Tensor,
    labels: Sequence[str] | None = None,
    colours: Sequence[str] | None = None,
    faint: Sequence[int] = (),
) -> None:
    """Boxes (N, 4) in xyxy onto an axis that shows a picture, pixel (0, 0) covering [0, 1)."""
    for k, (x1, y1, x2, y2) in enumerate(corners.detach().cpu().tolist()):
        colour = (colours or PALETTE)[k % len(colours or PALETTE)]
        width, line = (0.9, ":") if k in faint else (2.0, LINES[k % 4])
        axis.add_patch(
            Rectangle(
                (x1 - 0.5, y1 - 0.5),
                x2 - x1,
                y2 - y1,
                fill=False,
                edgecolor=colour,
                linewidth=width,
                linestyle=line,
            )  # pyright: ignore
        )
        if labels:
            axis.text(
                x1 - 0.5,
                y1 - 1,
                labels[k],
                color="white",
                fontsize=8,
                va="bottom",
                bbox={
                    "facecolor": colour,
                    "edgecolor": "none",
                    "pad": 1.2,
                    "alpha": 0.55 if k in faint else 1.0,
                },
            )


def draw_matrix(
    axis: Axes, table: Picture, *, digits: int = 0, highlight: Sequence[tuple[int, int]] = ()
) -> None:
    """Numbers in cells onto an axis; darker is larger in size. A cell of NaN is empty."""
    table = np.atleast_2d(to_array(table))
    limit = max(1e-12, float(np.nanmax(np.abs(table), initial=0)))
    axis.imshow(np.abs(table), cmap=_SHADES, vmin=0, vmax=limit, aspect="equal")
    for (row, column), value in np.ndenumerate(table):
        text = f"{value:.{digits}f}" if value else "0" if digits == 0 else "·"
        text = "" if np.isnan(value) else text
        axis.text(column, row, text, ha="center", va="center", fontsize=9, color="black")
    for row, column in highlight:
        axis.add_patch(
            Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=ORANGE, linewidth=2)
        )
    axis.set(xticks=[], yticks=[])


# White to a blue light enough for black digits on it.
_SHADES = ListedColormap(np.linspace(to_rgb("#ffffff"), to_rgb("#8fc3e6"), 64))  # pyright: ignore


def grid(
    count: int, columns: int | None, width: float, aspect: float, titled: bool
) -> tuple[Figure, list[Axes]]:
    columns = min(count, columns or 4)
    rows = -(-count // columns)
    with plt.rc_context(STYLE):
        height = width * aspect + (0.3 if titled else 0.05)
        figure, axes = plt.subplots(
            rows,
            columns,
            figsize=(width * columns + 0.1, height * rows),
            squeeze=False,
            layout="constrained",
        )
    plt.close(figure)
    flat = list(axes.flat)
    for axis in flat:
        axis.set_axis_off()
    return figure, flat[:count]


def draw_image(
    axis: Axes, picture: Picture, *, vmin: float | None = None, vmax: float | None = None
) -> None:
    array = to_array(picture)
    if array.ndim == 3 or array.dtype == bool:
        axis.imshow(_rgb(picture), interpolation="nearest")
    else:
        axis.imshow(array, cmap="gray", vmin=vmin, vmax=vmax, interpolation="nearest")
    axis.axis("off")


def as_list(pictures: Picture | Sequence[Picture]) -> list[Picture]:
    """One picture, or several, as a list."""
    return [pictures] if isinstance(pictures, (Tensor, np.ndarray)) else list(pictures)


def to_array(picture: Picture) -> np.ndarray:
    return picture.detach().cpu().numpy() if isinstance(picture, Tensor) else np.asarray(picture)


def _rgb(picture: Picture) -> np.ndarray:
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
    height, width = _rgb(picture).shape[:2]
    return height / width


def _eroded(region: np.ndarray) -> np.ndarray:
    """The region without its outermost pixels (4-neighbourhood)."""
    padded = np.pad(region, 1)
    return region & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
