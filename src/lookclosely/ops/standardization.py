"""Images brought to one brightness and one contrast."""

import torch
from jaxtyping import Float
from torch import Tensor

from ._arguments import check_floats


def standardize(images: Float[Tensor, "*N C H W"], eps: float = 1e-3) -> Float[Tensor, "*N C H W"]:
    """Each image with mean 0 and standard deviation 1: (x − mean) / (std + eps).

    Mean and standard deviation are taken over all channels and pixels of one image.

    Args:
        images: one image, or any number of them.
        eps: keeps an image of one colour, whose standard deviation is 0, at 0.

    Returns:
        The images, in their own dtype.

    Raises:
        ValueError: ``images`` are not floats or have no channels, rows and columns, or ``eps`` is
            negative.
    """
    check_floats("images", images, "standardize")
    if images.ndim < 3:
        raise ValueError(f"images must be (..., C, H, W), but have shape {tuple(images.shape)}.")
    if not eps >= 0:
        raise ValueError(f"eps is {eps}: give a small number, 0 or more.")
    if not images.numel() or images.shape[-3:].numel() < 2:  # one number has no standard deviation
        return torch.zeros_like(images)
    mean = images.mean(dim=(-3, -2, -1), keepdim=True)
    return (images - mean) / (images.std(dim=(-3, -2, -1), keepdim=True) + eps)
