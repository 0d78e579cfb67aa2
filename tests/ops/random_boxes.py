"""Boxes for tests: sparse and crowded, whole and broken numbers, ties; and the IoU of two."""

import random

import torch
from torch import Tensor


def slow_iou(a: list[float], b: list[float]) -> float:
    """Of two xyxy boxes with an area, in Python's double precision."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (area - width * height)


def boxes(n: int, generator: torch.Generator, *, whole: bool = False, spread: float = 60) -> Tensor:
    """float64 (n, 4) xyxy, each with an area; whole numbers give exact areas, and many ties."""
    centre = (torch.rand(n, 2, generator=generator, dtype=torch.float64) - 0.3) * spread
    half = torch.rand(n, 2, generator=generator, dtype=torch.float64) * 12 + 1
    corners = torch.cat([centre - half, centre + half], dim=1)
    return corners.round() if whole else corners


def scene(seed: int, most: int = 60) -> tuple[Tensor, Tensor]:
    """(boxes, scores) of a random number of boxes; some scenes are crowded, some have ties."""
    rng = random.Random(seed)
    generator = torch.Generator().manual_seed(seed)
    n = rng.choice([0, 1, 2, rng.randint(3, most)])
    corners = boxes(n, generator, whole=rng.random() < 0.5, spread=rng.choice([20, 60, 400]))
    scores = torch.rand(n, generator=generator, dtype=torch.float64)
    if rng.random() < 0.3:
        scores = (scores * 5).round() / 5  # ties
    return corners, scores


def mixture(n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """float32 boxes and scores as a detector gives them: half scattered, half in crowds of 20."""
    generator = torch.Generator().manual_seed(seed)
    alone, crowds = n - n // 2, max(n // 40, 1)
    scattered = torch.rand(alone, 2, generator=generator) * 1000
    objects = torch.rand(crowds, 2, generator=generator) * 1000
    which = torch.randint(crowds, (n // 2,), generator=generator)
    jitter = torch.randn(n // 2, 2, generator=generator) * 5
    centre = torch.cat([scattered, objects[which] + jitter])
    size = torch.cat(
        [
            torch.rand(alone, 2, generator=generator) * 60 + 10,
            40 + torch.randn(n // 2, 2, generator=generator) * 4,
        ]
    )
    return torch.cat([centre - size / 2, centre + size / 2], dim=1), torch.rand(
        n, generator=generator
    )
