"""Label maps as pictures, in which a class has the same colour everywhere."""

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from ._drawing import overlay

ALPHA = 0.8  # how strong a label's colour is


def coloured(labels: Int[Tensor, "H W"], classes: int = 8) -> np.ndarray:
    """A label map (H, W) as a picture (H, W, 3): class 0 white, the others in the palette's order.

    Unlike ``masks``, which gives colours to the labels that it meets, so that two maps compare.
    """
    one_each = torch.stack([labels == k for k in range(1, classes)])
    return overlay(torch.ones(3, *labels.shape), one_each, alpha=ALPHA)
