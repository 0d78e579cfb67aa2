"""Filters along one axis, over mirrored borders: what pyramids and smoothing share."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ._arguments import at_least_float32


def mirrored(start: int, stop: int, size: int) -> Int[Tensor, " n"]:
    """Positions start … stop − 1 of a row of ``size`` pixels, mirrored at its first and last pixel.

    The end pixels are not repeated: −1 is pixel 1. Far outside, the row is mirrored again.
    """
    period = max(1, 2 * (size - 1))
    index = torch.arange(start, stop) % period
    return torch.minimum(index, period - index)


def filtered(
    x: Float[Tensor, "*N H W"], weights: Sequence[float | int], axis: int, step: int = 1
) -> Float[Tensor, "*N h w"]:
    """The image correlated with ``weights`` (odd in number) along one axis, at every step-th pixel.

    Only the pixels that are asked for are computed.
    """
    radius, size = len(weights) // 2, x.shape[axis]
    padded = x.index_select(axis, mirrored(-radius, size + radius, size).to(x.device))
    return correlated(padded, weights, axis, step)


def correlated(
    padded: Float[Tensor, "*N H W"], weights: Sequence[float | int], axis: int, step: int = 1
) -> Float[Tensor, "*N h w"]:
    """``out[i] = Σ_k weights[k] · padded[i·step + k]`` along one axis, in float32 or more."""
    first, *others = at_least_float32(padded).unfold(axis, len(weights), step).unbind(-1)  # views
    out = first * weights[0]
    for weight, tap in zip(weights[1:], others, strict=True):
        out.add_(tap, alpha=weight)  # in place: a new image costs more time than the sum
    return out.to(padded.dtype)
