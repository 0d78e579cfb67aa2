"""What a label for each pixel costs, or one for each image.

Shapes: N images, C classes, then any number of pixel dimensions (``*pixels``: H W, or none for
one label an image). ``logits`` are scores before the softmax.
"""

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from lookclosely.ops._arguments import at_least_float32

from ._arguments import check_shape, checked_target, reduce


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
        NaN as the mean of no pixels (all ignored), as torch does. Sums are taken in float32 where
        ``logits`` are in half precision.

    Raises:
        ValueError: shapes do not agree, a target is neither a class nor ignored, targets are
            floats (probabilities in torch), or another ``reduction``.

    Source: U-Net's weight map (Ronneberger et al. 2015, section 3, equation 1). The paper writes
    a sum; dividing by the weights keeps the learning rate independent of the image's size.
    """
    target = checked_target(logits, target, ignore_index)
    axis = min(1, logits.ndim - 1)  # the classes come second, or first if there is no batch
    kept = target != ignore_index
    index = target.where(kept, 0)
    log_p = (
        at_least_float32(logits).log_softmax(axis).gather(axis, index.unsqueeze(axis)).squeeze(axis)
    )
    w = kept.to(log_p.dtype)
    if weight is not None:
        check_shape(weight, (logits.shape[axis],), "weight", "one number for each class")
        w = w * weight.to(log_p.dtype)[index]
    if pixel_weight is not None:
        check_shape(pixel_weight, target.shape, "pixel_weight", "that of target")
        w = w * pixel_weight.to(log_p.dtype)
    cost = (-log_p * w).where(kept, 0)  # 0 · inf would be NaN
    loss = cost.sum() / w.sum() if reduction == "mean" else reduce(cost, reduction)
    return loss.to(logits.dtype)


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
    target = checked_target(logits, target, ignore_index)
    kept = (target != ignore_index).unsqueeze(1)  # (N, 1, *pixels)
    classes = torch.arange(logits.shape[1], device=logits.device)
    truth = target.unsqueeze(1) == classes.view(-1, *[1] * (target.ndim - 1))  # (N, C, *pixels)
    p = (at_least_float32(logits).softmax(1) * kept).flatten(2)  # (N, C, P)
    g = (truth & kept).to(p.dtype).flatten(2)
    overlap, size = (p * g).sum(2), (p * p).sum(2) + g.sum(2)  # g² = g
    return (1 - (2 * overlap + smooth) / (size + smooth)).mean().to(logits.dtype)
