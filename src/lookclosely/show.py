"""Pictures of the book: images, boxes, masks, numbers in cells, curves, source code.

Every function returns a matplotlib ``Figure`` that pyplot has let go of: as the last expression of
a cell it is shown once, and ``demo`` can turn it into a frame. Figures are opaque, so that they
look the same in light and dark pages. Colours are Okabe and Ito's palette, readable without colour
vision ("Color Universal Design", 2008); boxes and curves also differ in line style.
"""

import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
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
STYLE = {
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


def images(
    pictures: Picture | Sequence[Picture],
    titles: Sequence[str] | str | None = None,
    *,
    columns: int | None = None,
    size: float = 2.2,
    vmin: float | None = None,
    vmax: float | None = None,
) -> Figure:
    """Pictures side by side: (3, H, W) or (1, H, W) in [0, 1], (H, W, 3), or (H, W) in grey.

    ``size`` is the width of one in inches; ``vmin`` and ``vmax`` fix the grey scale.
    """
    many = list(pictures) if isinstance(pictures, (list, tuple)) else [pictures]
    names = [titles] if isinstance(titles, str) else list(titles or [])
    figure, axes = _grid(len(many), columns, size, _aspect(many[0]), bool(names))
    for axis, picture, name in zip(axes, many, [*names, *[""] * len(many)]):
        _draw_image(axis, picture, vmin=vmin, vmax=vmax)
        axis.set_title(name)
    return figure


def boxes(
    picture: Picture,
    corners: Tensor | Sequence[Tensor],
    labels: Sequence[str] | Sequence[Sequence[str]] | None = None,
    *,
    titles: Sequence[str] | None = None,
    colours: Sequence[str] | None = None,
    columns: int | None = None,
    size: float = 3.4,
    faint: Sequence[int] = (),
) -> Figure:
    """A picture with boxes (N, 4) in xyxy, or the same picture once for each set of boxes.

    ``labels`` stand at the top left of each box; boxes whose index is in ``faint`` are drawn thin.
    """
    sets = [corners] if isinstance(corners, Tensor) else list(corners)
    texts: Any = [labels] if isinstance(corners, Tensor) else labels
    figure, axes = _grid(len(sets), columns, size, _aspect(picture), titles is not None)
    for k, (axis, one) in enumerate(zip(axes, sets)):
        _draw_image(axis, picture)
        draw_boxes(axis, one, texts[k] if texts and texts[k] is not None else None, colours, faint)
        axis.set_title(titles[k] if titles else "")
    return figure


def masks(
    picture: Picture,
    layers: Tensor | Sequence[Tensor],
    titles: Sequence[str] | None = None,
    *,
    columns: int | None = None,
    size: float = 2.6,
    alpha: float = 0.55,
) -> Figure:
    """A picture under coloured masks: bool (N, H, W), one colour each, or a label map int (H, W).

    Several layers give the picture several times. Label 0 is clear.
    """
    many = [layers] if isinstance(layers, Tensor) else list(layers)
    figure, axes = _grid(len(many), columns, size, _aspect(picture), titles is not None)
    for k, (axis, layer) in enumerate(zip(axes, many)):
        axis.imshow(overlay(picture, layer, alpha=alpha), interpolation="nearest")
        axis.set_title(titles[k] if titles else "")
        axis.axis("off")
    return figure


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
    for region, colour in zip(regions.cpu().numpy().astype(bool), cycle(PALETTE)):
        canvas[region] = (1 - alpha) * canvas[region] + alpha * np.array(to_rgb(colour))
        canvas[region & ~_eroded(region)] = to_rgb(colour)
    return canvas


def matrix(
    values: Picture | Sequence[Picture],
    titles: Sequence[str] | None = None,
    *,
    digits: int = 0,
    highlight: Sequence[tuple[int, int]] = (),
    columns: int | None = None,
    cell: float = 0.42,
) -> Figure:
    """Tables of numbers, every cell its value and a shade; cells in ``highlight`` are framed."""
    many = [
        np.atleast_2d(_array(v))
        for v in (values if isinstance(values, (list, tuple)) else [values])
    ]
    widest, tallest = max(v.shape[1] for v in many), max(v.shape[0] for v in many)
    figure, axes = _grid(len(many), columns, cell * widest, tallest / widest, titles is not None)
    for k, (axis, table) in enumerate(zip(axes, many)):
        draw_matrix(axis, table, digits=digits, highlight=highlight)
        axis.set_title(titles[k] if titles else "")
    return figure


def curves(
    series: Mapping[str, Sequence[float] | tuple[Sequence[float], Sequence[float]]],
    *,
    x: Sequence[float] | None = None,
    spread: Mapping[str, Sequence[float]] | None = None,
    labels: tuple[str, str] = ("", ""),
    title: str = "",
    log: str = "",
    size: tuple[float, float] = (5.2, 3.0),
    markers: bool = False,
) -> Figure:
    """One line for each named series, in its own colour and dash, with ± ``spread`` as a band.

    A series is y over the common ``x``, or a pair (x, y). ``log`` names logarithmic axes: "x",
    "y", "xy".
    """
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots(figsize=size, layout="constrained")
        for (name, values), colour, line in zip(series.items(), cycle(PALETTE), cycle(LINES)):
            across, up = values if isinstance(values, tuple) else (x, values)
            across = range(len(up)) if across is None else across
            axis.plot(
                across, up, color=colour, linestyle=line, label=name, marker="o" if markers else ""
            )  # pyright: ignore
            if spread and name in spread:
                low, high = (np.asarray(up) + s * np.asarray(spread[name]) for s in (-1, 1))
                axis.fill_between(across, low, high, color=colour, alpha=0.18, linewidth=0)  # pyright: ignore
        axis.set(xlabel=labels[0], ylabel=labels[1], title=title)
        if "x" in log:
            axis.set_xscale("log")
        if "y" in log:
            axis.set_yscale("log")
        if len(series) > 1:
            axis.legend()
    plt.close(figure)
    return figure


def source(*functions: Callable[..., Any]) -> Any:
    """The source code of functions of the package, as this book shows it."""
    from IPython.display import Code

    text = "\n\n".join(textwrap.dedent(inspect.getsource(f)).rstrip() for f in functions)
    return Code(text, language="python")


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
    """Numbers in cells onto an axis; darker is larger in size."""
    table = np.atleast_2d(_array(table))
    limit = max(1e-12, float(np.abs(table).max(initial=0)))
    axis.imshow(np.abs(table), cmap=_SHADES, vmin=0, vmax=limit, aspect="equal")
    for (row, column), value in np.ndenumerate(table):
        text = f"{value:.{digits}f}" if value else "0" if digits == 0 else "·"
        axis.text(column, row, text, ha="center", va="center", fontsize=9, color="black")
    for row, column in highlight:
        axis.add_patch(
            Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=ORANGE, linewidth=2)
        )
    axis.set(xticks=[], yticks=[])


# White to a blue light enough for black digits on it.
_SHADES = ListedColormap(np.linspace(to_rgb("#ffffff"), to_rgb("#8fc3e6"), 64))  # pyright: ignore


def _grid(
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


def _draw_image(
    axis: Axes, picture: Picture, *, vmin: float | None = None, vmax: float | None = None
) -> None:
    array = _array(picture)
    if array.ndim == 3 or array.dtype == bool:
        axis.imshow(_rgb(picture), interpolation="nearest")
    else:
        axis.imshow(array, cmap="gray", vmin=vmin, vmax=vmax, interpolation="nearest")
    axis.axis("off")


def _array(picture: Picture) -> np.ndarray:
    return picture.detach().cpu().numpy() if isinstance(picture, Tensor) else np.asarray(picture)


def _rgb(picture: Picture) -> np.ndarray:
    """Any picture as (H, W, 3) floats in [0, 1]."""
    array = _array(picture)
    if array.ndim == 3 and isinstance(picture, Tensor):
        array = array.transpose(1, 2, 0)  # (C, H, W) -> (H, W, C)
    array = array / 255.0 if array.dtype == np.uint8 else array.astype(float)
    array = array[..., None] if array.ndim == 2 else array
    return np.clip(
        np.broadcast_to(array, (*array.shape[:2], 3)) if array.shape[2] == 1 else array, 0, 1
    )


def _aspect(picture: Picture) -> float:
    height, width = _rgb(picture).shape[:2]
    return height / width


def _eroded(region: np.ndarray) -> np.ndarray:
    """The region without its outermost pixels (4-neighbourhood)."""
    padded = np.pad(region, 1)
    return region & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
