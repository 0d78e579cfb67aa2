"""The random field of neighbours: four pairs for each pixel. See ``crf`` for energy and update."""

import torch
from jaxtyping import Float
from torch import Tensor

from .._arguments import at_least_float32
from ._mean_field import check_field, check_numbers


def grid_crf(
    unary: Float[Tensor, "C H W"],
    *,
    weight: float,
    steps: int = 5,
    image: Float[Tensor, "K H W"] | None = None,
    theta_rgb: float = 13 / 255,
) -> Float[Tensor, "C H W"]:
    """Mean field in the short-range CRF: a pixel and its four neighbours, Potts.

        Q_i(l) ← softmax_l ( −U_i(l) + Σ_{j next to i} k_ij Q_j(l) )

    A step updates all white squares of a checkerboard, then all black ones. No two squares of one
    colour are neighbours, so this is coordinate descent and settles; updated all at once, white
    and black can swap labels for ever.

    With ``image`` None every pair of neighbours has k = weight. With an image the pair counts
    less across an edge, k_ij = weight · exp(−‖I_i − I_j‖² / 2θ_rgb²): "contrast-sensitive".

    Args:
        unary: negative log-probabilities of the labels.
        weight: of a pair of neighbours, 0 or more.
        steps: number of updates, from softmax(−U).
        image, theta_rgb: see above; the image in floats or whole numbers.

    Returns:
        (C, H, W), probabilities.

    Raises:
        ValueError: ``weight`` or ``steps`` is negative, ``theta_rgb`` not positive, ``unary`` of
            whole numbers, or the sizes of ``image`` and ``unary`` differ.

    Source: Boykov and Jolly 2001, *Interactive graph cuts*, and Rother, Kolmogorov and Blake
    2004, *GrabCut* (the contrast-sensitive pair; there the energy is minimised by graph cuts).
    """
    check_field(unary, unary if image is None else image, steps, None)
    check_numbers(weight=weight, theta_rgb=theta_rgb)
    dtype, (height, width) = unary.dtype, unary.shape[1:]
    unary = at_least_float32(unary)
    down = right = weight * unary.new_ones(())
    if image is not None:
        image = image.to(unary.dtype)  # differences of uint8 would wrap around
        down = weight * _likeness(image[:, 1:], image[:, :-1], theta_rgb)  # (H-1, W)
        right = weight * _likeness(image[:, :, 1:], image[:, :, :-1], theta_rgb)  # (H, W-1)

    def messages(q: Tensor) -> Tensor:  # (C, H, W): whole rows are added, not a few labels each
        out = torch.zeros_like(q)
        out[:, 1:] += down * q[:, :-1]
        out[:, :-1] += down * q[:, 1:]
        out[:, :, 1:] += right * q[:, :, :-1]
        out[:, :, :-1] += right * q[:, :, 1:]
        return out

    rows, columns = (torch.arange(n, device=unary.device) for n in (height, width))
    white = (rows[:, None] + columns) % 2 == 0  # (H, W)
    q = (-unary).softmax(0)
    for _ in range(steps):
        for colour in (white, ~white):
            q = torch.where(colour, (messages(q) - unary).softmax(0), q)
    return q.to(dtype)


def _likeness(a: Tensor, b: Tensor, theta: float) -> Tensor:
    """exp(−‖a − b‖² / 2θ²) of two images (K, h, w), pixel by pixel: (h, w)."""
    return (-0.5 * ((a - b) / theta).square().sum(0)).exp()
