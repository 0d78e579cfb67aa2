"""Weighted sums of pixels, where a pixel without weight must not count."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def weighed(
    values: Float[Tensor, "..."], weigh: Callable[[Tensor], Tensor]
) -> Float[Tensor, "..."]:
    """``weigh(values)``, a sum with weights of 0 or more; what has weight 0 is not seen.

    In a product 0 · ∞ is NaN, so one infinite pixel would spoil every sum of its image. Here such
    pixels are left out, and laid in again where they have weight.
    """
    if values.isfinite().all():
        return weigh(values)
    out = weigh(values.nan_to_num(0, 0, 0))
    for odd in (math.inf, -math.inf, math.nan):
        there = values.isnan() if math.isnan(odd) else values == odd
        out = out + torch.where(weigh(there.to(values)) > 0, odd, 0)
    return out
