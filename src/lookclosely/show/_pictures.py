"""Pictures side by side: as they are, with boxes, with masks, or as tables of numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ._boxes import draw_boxes, draw_truth
from ._drawing import (
    Picture,
    as_list,
    aspect,
    draw_image,
    draw_matrix,
    grid,
    number,
    overlay,
    to_array,
)
from ._labels import ALPHA
from ._legend import add_legend, class_entries, truth_entries
from ._text import largest, scale


def images(
    pictures: Picture | Sequence[Picture],
    titles: Sequence[str] | str | None = None,
    *,
    columns: int | None = None,
    size: float = 2.2,
    vmin: float | None = None,
    vmax: float | None = None,
    classes: Sequence[str] = (),
) -> Figure:
    """Pictures side by side: (3, H, W) or (1, H, W) in [0, 1], (H, W, 3), or (H, W) in grey.

    ``size`` is the width of one in inches; ``vmin`` and ``vmax`` fix the grey scale. ``classes``
    are the names of the labels 0, 1, … where label maps (``coloured``) are among the pictures:
    they stand under them, each with its colour.
    """
    many = as_list(pictures)
    names = [titles] if isinstance(titles, str) else list(titles or [])
    figure, axes = grid(len(many), columns, size, aspect(many[0]), names)
    for axis, picture in zip(axes, many):
        draw_image(axis, picture, vmin=vmin, vmax=vmax)
    if classes:
        add_legend(figure, class_entries(classes, alpha=ALPHA))
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
    truth: Tensor | None = None,
) -> Figure:
    """A picture with boxes (N, 4) in xyxy, or the same picture once for each set of boxes.

    ``labels`` stand at the top left of each box; boxes whose index is in ``faint`` are drawn
    thin and dotted. The true boxes ``truth`` (M, 4) are dashed black lines on white, under the
    others, and a strip under the picture says so.
    """
    sets = [corners] if isinstance(corners, Tensor) else list(corners)
    texts: Any = [labels] if isinstance(corners, Tensor) else labels
    figure, axes = grid(len(sets), columns, size, aspect(picture), titles)
    for k, (axis, one) in enumerate(zip(axes, sets)):
        draw_image(axis, picture)
        if truth is not None:
            draw_truth(axis, truth)
        draw_boxes(axis, one, texts[k] if texts and texts[k] is not None else None, colours, faint)
    if truth is not None:
        add_legend(figure, truth_entries())
    return figure


def masks(
    picture: Picture,
    layers: Tensor | Sequence[Tensor],
    titles: Sequence[str] | None = None,
    *,
    columns: int | None = None,
    size: float = 2.6,
    alpha: float = 0.55,
    classes: Sequence[str] = (),
) -> Figure:
    """A picture under coloured masks: bool (N, H, W), one colour each, or a label map int (H, W).

    Several layers give the picture several times. Label 0 is clear. ``classes`` are the names of
    the labels 0, 1, …: then a label has the same colour in every map, and the names of those that
    occur stand under them.
    """
    many = [layers] if isinstance(layers, Tensor) else list(layers)
    figure, axes = grid(len(many), columns, size, aspect(picture), titles)
    for axis, layer in zip(axes, many):
        if classes and layer.ndim == 2:
            layer = torch.stack([layer == k for k in range(1, len(classes))])
        axis.imshow(overlay(picture, layer, alpha=alpha), interpolation="nearest")
        axis.axis("off")
    if classes:
        seen = {int(label) for layer in many for label in layer.unique()} | {0}
        entries = class_entries(classes)
        add_legend(figure, [entry for k, entry in enumerate(entries) if k in seen])
    return figure


def matrix(
    values: Picture | Sequence[Picture],
    titles: Sequence[str] | None = None,
    *,
    digits: int = 0,
    highlight: Sequence[tuple[int, int]] | Sequence[Sequence[tuple[int, int]]] = (),
    columns: int | None = None,
    cell: float = 0.42,
) -> Figure:
    """Tables of numbers, every cell its value and a shade.

    Cells in ``highlight`` are framed: pairs (row, column) for all tables, or a list for each.
    """
    many = [np.atleast_2d(to_array(v)) for v in as_list(values)]
    widest, tallest = max(v.shape[1] for v in many), max(v.shape[0] for v in many)
    figure, axes = grid(len(many), columns, cell * widest, tallest / widest, titles)
    framed: Any = highlight
    if not highlight or isinstance(framed[0], tuple):  # the same for all
        framed = [highlight] * len(many)
    texts = {number(float(value), digits) for table in many for value in table.flat}
    size = max(9, largest(texts, 0.8 * cell, 9 * scale(figure.get_figwidth())))
    for k, (axis, table) in enumerate(zip(axes, many)):
        draw_matrix(axis, table, digits=digits, highlight=framed[k], size=size)
        # Cells are equally large in all tables: each gets the room of the largest, in its middle.
        rows, across = table.shape
        axis.set_xlim((across - widest - 1) / 2, (across + widest - 1) / 2)
        axis.set_ylim((rows + tallest - 1) / 2, (rows - tallest - 1) / 2)
    return figure
