"""What the mean-field functions share: the update, and the checks of their arguments."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from .._arguments import at_least_float32, check_floats

Messages = Callable[[Tensor], Tensor]  # q (N, C) to Σ_j k_ij q_j (N, C)


def iterate(
    unary: Float[Tensor, "C H W"],
    messages: Messages,
    steps: int,
    compatibility: Float[Tensor, "C C"] | None,
) -> Float[Tensor, "C H W"]:
    """``steps`` times Q ← softmax(−U − messages(Q) μ), all pixels at once, from softmax(−U)."""
    logits = -unary.flatten(1).T  # (N, C)
    penalty = penalties(unary, compatibility)
    q = logits.softmax(dim=1)
    for _ in range(steps):
        q = (logits - messages(q) @ penalty).softmax(dim=1)
    return q.T.unflatten(1, unary.shape[1:])


def penalties(
    unary: Float[Tensor, "C H W"], compatibility: Float[Tensor, "C C"] | None
) -> Float[Tensor, "C C"]:
    """μ, symmetric: what was given, or that of Potts."""
    if compatibility is None:
        return 1 - torch.eye(len(unary), dtype=unary.dtype, device=unary.device)
    return compatibility.to(unary)


def in_one_type(unary: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
    """Both in float32, or in float64 where ``unary`` is that: differences of uint8 would wrap."""
    unary = at_least_float32(unary)
    return unary, image.to(unary.dtype)


def check_field(
    unary: Tensor,
    image: Tensor,
    steps: int,
    compatibility: Tensor | None,
    appearance: tuple[float, ...] = (0, 1, 1),
    smoothness: tuple[float, ...] = (0, 1),
) -> None:
    """Raise a ValueError that names the first argument that does not fit."""
    check_floats("unary", unary, "an energy")
    if unary.ndim != 3 or not len(unary):
        raise ValueError(f"unary must be (C, H, W) with C at least 1, got {tuple(unary.shape)}.")
    if image.ndim != 3 or image.shape[1:] != unary.shape[1:]:
        raise ValueError(
            f"image must be (K, H, W) with the unary's {tuple(unary.shape[1:])} pixels, but is "
            f"{tuple(image.shape)}: resize one of them."
        )
    if steps < 0:
        raise ValueError(f"steps is {steps}: give 0 or more.")
    for name, given, length in (("appearance", appearance, 3), ("smoothness", smoothness, 2)):
        if len(given) != length or not (given[0] >= 0 and all(theta > 0 for theta in given[1:])):
            raise ValueError(
                f"{name} is {given}: give {length} numbers, first a weight of 0 or more, then "
                "standard deviations above 0."
            )
    _check_compatibility(compatibility, len(unary))


def _check_compatibility(compatibility: Tensor | None, classes: int) -> None:
    if compatibility is None:
        return
    if compatibility.shape != (classes, classes) or not compatibility.equal(compatibility.T):
        raise ValueError(
            f"compatibility must be a symmetric ({classes}, {classes}) table, the penalty of two "
            f"labels whichever comes first, but is {compatibility.tolist()}."
        )


def check_numbers(*, weight: float, theta_rgb: float) -> None:
    if not weight >= 0:
        raise ValueError(f"weight is {weight}: give 0 or more.")
    if not theta_rgb > 0:
        raise ValueError(f"theta_rgb is {theta_rgb}: give a standard deviation above 0.")
