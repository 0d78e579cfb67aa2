"""Losses that the models are trained with.

Shapes: N images, C classes, then any number of pixel dimensions (``*pixels``: H W, or none for
one label an image). ``logits`` are scores before the softmax.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Integer
from torch import Tensor


def cross_entropy(
    logits: Float[Tensor, "..."],
    target: Integer[Tensor, "..."],
    *,
    weight: Float[Tensor, " C"] | None = None,
    pixel_weight: Float[Tensor, "..."] | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Float[Tensor, "..."]:
    """Cross-entropy of the softmax, each pixel with its own weight.

    With p = softmax(logits) over the classes and y the true class, a pixel x costs
    −w(x) log p_y(x), where w(x) = weight[y(x)] · pixel_weight(x). The mean divides by Σ w(x):

        loss = Σ_x −w(x) log p_y(x) / Σ_x w(x)

    Without ``pixel_weight`` this is ``torch.nn.functional.cross_entropy``.

    Args:
        logits: (N, C, *pixels), or (C,) for one sample.
        target: (N, *pixels) class of each pixel, 0 to C-1 or ``ignore_index``.
        weight: one weight for each class.
        pixel_weight: (N, *pixels), one weight for each pixel.
        ignore_index: pixels with this target cost nothing and do not count in the mean.
        reduction: "mean", "sum" or "none" (one cost for each pixel).

    Returns:
        NaN as the mean of no pixels (all ignored), as torch does.

    Raises:
        ValueError: shapes do not agree, a target is neither a class nor ignored, targets are
            floats (probabilities in torch), or another ``reduction``.

    Source: U-Net's weight map (Ronneberger et al. 2015, section 3, equation 1). The paper writes
    a sum; dividing by the weights keeps the learning rate independent of the image's size.
    """
    target = _checked_target(logits, target, ignore_index)
    axis = min(1, logits.ndim - 1)  # the classes come second, or first if there is no batch
    kept = target != ignore_index
    index = target.where(kept, 0)
    log_p = logits.log_softmax(axis).gather(axis, index.unsqueeze(axis)).squeeze(axis)
    w = kept.to(log_p.dtype)
    if weight is not None:
        _check_shape(weight, (logits.shape[axis],), "weight", "one number for each class")
        w = w * weight[index]
    if pixel_weight is not None:
        _check_shape(pixel_weight, target.shape, "pixel_weight", "that of target")
        w = w * pixel_weight
    cost = (-log_p * w).where(kept, 0)  # 0 · inf would be NaN
    return cost.sum() / w.sum() if reduction == "mean" else _reduce(cost, reduction)


def dice_loss(
    logits: Float[Tensor, "N C ..."],
    target: Integer[Tensor, "N ..."],
    *,
    smooth: float | int = 1.0,
    ignore_index: int = -100,
) -> Float[Tensor, ""]:
    """One minus the soft Dice coefficient, averaged over images and classes.

    With p = softmax(logits) and g the true class as 0 and 1, sums over the pixels of an image:

        D = (2 Σ p g + smooth) / (Σ p² + Σ g² + smooth),    loss = mean(1 − D)

    Where p is 0 or 1 and ``smooth`` is 0, D is the Dice coefficient of the two masks.

    Args:
        logits: (N, C, *pixels) with two or more classes; the background is a class like others.
        target: (N, *pixels) class of each pixel, 0 to C-1 or ``ignore_index``.
        smooth: 0 or more. Not in the paper. Without it a class that an image does not show costs
            1 whatever is predicted, so that nothing is learnt from it; with it, D is 1 when
            nothing is predicted.
        ignore_index: pixels with this target are in none of the sums.

    Raises:
        ValueError: as ``cross_entropy``, for less than two classes, or a negative ``smooth``.

    Source: Milletari et al. 2016 (V-Net), section 3, with its squares in the denominator; many
    programs leave them out. The paper has one foreground class: here every class gets its own D.
    """
    if logits.ndim < 2 or logits.shape[1] < 2:
        raise ValueError(
            f"logits have shape {tuple(logits.shape)}: dice_loss needs (N, C, ...) with two or "
            f"more classes, so give the background a channel of its own"
        )
    if not smooth >= 0:
        raise ValueError(f"smooth is {smooth}: it must be 0 or more")
    target = _checked_target(logits, target, ignore_index)
    kept = (target != ignore_index).unsqueeze(1)  # (N, 1, *pixels)
    classes = torch.arange(logits.shape[1], device=logits.device)
    truth = target.unsqueeze(1) == classes.view(-1, *[1] * (target.ndim - 1))  # (N, C, *pixels)
    p = (logits.softmax(1) * kept).flatten(2)  # (N, C, P)
    g = (truth & kept).to(p.dtype).flatten(2)
    overlap, size = (p * g).sum(2), (p * p).sum(2) + g.sum(2)  # g² = g
    return (1 - (2 * overlap + smooth) / (size + smooth)).mean()


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
    As ``torch.nn.functional.smooth_l1_loss``, but shapes must be equal: nothing is broadcast.

    Source: Girshick 2015 (Fast R-CNN), equation 3, where beta is 1.
    """
    _check_shape(target, input.shape, "target", "that of input")
    if not beta >= 0:
        raise ValueError(f"beta is {beta}: it must be 0 or more")
    distance = (input - target).abs()
    if beta == 0:
        return _reduce(distance, reduction)
    quadratic = distance**2 / (2 * beta)
    return _reduce(torch.where(distance < beta, quadratic, distance - beta / 2), reduction)


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
    _check_shape(targets, boxes.shape, "targets", "that of boxes")
    _check_shape(boxes, (len(logits), *boxes.shape[1:]), "boxes", "a row for each row of logits")
    if not weight >= 0:
        raise ValueError(f"weight is {weight}: it must be 0 or more")
    classification = cross_entropy(logits, classes)
    kept = torch.ones_like(classes, dtype=torch.bool)
    if background is not None:
        kept = classes.long() != background
    cost = regression(boxes[kept], targets[kept], reduction="none").sum(1)  # (kept rows,)
    # Not a cost times 0: of a NaN in the background, that would leave NaN in the gradient.
    localization = cost.new_zeros(len(boxes)).index_put((kept,), cost).mean()
    return MultiTaskLoss(classification + weight * localization, classification, localization)


def _reduce(loss: Tensor, reduction: str) -> Tensor:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'reduction is {reduction!r}: choose "mean", "sum" or "none"')
    return loss if reduction == "none" else getattr(loss, reduction)()


def _check_shape(tensor: Tensor, shape: tuple[int, ...], name: str, meaning: str) -> None:
    if tensor.shape != torch.Size(shape):
        raise ValueError(
            f"{name} has shape {tuple(tensor.shape)}, but {tuple(shape)} is needed: {meaning}"
        )


def _checked_target(logits: Tensor, target: Tensor, ignore_index: int) -> Tensor:
    """One class, 0 to C-1 or ignore_index, for each place of the logits; as int64."""
    if logits.ndim == 0:
        raise ValueError("logits is a single number: it needs an axis of classes")
    axis = min(1, logits.ndim - 1)
    classes, places = logits.shape[axis], logits.shape[:axis] + logits.shape[axis + 1 :]
    _check_shape(target, places, "target", "that of logits without the axis of classes")
    if target.is_floating_point():
        raise ValueError(f"target is {target.dtype}: give whole numbers, as target.long()")
    target = target.long()  # compared as it comes, class 156 of uint8 would be −100
    wrong = target[(target != ignore_index) & ((target < 0) | (target >= classes))]
    if wrong.numel():
        raise ValueError(
            f"target has class {int(wrong[0])}, but logits have {classes} classes: map the "
            f"classes to 0 to {classes - 1}, or set ignore_index (now {ignore_index})"
        )
    return target
