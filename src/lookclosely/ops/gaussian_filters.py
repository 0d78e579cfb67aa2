"""Sums over all pairs of points, weighted by a Gaussian of their distance.

    out_i = Σ_j exp(−½ ‖f_i − f_j‖²) v_j

With a pixel's place and colour as its features f this is the message of a fully connected random
field, and (divided by the sum for v = 1) the bilateral filter. Exactly it costs N² exponentials;
the bilateral grid comes near it in time that grows with N.

Shapes
    N points · D features of each, in units of the Gaussian's standard deviation · C values.
"""

import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from ._arguments import at_least_float32, check_floats

PAIRS_AT_ONCE = 2**19  # 2 MB of float32, which stay in a processor's cache
LOWEST = -60.0  # exp(−60) = 9e-27 counts as 0: products of such numbers leave float32's normal
# range, where arithmetic is ten times slower
MAX_CELLS = 2**23


def gauss_transform(
    values: Float[Tensor, "N C"], features: Float[Tensor, "N D"]
) -> Float[Tensor, "N C"]:
    """``Σ_j exp(−½ ‖f_i − f_j‖²) v_j`` for every i, exactly, over all pairs (j = i too).

    The N × N kernel is made a few rows at a time and thrown away, so memory grows with N only
    (but not under autograd, which keeps all of it). Values of exp(−60) and less are 0.

    Args:
        values: (N, C), what is summed.
        features: (N, D), divided by the standard deviation beforehand.

    Returns:
        (N, C). Differentiable in both arguments.

    Raises:
        ValueError: ``values`` and ``features`` are not floats, or not one row for each point.

    Source: Greengard and Strain 1991, *The fast Gauss transform*, the sum that is to be made fast.
    """
    _check_points(values, features)
    wide = at_least_float32(values)
    out, start = torch.zeros_like(wide), 0
    for block in gaussian_rows(features):  # (n, N)
        out[start : start + len(block)] = block.to(wide.dtype) @ wide
        start += len(block)
    return out.to(values.dtype)


def gaussian_rows(features: Float[Tensor, "N D"]) -> Iterator[Float[Tensor, "n N"]]:
    """The rows of the kernel matrix exp(−½ ‖f_i − f_j‖²), some at a time.

    Differences are squared, not expanded to |a|² − 2ab + |b|², which would cancel in float32.
    """
    features = at_least_float32(features)
    for part in features.split(max(1, PAIRS_AT_ONCE // max(1, len(features)))):
        mode = "donot_use_mm_for_euclid_dist"
        distance = torch.cdist(part, features, compute_mode=mode)  # (n, N)
        yield distance.square().mul_(-0.5).clamp_(min=LOWEST).exp_() - math.exp(LOWEST)


def bilateral_grid_transform(
    values: Float[Tensor, "N C"], features: Float[Tensor, "N D"], *, spacing: float = 1.0
) -> Float[Tensor, "N C"]:
    """The same sum, approximated on a grid in the space of the features.

    Splat: each point hands its values to the 2^D corners of its cell, by multilinear weights.
    Blur: a Gaussian along each of the D axes. Slice: each point reads its corners, by the same
    weights. As slicing is the transpose of splatting and the blur is symmetric, so is the whole.

    Two linear interpolations add a variance of 1/6 each (in cells, averaged over places), so the
    blur has 1/spacing² − 1/3 and the two together that of the Gaussian. Their kernel has the
    Gaussian's integral too, but its peak is lower where points lie half-way between grid lines, and
    higher where they lie on them: along each of the D axes. So a *sum* is off by about a tenth at
    the places and colours of a photo (D = 5) and spacing 1, by some per cent at 1/2. The *quotient*
    of two such sums, the bilateral filter, loses most of that factor again: it is off by a few
    per cent of the values' range at worst, and by some thousandths on average.

    Args:
        values: (N, C).
        features: (N, D), in standard deviations. The grid spans their range.
        spacing: between grid lines, in standard deviations, at most 1. Half the
            spacing takes 2^D times the cells.

    Returns:
        (N, C). Differentiable in ``values``, and piecewise in ``features``.

    Raises:
        ValueError: ``spacing`` is not in (0, 1], there would be more than 2^23 cells, or
            ``values`` and ``features`` are not floats, or do not have one row each for each point.

    Source: Paris and Durand 2006, *A fast approximation of the bilateral filter using a signal
    processing approach*; Chen, Paris and Durand 2007, *Real-time edge-aware image processing with
    the bilateral grid*. Krähenbühl and Koltun use the permutohedral lattice of Adams et al. 2010
    instead, whose simplices have D + 1 corners and which stores occupied cells only.
    """
    _check_points(values, features)
    return bilateral_grid(features, spacing)(values)


def bilateral_grid(features: Float[Tensor, "N D"], spacing: float) -> Callable[[Tensor], Tensor]:
    """The transform of these features, to be applied to several values (N, C)."""
    if not 0 < spacing <= 1:
        raise ValueError(f"spacing is {spacing}: give standard deviations in (0, 1].")
    if not len(features):
        return torch.zeros_like
    if not features.shape[1]:
        raise ValueError("features have no columns: give (N, D), one place or colour at least.")
    size, corners, weights = _corners(features, spacing)  # (N, 2^D) each
    cells, of_cells = corners.flatten(), corners.flatten().argsort()  # sorted by the cell
    points, shares = of_cells // corners.shape[1], weights.flatten()[of_cells]
    counts = cells.bincount(minlength=math.prod(size))
    starts = counts.cumsum(0) - counts  # where each cell's points begin

    def transform(values: Tensor) -> Tensor:
        grid = _sums_of_rows(values, points, shares, starts)  # splat: (cells, C)
        grid = _blur(grid.unflatten(0, size), spacing).flatten(0, -2)
        return _sums_of_rows(grid, corners, weights)  # slice

    return transform


def _sums_of_rows(
    rows: Float[Tensor, "R C"], index: Tensor, weights: Tensor, starts: Tensor | None = None
) -> Float[Tensor, "S C"]:
    """Weighted sums of some rows: one for each row of ``index``, or for its parts from ``starts``.

    A product with a sparse matrix, in other words; torch's fast one is called "embedding bag".
    """
    weights = weights.to(rows.dtype)
    return F.embedding_bag(index, rows, starts, mode="sum", per_sample_weights=weights)


def _corners(
    features: Tensor, spacing: float
) -> tuple[list[int], Int[Tensor, "N corners"], Float[Tensor, "N corners"]]:
    """The grid's size; the flat index and the weight of the 2^D corners of each point's cell."""
    place = (features - features.detach().amin(0)) / spacing  # (N, D), in cells, from 0
    low = place.detach().floor()
    size = [int(n) + 2 for n in low.amax(0)]
    if math.prod(size) > MAX_CELLS:
        raise ValueError(
            f"spacing {spacing} needs a grid of {' × '.join(map(str, size))} cells, more than "
            f"{MAX_CELLS:,}: make it (at most 1) or the standard deviations larger."
        )
    index, weight = low.new_zeros(len(low), 1).long(), place.new_ones(len(low), 1)
    for axis, length in enumerate(size):  # each axis doubles the corners: its lower, its upper
        cell, share = low[:, axis, None].long(), (place - low)[:, axis, None]  # (N, 1)
        index = torch.cat([index * length + cell, index * length + cell + 1], dim=1)
        weight = torch.cat([weight * (1 - share), weight * share], dim=1)
    return size, index, weight


def _blur(grid: Float[Tensor, "*cells C"], spacing: float) -> Float[Tensor, "*cells C"]:
    """A Gaussian along each axis but the last, wide enough to make up for the interpolation."""
    variance = spacing**-2 - 1 / 3  # in cells
    line = torch.arange(-40, 41, dtype=torch.float64)
    total = (-0.5 * line.square() / variance).exp().sum()
    blurred = grid
    for axis, length in enumerate(grid.shape[:-1]):
        line = torch.arange(length, dtype=grid.dtype, device=grid.device)
        kernel = (-0.5 * (line[:, None] - line).square() / variance).exp()  # (length, length)
        kernel = kernel * float(math.sqrt(2 * math.pi) / spacing / total)
        # All axes before this one count as a batch, all after it as columns: a plain product.
        blurred = kernel @ blurred.reshape(math.prod(grid.shape[:axis]), length, -1)
    return blurred.reshape(grid.shape)


def _check_points(values: Tensor, features: Tensor) -> None:
    check_floats("values", values, "a weighted sum")
    check_floats("features", features, "a distance")
    if values.ndim != 2 or features.ndim != 2 or len(values) != len(features):
        raise ValueError(
            f"values and features must be (N, C) and (N, D), one row for each point, but are "
            f"{tuple(values.shape)} and {tuple(features.shape)}."
        )
