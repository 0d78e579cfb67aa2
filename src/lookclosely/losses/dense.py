"""Losses where almost everything is background: a class at every place of an image.

Shapes: any; logits and targets have the same. p = sigmoid(logit), and p_t = p for a target of 1,
1 − p for 0: the probability of what is right.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ._arguments import check_shape, reduce


def sigmoid_focal_loss(
    inputs: Float[Tensor, "..."],
    targets: Float[Tensor, "..."],
    alpha: float = 0.25,
    gamma: float = 2.0,
    reduction: str = "none",
) -> Float[Tensor, "..."]:
    """Cross entropy that fades as an answer becomes right; ``torchvision.ops.sigmoid_focal_loss``.

        FL = −α_t · (1 − p_t)^γ · log p_t,    α_t = α for a target of 1, 1 − α for 0

    With γ = 0 it is cross entropy. With γ = 2 an answer of p_t = 0.9 costs a hundredth of that, one
    of 0.5 a quarter: a hundred thousand easy places no longer drown a dozen hard ones. RetinaNet
    divides the sum by the number of positive anchors, which is done there and not here.

    Args:
        inputs: logits.
        targets: 0 or 1, as floats; between them both terms are mixed.
        alpha: weight of the ones; −1 for none. Less than ½ although they are rare: γ has already
            taken most of the zeros' weight.
        gamma: 0 or more. Its gradient is finite also where γ < 1 and p_t is 1; there torchvision's
            is NaN.
        reduction: "none", "mean" or "sum".

    Raises:
        ValueError: shapes differ, ``inputs`` holds whole numbers, ``alpha`` is neither −1 nor from
            0 to 1, ``gamma`` is negative, or the reduction is another.

    Source: Lin et al. 2017, *Focal loss for dense object detection*, equation 5.
    """
    check_shape(targets, inputs.shape, "targets", "that of inputs")
    if not inputs.is_floating_point():
        raise ValueError(f"inputs is {inputs.dtype}: give logits in floats")
    if alpha != -1 and not 0 <= alpha <= 1:
        raise ValueError(f"alpha is {alpha}: give a weight from 0 to 1, or -1 for none")
    if not gamma >= 0:
        raise ValueError(f"gamma is {gamma}: it must be 0 or more")
    dtype = torch.promote_types(inputs.dtype, torch.float32)  # half precision sums in full
    logits, targets = inputs.to(dtype), targets.to(dtype)
    entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    # 1 − p_t, without the subtraction: of a p near 1 it would leave nothing.
    wrong = logits.sigmoid() * (1 - targets) + (-logits).sigmoid() * targets
    if gamma < 1:  # the slope of a root is infinite at 0
        wrong = wrong.clamp(min=torch.finfo(dtype).tiny)
    loss = entropy * wrong**gamma
    if alpha >= 0:
        loss = loss * (1 - alpha + (2 * alpha - 1) * targets)
    return reduce(loss, reduction).to(inputs.dtype)
