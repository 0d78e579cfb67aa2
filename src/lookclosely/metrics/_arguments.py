"""Checks of arguments that several metrics share."""

import torch
from torch import Tensor


def check_mask(name: str, mask: Tensor) -> None:
    """Raise a ValueError unless ``mask`` holds booleans; 0 and 255 would be counted as they are."""
    if mask.dtype != torch.bool:
        raise ValueError(f"{name} is {mask.dtype}: give bool, such as {name} > 0")
