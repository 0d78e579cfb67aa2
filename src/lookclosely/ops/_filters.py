"""Filters along one axis, over mirrored borders: what pyramids and smoothing share."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor


def mirrored(start: int, stop: int, size: int) -> Int[Tensor, " n"]:
    """Positions start … stop − 1 of a row of ``size`` pixels, mirrored at its first and last pixel.

    The end pixels are not repeated: −1 is pixel 1. Far outside, the row is mirrored again.
    """
    period = max(1, 2 * (size - 1))
    index = torch.arange(start, stop) % period
    return torch.minimum(index, period - index)


def filtered(
    x: Float[Tensor, "*N H W"], weights: Sequence[float | int], axis: int
) -> Float[Tensor, "*N H W"]:
    """The image correlated with ``weights`` (odd in number) along one axis."""
    radius, size = len(weights) // 2, x.shape[axis]
    padded = x.index_select(axis, mirrored(-radius, size + radius, size).to(x.device))
    return torch.stack([w * padded.narrow(axis, k, size) for k, w in enumerate(weights)]).sum(0)
