"""What all ways to cut regions out of a feature map share: their boxes, and the sums of their bins.

N maps of C channels and H × W cells, K regions of P × Q bins (down, across), S samples along one
side of a bin, T of the cells that they touch. Boxes are xyxy.

Why two small products do the work. A bin averages a grid of samples, and each sample is a weighted
mean of four cells. Bilinear weights are a product: one number for the row, one for the column. So
is the grid: every row of samples meets every column. Hence the sum over both comes apart,

    out[p, q] = Σ_i Σ_j  W_y[p, i] · F[i, j] · W_x[q, j],    out = W_y · F · W_xᵀ

where W_y[p, i] is the weight of map row i in bin row p: a matrix P × H for each region. All regions
of one map share F: their W_y, one under the other, times F is one large product.

That costs H · W for every row of bins, however few cells count. On a large map, where most of W_y
is 0, it is faster to gather the cells that count, and to add them up.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from ._arguments import IntOrAxes, at_least_float32, check_boxes, check_floats, per_axis
from ._linear import weighed

Boxes = Float[Tensor, "K 5"] | Sequence[Float[Tensor, "_ 4"]]
Axis = tuple[Int[Tensor, "K _ _"], Float[Tensor, "K _ _"]]  # cells of each bin, and their weights

REGIONS, CHANNELS = 64, 256  # at once: what they read and write stays in a processor's cache
GATHERING = 10  # to add a cell from anywhere costs as much as so many multiplications in a row


def regions(
    input: Float[Tensor, "N C H W"], boxes: Boxes, output_size: IntOrAxes, name: str = "boxes"
) -> tuple[Int[Tensor, " K"], Float[Tensor, "K 4"], tuple[int, ...]]:
    """Of each region its map's number and its box, in the type to compute in; and (P, Q).

    ``name`` is what the caller calls the boxes.
    """
    if input.ndim != 4 or 0 in input.shape[-2:]:
        raise ValueError(
            f"input must be (N, C, H, W) with at least one cell, but is {tuple(input.shape)}."
        )
    check_floats("input", input, "pooling")
    rois = _joined(name, boxes).to(at_least_float32(input[:0]).dtype)
    index = rois.detach()[:, 0]
    if not ((index >= 0) & (index < len(input)) & (index == index.floor())).all():
        raise ValueError(
            f"{name} has a map's number that is not one of 0 to {len(input) - 1}: the first of the "
            "five columns says which map of the batch a region is of."
        )
    if not rois.isfinite().all():
        raise ValueError(f"{name} has a coordinate that is not finite: leave such boxes out.")
    return index.long(), rois[:, 1:], per_axis("output_size", output_size, 2, minimum=1)


def _joined(name: str, boxes: Boxes) -> Float[Tensor, "K 5"]:
    if isinstance(boxes, Tensor):
        if boxes.ndim != 2 or boxes.shape[1] != 5:
            raise ValueError(
                f"{name} must be (K, 5), the map's number and xyxy, or a list of (L, 4), one for "
                f"each map, but is {tuple(boxes.shape)}."
            )
        return boxes
    if not boxes:
        raise ValueError(f"{name} is an empty list: give one tensor (L, 4) for each map.")
    for of_one in boxes:
        check_boxes(name, of_one, "(N, 4)")
    return torch.cat([F.pad(of_one, (1, 0), value=n) for n, of_one in enumerate(boxes)])


def samples(
    start: Float[Tensor, " K"], length: Float[Tensor, " K"], bins: int, cells: int, ratio: int
) -> Axis:
    """Along one axis: the two cells around each sample, and their shares of the bin's average.

    Sample s of bin p lies at  start + p · b + (s + ½) · b / S,  b = length / bins, counted from the
    centre of the first cell. A sample more than one cell before the first centre, or after the
    border, is 0; others outside are moved to the nearest centre.

    Args:
        ratio: S; 0 or less: about one sample a cell, S = ⌈b⌉, none in an empty region.
    """
    size = length / bins
    count = torch.full_like(size, ratio) if ratio > 0 else size.detach().ceil()
    number = torch.arange(_most(count), device=start.device)
    divisor = count.clamp(min=1)[:, None]
    within = (number + 0.5) * size[:, None] / divisor  # (K, S)
    first = start[:, None] + torch.arange(bins, device=start.device) * size[:, None]  # (K, P)
    place = first[:, :, None] + within[:, None]  # (K, P, S)
    seen = (place >= -1) & (place <= cells) & (number < count[:, None])[:, None]
    return around(place.clamp(0, cells - 1), seen / divisor[:, None], cells)


def _most(count: Float[Tensor, " K"]) -> int:
    return max(1, int(count.max())) if len(count) else 1


def around(place: Float[Tensor, "K P S"], weight: Float[Tensor, "K P S"], cells: int) -> Axis:
    """The cell centres before and after each place, and their shares of its weight.

    A share is 1 − distance; that of a centre outside of the map is 0.
    """
    low = place.detach().floor()
    share = (place - low) * weight
    index = torch.stack([low, low + 1], dim=-1).long()
    shares = torch.stack([weight - share, share], dim=-1)
    inside = (index >= 0) & (index < cells)
    return index.clamp(0, cells - 1).flatten(2), (shares * inside).flatten(2)


def added(
    input: Float[Tensor, "N C H W"], index: Int[Tensor, " K"], down: Axis, across: Axis
) -> Float[Tensor, "K C P Q"]:
    """The sum of each bin's cells, with the weights of ``down`` times those of ``across``."""
    height, width = input.shape[-2:]
    bins, cells = across[0].shape[1], down[0].shape[2] * across[0].shape[2]
    if height * width + bins * width < GATHERING * bins * cells:  # for one row of bins
        return weigh(input, lambda values: _products(values, index, down, across))
    return weigh(input, lambda values: gathered(values, index[:, None, None], down, across))


def weigh(input: Tensor, sums: Callable[[Tensor], Tensor]) -> Tensor:
    """``sums`` in float32 or more, and back to the type of ``input``."""
    with torch.autocast(input.device.type, enabled=False):
        return weighed(at_least_float32(input), sums).to(input.dtype)


def _products(
    values: Float[Tensor, "N C H W"], index: Int[Tensor, " K"], down: Axis, across: Axis
) -> Float[Tensor, "K C P Q"]:
    """W_y · F · W_xᵀ, map by map."""
    count, channels, height, width = values.shape
    rows, columns = _matrix(down, height), _matrix(across, width)  # (K, P, H), (K, Q, W)
    order = index.argsort(stable=True)
    of_each = order.split(index.bincount(minlength=count).tolist())
    tables = values.permute(0, 2, 3, 1).reshape(count, height, width * channels)
    pieces = []
    for table, mine in zip(tables, of_each):
        for some in mine.split(at_once(values)):
            lines = rows[some].flatten(0, 1) @ table  # (R·P, W·C)
            lines = lines.view(len(some), rows.shape[1], width, channels)
            pieces.append((columns[some][:, None] @ lines).permute(0, 3, 1, 2).contiguous())
    sums = torch.cat(pieces)  # map by map
    return sums if bool((index.diff() >= 0).all()) else sums[order.argsort()]


def _matrix(axis: Axis, cells: int) -> Float[Tensor, "K P cells"]:
    index, weight = axis
    return weight.new_zeros(*index.shape[:2], cells).scatter_add(2, index, weight)


def gathered(
    values: Float[Tensor, "N C H W"], plane: Int[Tensor, "K p q"], down: Axis, across: Axis
) -> Float[Tensor, "K C P Q"]:
    """Cells of each bin's plane (one of N), weighted and added.

    A cell is a row of a table, its channels side by side. Some channels at a time, so that the
    table stays in the cache, where its rows are found in any order.
    """
    height, width = values.shape[-2:]
    tables = [some.permute(0, 2, 3, 1).flatten(0, 2) for some in values.split(CHANNELS, dim=1)]
    few = torch.int32 if len(tables[0]) < 2**31 else torch.int64  # half as much to read
    pieces = []
    for some in torch.arange(len(plane), device=plane.device).split(at_once(values)):
        (y, wy), (x, wx) = ([part[some] for part in axis] for axis in (down, across))
        rows = plane[some][..., None, None] * height + y[:, :, None, :, None]
        cells = rows * width + x[:, None, :, None]  # (R, P, Q, T, T)
        shares = wy[:, :, None, :, None] * wx[:, None, :, None]
        bags, weights = (part.flatten(3).flatten(0, 2) for part in (cells.to(few), shares))
        sums = [F.embedding_bag(bags, t, mode="sum", per_sample_weights=weights) for t in tables]
        maps = [part.view(*cells.shape[:3], part.shape[1]).permute(0, 3, 1, 2) for part in sums]
        pieces.append(torch.cat([part.contiguous() for part in maps], dim=1))
    return torch.cat(pieces)


def at_once(values: Tensor) -> int:
    """How many regions: as many as a processor's cache takes, on a GPU more."""
    return REGIONS if values.device.type == "cpu" else 16 * REGIONS
