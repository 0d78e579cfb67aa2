"""Losses that the models are trained with."""

from .boxes import MultiTaskLoss, multi_task_loss, smooth_l1_loss
from .dense import sigmoid_focal_loss
from .pixels import cross_entropy, dice_loss

__all__ = [
    "MultiTaskLoss",
    "cross_entropy",
    "dice_loss",
    "multi_task_loss",
    "sigmoid_focal_loss",
    "smooth_l1_loss",
]
