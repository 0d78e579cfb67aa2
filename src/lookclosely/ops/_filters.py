"""Separable filters over mirrored borders: what pyramids and smoothing share."""

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


def filtered(x: Float[Tensor, "*N H W"], weights: Sequence[float | int]) -> Float[Tensor, "*N H W"]:
    """The image correlated with ``weights`` (odd in number) down its columns and along its rows."""
    radius = len(weights) // 2
    for axis in (-2, -1):
        size = x.shape[axis]
        index = mirrored(-radius, size + radius, size).to(x.device)
        padded = x.index_select(axis, index)
        taps = [w * padded.narrow(axis, k, size) for k, w in enumerate(weights)]
        x = torch.stack(taps).sum(0)
    return x
