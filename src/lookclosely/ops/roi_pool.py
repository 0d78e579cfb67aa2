"""The largest number of each bin of a region: what Fast R-CNN and SPPnet feed their classifier.

N maps of C channels and H × W cells, K regions, P × Q bins (down, across), L bins along a side of a
level. A bin is a range of rows times a range of columns: whole cells, so borders are rounded.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from ._arguments import IntOrAxes, at_least_float32, check_floats, check_number
from ._regions import Boxes, at_once, regions

Ranges = tuple[Int[Tensor, "K _"], Int[Tensor, "K _"]]  # the first cell of each bin; past its last


def roi_pool(
    input: Float[Tensor, "N C H W"],
    boxes: Boxes,
    output_size: IntOrAxes,
    spatial_scale: float = 1.0,
) -> Float[Tensor, "K C P Q"]:
    """RoIPool, ``torchvision.ops.roi_pool``: the largest number of each bin of a rounded region.

        first = round(x₁ · spatial_scale),   last = round(x₂ · spatial_scale)
        b = max(last − first + 1, 1) / Q
        bin q:  columns from first + ⌊q · b⌋ up to first + ⌈(q + 1) · b⌉, that one excluded

    and likewise down. Halves are rounded away from 0. The last cell counts (+ 1), so a region of
    one pixel is one cell wide; neighbouring bins may share a column. What lies outside of the map
    does not count; a bin that is wholly outside is 0.

    Args:
        boxes: (K, 5), the number of the map and xyxy; or a list of (L, 4), one for each map.
        output_size: P and Q, or one number for both.
        spatial_scale: cells of the map for one pixel of the boxes, such as 1/16.

    Returns:
        (K, C, P, Q). The gradient goes to the largest cell, of equal ones to the first in reading
        order; the boxes have none, for they are rounded. A bin with a NaN is NaN, one of −∞ alone
        is −∞: torchvision does not see the first, and gives the least float for the second.

    Raises:
        ValueError: shapes are others, ``input`` holds whole numbers, a map's number does not
            exist, or a coordinate is not finite.

    Source: Girshick 2015, *Fast R-CNN*, section 2.1, and its code for the rounding.
    """
    check_number("spatial_scale", spatial_scale)
    index, boxes, bins = regions(input, boxes, output_size)
    left, top, right, bottom = _rounded(boxes.detach() * spatial_scale).unbind(1)
    down = _ranges(top, bottom, bins[0], input.shape[2])
    across = _ranges(left, right, bins[1], input.shape[3])
    return _largest(input, index, down, across)


def spatial_pyramid_pool(
    x: Float[Tensor, "N C H W"], levels: Sequence[int] = (4, 2, 1)
) -> Float[Tensor, "N features"]:
    """Spatial pyramid pooling: maps of any size to vectors of one length.

    Each level divides the map into L × L bins, of which the largest number is taken; bin p has the
    rows from ⌊p · H / L⌋ up to ⌈(p + 1) · H / L⌉, that one excluded. A level is
    ``torch.nn.AdaptiveMaxPool2d(L)``.

    Args:
        x: maps, also smaller than L × L: then bins share cells.
        levels: L of each.

    Returns:
        (N, C · Σ L²), level by level, in a level channel by channel, in a channel row by row. The
        paper's windows of ⌈H / L⌉ cells, ⌊H / L⌋ apart, are the same where they cover the map (H =
        13); of 10 rows, 4 of them leave out the last.

    Raises:
        ValueError: ``x`` is not (N, C, H, W) with a cell, holds whole numbers, or a level is not 1
            or more.

    Source: He et al. 2014, *Spatial pyramid pooling in deep convolutional networks*, section 2.2.
    """
    if x.ndim != 4 or 0 in x.shape[-2:]:
        raise ValueError(f"x must be (N, C, H, W) with at least one cell, but is {tuple(x.shape)}.")
    check_floats("x", x, "pooling")
    if not levels or min(levels) < 1:
        raise ValueError(f"levels is {levels!r}: give one whole number or more, each 1 or more.")
    index = torch.arange(len(x), device=x.device)
    pooled = [
        _largest(x, index, *(_shares(n, level, index) for n in x.shape[-2:])).flatten(1)
        for level in levels
    ]
    return torch.cat(pooled, dim=1)


def _shares(cells: int, level: int, index: Int[Tensor, " K"]) -> Ranges:
    """The cells, divided into as many bins as the level has; the same for each map."""
    edges = torch.arange(level + 1, device=index.device) * cells
    start, stop = edges[:-1] // level, -(-edges[1:] // level)
    return start.expand(len(index), level), stop.expand(len(index), level)


def _rounded(x: Tensor) -> Tensor:
    """To whole numbers, halves away from 0; ``torch.round`` takes them to even ones."""
    whole = x.trunc()
    return whole + ((x - whole).abs() >= 0.5) * x.sign()


def _ranges(first: Tensor, last: Tensor, bins: int, cells: int) -> Ranges:
    """Of each bin the first cell in the map, and the one past its last."""
    size = ((last - first + 1).clamp(min=1) / bins)[:, None]
    edge = torch.arange(bins + 1, device=first.device)
    start = (edge[:-1] * size).floor() + first[:, None]
    stop = (edge[1:] * size).ceil() + first[:, None]
    return start.clamp(0, cells).long(), stop.clamp(0, cells).long()


def _largest(
    input: Float[Tensor, "N C H W"], index: Int[Tensor, " K"], down: Ranges, across: Ranges
) -> Float[Tensor, "K C P Q"]:
    """The largest number of each bin; 0 where it has no cell.

    A bin is a bag of cells, one after another in reading order, and a cell a row of a table.
    """
    values = at_least_float32(input)
    table = values.permute(0, 2, 3, 1).flatten(0, 2)  # (N·H·W, C)
    unknown = table.detach().isnan().to(table) if input.isnan().any() else None
    pieces = []
    for some in torch.arange(len(index), device=input.device).split(at_once(input)):
        rows, columns = ((first[some], stop[some]) for first, stop in (down, across))
        cells, starts = _bags(index[some], rows, columns, *input.shape[2:])
        largest = F.embedding_bag(cells, table, starts, mode="max")
        if unknown is not None:  # a comparison with NaN is false: it would be seen in some places
            spoilt = F.embedding_bag(cells, unknown, starts, mode="max") > 0
            largest = largest.masked_fill(spoilt, torch.nan)
        shape = len(some), down[0].shape[1], across[0].shape[1], input.shape[1]
        pieces.append(largest.view(shape).permute(0, 3, 1, 2).contiguous())
    return torch.cat(pieces).to(input.dtype)


def _bags(
    index: Int[Tensor, " K"],
    rows: Ranges,
    columns: Ranges,
    height: int,
    width: int,
) -> tuple[Int[Tensor, " cells"], Int[Tensor, " bins"]]:
    """The cells of all bins, bin after bin, and where each bin begins among them."""
    (top, bottom), (left, right) = rows, columns
    wide = (right - left).clamp(min=0)[:, None].expand(-1, top.shape[1], -1).flatten()
    size = (
        (bottom - top).clamp(min=0)[:, :, None] * (right - left).clamp(min=0)[:, None]
    ).flatten()
    starts = size.cumsum(0) - size
    of_bin = torch.arange(len(size), device=size.device).repeat_interleave(size)
    number = torch.arange(len(of_bin), device=size.device) - starts[of_bin]  # within its bin
    row = number // wide[of_bin]
    first = (index[:, None, None] * height + top[:, :, None]) * width + left[:, None]
    return first.flatten()[of_bin] + row * width + (number - row * wide[of_bin]), starts
