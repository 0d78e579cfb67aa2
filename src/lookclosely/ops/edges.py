"""Non-maximum suppression of edge strengths: an edge several pixels wide becomes one pixel wide.

Shapes
    N values of a row · H, W height and width of an image.

Of two equal neighbours, the first in reading order stays. So a flat top keeps one pixel of two, and
its first pixel in a row; and in 1 2 2 3, the first 2 stays too, since no neighbour is greater.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Num
from torch import Tensor

from ._arguments import at_least_float32, check_floats, comparable

# To the neighbours along a gradient of 0°, 45°, 90° and 135°: (rows down, columns right).
STEPS = ((0, 1), (1, 1), (1, 0), (1, -1))


def non_max_suppression_1d(values: Num[Tensor, " N"]) -> Num[Tensor, " N"]:
    """Keep each value that is a local maximum of its row, and set the others to 0.

        out[i] = values[i]  if values[i − 1] < values[i] ≥ values[i + 1],  else 0

    Beyond the ends everything is lower, so an end may stay. Of a run of equal values at most the
    first stays (the ≥).

    Args:
        values: (N,) edge strengths, not negative.

    Returns:
        (N,).

    Raises:
        ValueError: ``values`` is not one row.
    """
    if values.ndim != 1:
        raise ValueError(f"values must be one row (N,), but has shape {tuple(values.shape)}.")
    values = comparable(values)
    rises = values[1:] > values[:-1]  # (N − 1,), from each value to the next
    climbed = F.pad(rises, (1, 0), value=True)
    climbs_on = F.pad(rises, (0, 1), value=False)
    return torch.where(climbed & ~climbs_on, values, 0)


def canny_nms(
    gradient_magnitude: Float[Tensor, "H W"], gradient_direction: Float[Tensor, "H W"]
) -> Float[Tensor, "H W"]:
    """Thin the edges of an image: keep a pixel if it is a maximum along its gradient.

    The direction is rounded to the nearest of 0°, 45°, 90° and 135° (opposite directions are the
    same line). Along it lie two of the eight neighbours; the pixel keeps its magnitude if that is

        > the one before it and ≥ the one after it, in reading order,

    and becomes 0 if not. Outside the image everything is lower.

    Args:
        gradient_magnitude: (H, W), not negative.
        gradient_direction: (H, W), ``atan2(gy, gx)`` in radians, x right and y down: across the
            edge, not along it.

    Returns:
        (H, W).

    Raises:
        ValueError: the two are not images of one size, or are of whole numbers.

    Source: Canny 1986, *A computational approach to edge detection*, who interpolates between
    neighbours; rounding to four directions is common practice (OpenCV's, but for ties on the
    diagonals, which it drops).
    """
    _check_images(gradient_magnitude, gradient_direction)
    height, width = gradient_magnitude.shape
    nearest = (at_least_float32(gradient_direction) * (4 / math.pi)).round().long() % len(STEPS)
    padded = F.pad(gradient_magnitude, (1, 1, 1, 1), value=-math.inf)
    peak = torch.zeros_like(nearest, dtype=torch.bool)
    for direction, (down, right) in enumerate(STEPS):
        before = padded[1 - down :, 1 - right :][:height, :width]
        after = padded[1 + down :, 1 + right :][:height, :width]
        is_peak = (gradient_magnitude > before) & (gradient_magnitude >= after)
        peak |= (nearest == direction) & is_peak
    return torch.where(peak, gradient_magnitude, 0)


def _check_images(magnitude: Tensor, direction: Tensor) -> None:
    check_floats("gradient_magnitude", magnitude, "a gradient")
    check_floats("gradient_direction", direction, "an angle")
    if magnitude.ndim != 2:
        raise ValueError(f"gradient_magnitude must be (H, W), but is {tuple(magnitude.shape)}.")
    if direction.shape != magnitude.shape:
        raise ValueError(
            f"gradient_direction must be as large as gradient_magnitude, {tuple(magnitude.shape)}, "
            f"but is {tuple(direction.shape)}."
        )
