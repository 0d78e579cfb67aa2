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
from itertools import product

import torch
from jaxtyping import Float, Int
from torch import Tensor

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
        ValueError: ``values`` and ``features`` are not one row for each point.

    Source: Greengard and Strain 1991, *The fast Gauss transform*, the sum that is to be made fast.
    """
    _check_points(values, features)
    out, start = torch.zeros_like(values), 0
    for block in gaussian_rows(features):  # (n, N)
        out[start : start + len(block)] = block @ values
        start += len(block)
    return out


def gaussian_rows(features: Float[Tensor, "N D"]) -> Iterator[Float[Tensor, "n N"]]:
    """The rows of the kernel matrix exp(−½ ‖f_i − f_j‖²), some at a time.

    Differences are squared, not expanded to |a|² − 2ab + |b|², which would cancel in float32.
    """
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
    Gaussian's integral too, but it is lower at its peak where points lie half-way between grid
    lines: expect errors of some per cent at spacing 1, a quarter of them at 1/2.

    Args:
        values: (N, C).
        features: (N, D), in standard deviations. The grid spans their range.
        spacing: between grid lines, in standard deviations, at most 1. Half the
            spacing takes 2^D times the cells.

    Returns:
        (N, C). Differentiable in ``values``, and piecewise in ``features``.

    Raises:
        ValueError: ``spacing`` is not in (0, 1], there would be more than 2^23 cells, or
            ``values`` and ``features`` do not have one row each for each point.

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
    size, corners, weights = _corners(features, spacing)

    def transform(values: Tensor) -> Tensor:
        grid = values.new_zeros(math.prod(size), values.shape[1])  # (cells, C)
        for index, weight in zip(corners, weights, strict=True):
            grid = grid.index_add(0, index, weight * values)
        grid = _blur(grid.unflatten(0, size), spacing).flatten(0, -2)
        slices = zip(corners, weights, strict=True)
        return sum((w * grid[index] for index, w in slices), torch.zeros_like(values))

    return transform


def _corners(
    features: Tensor, spacing: float
) -> tuple[list[int], list[Int[Tensor, " N"]], list[Float[Tensor, "N 1"]]]:
    """The grid's size, and for each of 2^D corners of a point's cell its flat index and weight."""
    place = (features - features.detach().amin(0)) / spacing  # (N, D), in cells, from 0
    low = place.detach().floor()
    size = [int(n) + 2 for n in low.amax(0)]
    if math.prod(size) > MAX_CELLS:
        raise ValueError(
            f"spacing {spacing} needs a grid of {' × '.join(map(str, size))} cells, more than "
            f"{MAX_CELLS:,}: make it (at most 1) or the standard deviations larger."
        )
    share = place - low  # (N, D), how far towards the upper corner
    steps = [math.prod(size[d + 1 :]) for d in range(len(size))]
    indices, weights = [], []
    for corner in product((0, 1), repeat=len(size)):
        up = features.new_tensor(corner)
        weights.append((up * share + (1 - up) * (1 - share)).prod(1, keepdim=True))
        indices.append(((low + up).long() * low.new_tensor(steps).long()).sum(1))
    return size, indices, weights


def _blur(grid: Float[Tensor, "*cells C"], spacing: float) -> Float[Tensor, "*cells C"]:
    """A Gaussian along each axis but the last, wide enough to make up for the interpolation."""
    variance = spacing**-2 - 1 / 3  # in cells
    line = torch.arange(-40, 41, dtype=torch.float64)
    total = (-0.5 * line.square() / variance).exp().sum()
    for axis, length in enumerate(grid.shape[:-1]):
        line = torch.arange(length, dtype=grid.dtype, device=grid.device)
        kernel = (-0.5 * (line[:, None] - line).square() / variance).exp()  # (length, length)
        kernel = kernel * float(math.sqrt(2 * math.pi) / spacing / total)
        grid = (grid.movedim(axis, -1) @ kernel).movedim(-1, axis)
    return grid


def _check_points(values: Tensor, features: Tensor) -> None:
    if values.ndim != 2 or features.ndim != 2 or len(values) != len(features):
        raise ValueError(
            f"values and features must be (N, C) and (N, D), one row for each point, but are "
            f"{tuple(values.shape)} and {tuple(features.shape)}."
        )
