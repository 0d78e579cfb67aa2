"""How many objects were found, whatever their class: matching of instance masks.

An image's instances come in either of two forms, and predictions and truth may differ in it:

    label map    (H, W) of whole numbers: 0 is background, each other number one instance
    masks        (N, H, W) of booleans, one layer an instance; they may overlap

Instances of a label map are numbered 0, 1, … by rising label, those of masks by layer.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int, Integer
from torch import Tensor

from ._arguments import check_mask

Instances = Integer[Tensor, "H W"] | Bool[Tensor, "_ H W"]


@dataclass(frozen=True)
class InstanceMatches:
    """Which predicted instances are which true ones.

    Attributes:
        pred, true: numbers of the matched instances, pair by pair.
        iou: IoU of each pair.
        tp: matched pairs.
        fp: predicted instances without a partner.
        fn: true instances without a partner.
    """

    pred: Int[Tensor, " T"]
    true: Int[Tensor, " T"]
    iou: Float[Tensor, " T"]
    tp: int
    fp: int
    fn: int


def instance_iou(pred_masks: Instances, true_masks: Instances) -> Float[Tensor, "P G"]:
    """IoU of each predicted with each true instance; 0 for two masks without a pixel.

    Raises:
        ValueError: one is neither (H, W) nor (N, H, W), the two differ in height or width, a label
            map is not of whole numbers from 0, or masks are not of booleans.
    """
    for name, instances in (("pred_masks", pred_masks), ("true_masks", true_masks)):
        if instances.ndim not in (2, 3):
            raise ValueError(
                f"{name} has shape {tuple(instances.shape)}: give a label map (H, W) or masks "
                f"(N, H, W), such as {name}.squeeze(1) of (N, 1, H, W)"
            )
    if pred_masks.shape[-2:] != true_masks.shape[-2:]:
        raise ValueError(
            f"pred_masks are {tuple(pred_masks.shape[-2:])}, but true_masks "
            f"{tuple(true_masks.shape[-2:])} pixels: both must cover the same image"
        )
    if pred_masks.ndim == true_masks.ndim == 2:
        both, pred_area, true_area = _overlap_of_maps(pred_masks, true_masks)
    else:
        both, pred_area, true_area = _overlap_of_layers(pred_masks, true_masks)
    return (both / (pred_area[:, None] + true_area - both)).nan_to_num(0.0)


def match_instances(
    pred_masks: Instances, true_masks: Instances, iou_threshold: float = 0.5
) -> InstanceMatches:
    """Pair predicted with true instances, one to one, where their IoU exceeds the threshold.

    In label maps at a threshold of 0.5 or more there is no choice: an instance has more than half
    of its union in common with at most one other. Where there is a choice (a lower threshold, or
    masks that overlap), the pairs are as many as possible and, among these, of the greatest total
    IoU (the Hungarian method, from scipy).

    Args:
        pred_masks, true_masks: a label map or a stack of masks, see the top of this module.
        iou_threshold: from 0 to below 1.

    Raises:
        ValueError: as ``instance_iou``, or for another threshold.

    Source: the 2018 Data Science Bowl (Caicedo et al. 2019), where a hit is an IoU above the
    threshold.
    """
    from scipy.optimize import linear_sum_assignment  # slow to import, and only needed here

    if not 0 <= iou_threshold < 1:
        raise ValueError(f"iou_threshold is {iou_threshold}: it must be from 0 to below 1")
    iou = instance_iou(pred_masks, true_masks).cpu()
    hit = iou > iou_threshold
    # One more pair is worth more than all that IoUs can add up to.
    worth = hit * (iou + min(iou.shape) + 1)
    pred, true = map(torch.from_numpy, linear_sum_assignment(worth.numpy(), maximize=True))
    kept = hit[pred, true]
    pred, true, tp = pred[kept], true[kept], int(kept.sum())
    return InstanceMatches(
        pred, true, iou[pred, true], tp=tp, fp=iou.shape[0] - tp, fn=iou.shape[1] - tp
    )


def instance_f1(tp: int, fp: int, fn: int) -> float:
    """F1 = 2 TP / (2 TP + FP + FN); 1 where there is nothing to find and nothing was found.

    For a data set either average the F1 of the images, or add up their counts first, so that every
    instance weighs the same. The two differ: say which it is.
    """
    if min(tp, fp, fn) < 0:
        raise ValueError(f"tp, fp and fn are {tp}, {fp} and {fn}: they are counts, 0 or more")
    return 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 1.0


def _overlap_of_maps(pred: Tensor, true: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Pixels in common (P, G), and of each instance (P,) and (G,): count the pairs of labels."""
    pred, pred_count = _number(pred, "pred_masks")
    true, true_count = _number(true, "true_masks")
    size = (pred_count + 1, true_count + 1)
    pairs = (pred * size[1] + true).bincount(minlength=size[0] * size[1])
    table = pairs.reshape(size).double()
    return table[1:, 1:], table[1:].sum(1), table[:, 1:].sum(0)


def _overlap_of_layers(pred: Tensor, true: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same for stacks of masks, by one matrix product over the pixels."""
    pred, true = _layers(pred, "pred_masks"), _layers(true, "true_masks")
    # Whole numbers up to 2^24, more than an image has pixels, are exact in float32.
    return (pred @ true.T).double(), pred.sum(1).double(), true.sum(1).double()


def _number(labels: Tensor, name: str) -> tuple[Tensor, int]:
    """Labels of all pixels (H·W,), renumbered 1 to N without gaps, and N."""
    if labels.is_floating_point():
        raise ValueError(
            f"{name} is {labels.dtype}: give a label map of whole numbers, or masks (N, H, W)"
        )
    labels = labels.long()
    if labels.numel() and labels.min() < 0:
        raise ValueError(f"{name} has the label {int(labels.min())}: labels are 0 or more")
    background = labels.new_zeros(1)  # in front, so that 0 stays 0 where no pixel is background
    values, index = torch.cat([background, labels.flatten()]).unique(return_inverse=True)
    return index[1:], len(values) - 1


def _layers(masks: Tensor, name: str) -> Tensor:
    """Masks (N, H·W) of zeros and ones, from a stack or a label map."""
    if masks.ndim == 3:
        check_mask(name, masks)
        return masks.flatten(1).float()
    index, count = _number(masks, name)
    return (index == torch.arange(1, count + 1, device=masks.device)[:, None]).float()
