"""Recall of proposals: how many objects could a second stage find at all?

Proposals know no class. An object counts as found if one of the first k boxes of its image overlaps
it enough; there may be any number of boxes on nothing.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lookclosely.ops import box_iou
from lookclosely.ops._arguments import comparable

Proposals = Sequence[Mapping[str, Any] | Float[Tensor, "_ 4"]]


def proposal_recall(
    proposals: Proposals, targets: Sequence[Mapping[str, Any]], *, k: int, iou_threshold: float
) -> float:
    """Share of the objects that one of the first ``k`` proposals overlaps by the threshold or more.

        recall@k = |{objects g : max over the first k proposals p of IoU(p, g) ≥ threshold}| / |{g}|

    Args:
        proposals: for each image boxes (N, 4), the best first; or a dict with boxes (N, 4) and,
            where there are any, scores (N,), by which they are ranked, equal ones in their order.
        targets: for each image a dict with boxes (G, 4). Objects that are difficult (G,), or a
            crowd, iscrowd (G,), are not asked for.
        k: how many proposals of an image count.
        iou_threshold: above 0, up to 1. IoU is counted in float64.

    Returns:
        From 0 to 1 over all images together; NaN where there is no object.

    Raises:
        ValueError: an argument is out of its range, or an entry is missing or malformed.

    One proposal may find several objects. (Detectron2 gives each proposal to one object at most;
    with the usual hundreds of proposals the two are nearly equal.)

    Source: Hosang et al. 2016, *What makes for effective detection proposals?*, section 4.
    """
    if k < 1:
        raise ValueError(f"k is {k}: give at least 1")
    if not 0 < iou_threshold <= 1:
        raise ValueError(f"iou_threshold is {iou_threshold}: it must be above 0 and at most 1")
    if len(proposals) != len(targets):
        raise ValueError(
            f"proposals has {len(proposals)} images, but targets {len(targets)}: give both for "
            f"each image, in the same order"
        )
    objects = found = 0
    for i, (proposed, target) in enumerate(zip(proposals, targets)):
        true = _objects(target, f"targets[{i}]")
        best = _first(proposed, k, f"proposals[{i}]")
        iou = box_iou(best, true).nan_to_num(0.0)  # two boxes without area: 0/0
        objects += len(true)
        found += int((iou >= iou_threshold).any(dim=0).sum())
    return found / objects if objects else math.nan


def _first(proposed: Mapping[str, Any] | Tensor, k: int, name: str) -> Float[Tensor, "n 4"]:
    """At most ``k`` boxes, the best ones."""
    if isinstance(proposed, Tensor):
        return _boxes(proposed, name)[:k]
    boxes = _boxes(_entry(proposed, "boxes", name), f"{name}['boxes']")
    if "scores" not in proposed:
        return boxes[:k]
    scores = comparable(proposed["scores"].detach().cpu())
    if scores.shape != boxes.shape[:1] or not scores.isfinite().all():
        raise ValueError(
            f"{name}['scores'] has shape {tuple(scores.shape)} for {len(boxes)} boxes: give one "
            f"finite number a box"
        )
    return boxes[scores.argsort(descending=True, stable=True)[:k]]


def _objects(target: Mapping[str, Any], name: str) -> Float[Tensor, "G 4"]:
    """The boxes of a target that are asked for."""
    boxes = _boxes(_entry(target, "boxes", name), f"{name}['boxes']")
    for key in ("difficult", "iscrowd"):
        if key in target and target[key].shape != (len(target["boxes"]),):
            raise ValueError(
                f"{name}[{key!r}] has shape {tuple(target[key].shape)}, but there are "
                f"{len(target['boxes'])} boxes: give one value for each"
            )
    left_out = [target[key].cpu() > 0 for key in ("difficult", "iscrowd") if key in target]
    return boxes[~torch.stack(left_out).any(0)] if left_out else boxes


def _entry(image: Mapping[str, Any], key: str, name: str) -> Tensor:
    if key not in image:
        raise ValueError(f"{name} has no {key!r}: give boxes (N, 4), (0, 4) for none")
    return image[key]


def _boxes(boxes: Tensor, name: str) -> Float[Tensor, "n 4"]:
    """On the CPU in float64, so that an IoU of 1/2 is 1/2."""
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"{name} has shape {tuple(boxes.shape)}: it must be (N, 4)")
    boxes = boxes.detach().cpu().double()
    if not boxes.isfinite().all():
        raise ValueError(f"{name} has a coordinate that is not finite: leave such boxes out")
    return boxes
