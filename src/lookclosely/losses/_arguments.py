"""What the losses share: checks of their arguments, and how one number is made of many."""

import torch
from torch import Tensor

from lookclosely.ops._arguments import check_floats, whole


def reduce(loss: Tensor, reduction: str) -> Tensor:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'reduction is {reduction!r}: choose "mean", "sum" or "none"')
    return loss if reduction == "none" else getattr(loss, reduction)()


def check_shape(tensor: Tensor, shape: tuple[int, ...], name: str, meaning: str) -> None:
    if tensor.shape != torch.Size(shape):
        raise ValueError(
            f"{name} has shape {tuple(tensor.shape)}, but {tuple(shape)} is needed: {meaning}"
        )


def checked_target(logits: Tensor, target: Tensor, ignore_index: int) -> Tensor:
    """One class, 0 to C-1 or ignore_index, for each place of the logits; as int64."""
    check_floats("logits", logits, "a softmax")
    if logits.ndim == 0:
        raise ValueError("logits is a single number: it needs an axis of classes")
    axis = min(1, logits.ndim - 1)
    classes, places = logits.shape[axis], logits.shape[:axis] + logits.shape[axis + 1 :]
    check_shape(target, places, "target", "that of logits without the axis of classes")
    target = whole("target", target)  # compared as it comes, class 156 of uint8 would be −100
    wrong = target[(target != ignore_index) & ((target < 0) | (target >= classes))]
    if wrong.numel():
        raise ValueError(
            f"target has class {int(wrong[0])}, but logits have {classes} classes: map the "
            f"classes to 0 to {classes - 1}, or set ignore_index (now {ignore_index})"
        )
    return target
