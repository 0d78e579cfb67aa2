"""Feature maps and regions for tests: inside, across the border, outside, empty, inverted, huge."""

import random
from typing import NamedTuple

import torch
from torch import Tensor


class Case(NamedTuple):
    input: Tensor  # (N, C, H, W)
    boxes: Tensor  # (K, 5)
    output_size: tuple[int, int]
    spatial_scale: float


def case(
    seed: int, dtype: torch.dtype, device: torch.device | str = "cpu", per_bin: int | None = None
) -> Case:
    """``per_bin``: as many channels for each bin, as position-sensitive pooling needs."""
    rng, generator = random.Random(seed), torch.Generator().manual_seed(seed)
    size = (rng.randint(1, 12), rng.randint(1, 12))
    bins = (rng.randint(1, 4), rng.randint(1, 4))
    maps = rng.randint(1, 3)
    channels = rng.randint(1, 4) if per_bin is None else per_bin * bins[0] * bins[1]
    values = torch.randn(maps, channels, *size, generator=generator, dtype=torch.float64)
    if rng.random() < 0.3:
        values = values.relu()  # many equal numbers
    scale = rng.choice([1.0, 0.5, 0.25])
    count = rng.choice([0, 1, rng.randint(2, 12)])
    numbers = torch.rand(4, count, generator=generator, dtype=torch.float64)
    plane = max(size) / scale
    first = (numbers[:2] * 1.6 - 0.3) * plane  # some begin outside
    length = (numbers[2:] * 1.3 - 0.1) * plane  # some are inverted
    if rng.random() < 0.2:
        length[:, :1] = 0  # a point
    if rng.random() < 0.3:
        first, length = first.round(), length.round()
    index = torch.randint(maps, (1, count), generator=generator).double()
    boxes = torch.cat([index, first, first + length]).T
    if rng.random() < 0.3:  # views with gaps
        values = values.repeat_interleave(2, dim=-1)[..., ::2]
        boxes = boxes.repeat(1, 2)[:, :5]
    if rng.random() < 0.3:
        values = values.contiguous(memory_format=torch.channels_last)
    return Case(values.to(device, dtype), boxes.to(device, dtype), bins, scale)
