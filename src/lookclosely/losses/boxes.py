"""What a box costs, and a class together with its box.

Shapes: N boxes or images, C classes, D numbers that say where a box is.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lookclosely.ops._arguments import at_least_float32, check_floats, whole

from ._arguments import check_shape, reduce
from .pixels import cross_entropy


def smooth_l1_loss(
    input: Float[Tensor, "..."],
    target: Float[Tensor, "..."],
    *,
    reduction: str = "mean",
    beta: float | int = 1.0,
) -> Float[Tensor, "..."]:
    """Squared near zero, absolute beyond: errors of boxes without exploding gradients.

    With d = input − target:  d² / (2 beta) if |d| < beta, else |d| − beta / 2.

    The slope runs from −1 to 1, and beta is where it stops growing; with beta 0 the loss is |d|.
    As ``torch.nn.functional.smooth_l1_loss``, but shapes must be equal: nothing is broadcast. And
    whole numbers are taken as floats (in the library, differences of uint8 wrap around).

    Source: Girshick 2015 (Fast R-CNN), equation 3, where beta is 1.
    """
    check_shape(target, input.shape, "target", "that of input")
    if not beta >= 0:
        raise ValueError(f"beta is {beta}: it must be 0 or more")
    distance = (at_least_float32(input) - at_least_float32(target)).abs()
    loss = distance
    if beta > 0:
        loss = torch.where(distance < beta, distance**2 / (2 * beta), distance - beta / 2)
    half = input.dtype in (torch.float16, torch.bfloat16) and input.dtype == target.dtype
    return reduce(loss, reduction).to(input.dtype if half else loss.dtype)


class MultiTaskLoss(NamedTuple):
    total: Float[Tensor, ""]  # the weighted sum of the other two
    classification: Float[Tensor, ""]
    localization: Float[Tensor, ""]


def multi_task_loss(
    logits: Float[Tensor, "N C"],
    boxes: Float[Tensor, "N D"],
    classes: Integer[Tensor, " N"],
    targets: Float[Tensor, "N D"],
    *,
    weight: float | int = 1.0,
    regression: Callable[..., Tensor] = smooth_l1_loss,
    background: int | None = None,
) -> MultiTaskLoss:
    """What a network pays for its class and for its box: L = L_cls + weight · L_loc.

        L_cls = mean over N of −log softmax(logits)[class]
        L_loc = mean over N of [class is not background] · Σ_D regression(boxes, targets)

    Args:
        boxes, targets: D numbers each. Their unit changes L_loc, and so the meaning of weight.
        weight: 0 or more, the λ of the paper.
        regression: ``f(input, target, reduction="none")``, such as ``F.mse_loss`` for L2.
        background: this class has no box, and its rows of targets may hold anything, also NaN;
            None where each image shows an object.

    Returns:
        total, classification, localization; NaN for N = 0.

    Source: Girshick 2015 (Fast R-CNN), equations 1 and 2; torchvision's ``fastrcnn_loss``.
    """
    if min(logits.ndim, boxes.ndim) < 2:
        raise ValueError(
            f"logits must be (N, C) and boxes (N, D), but are {tuple(logits.shape)} and "
            f"{tuple(boxes.shape)}"
        )
    classes = whole("classes", classes)
    check_floats("boxes", boxes, "a loss")
    check_floats("targets", targets, "a loss")
    check_shape(classes, (len(logits),), "classes", "one for each row of logits")
    check_shape(targets, boxes.shape, "targets", "that of boxes")
    check_shape(boxes, (len(logits), *boxes.shape[1:]), "boxes", "a row for each row of logits")
    if not weight >= 0:
        raise ValueError(f"weight is {weight}: it must be 0 or more")
    classification = cross_entropy(logits, classes)
    kept = torch.ones_like(classes, dtype=torch.bool)
    if background is not None:
        kept = classes != background
    cost = regression(boxes[kept], targets[kept], reduction="none").sum(1)  # (kept rows,)
    # Not a cost times 0: of a NaN in the background, that would leave NaN in the gradient.
    localization = cost.new_zeros(len(boxes)).index_put((kept,), cost).mean()
    return MultiTaskLoss(classification + weight * localization, classification, localization)
