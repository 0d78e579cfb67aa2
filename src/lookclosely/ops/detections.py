"""What a detector is taught and what it answers: padded targets, and the boxes worth showing.

B images in a batch, N boxes of an image (padded targets: of the image that has most), H and W its
height and width in pixels, P joints of a figure, K detections that are left. Boxes are xyxy.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int, Integer, Num
from torch import Tensor

from ._arguments import check_boxes, check_number, check_one_each, comparable, whole
from .boxes import clip_boxes_to_image, remove_small_boxes
from .nms import batched_nms


class Targets(NamedTuple):
    """The objects of a batch of images, padded to the same number in each.

    Boxes of one size make one tensor, so that all images are matched at once, and so that a batch
    can be shared among processes row by row. Rows with label 0 are padding: they hold nothing, and
    what stands in their boxes, masks and keypoints is not read.

    masks say which pixels are an object's. keypoints are (x, y, v) as in COCO: v = 0 not labelled,
    1 hidden, 2 visible.
    """

    boxes: Float[Tensor, "B N 4"]
    labels: Integer[Tensor, "B N"]  # from 1; 0 = none
    masks: Bool[Tensor, "B N H W"] | None = None
    keypoints: Float[Tensor, "B N P 3"] | None = None


def filter_detections(
    boxes: Float[Tensor, "N 4"],
    scores: Float[Tensor, " N"],
    labels: Int[Tensor, " N"],
    size: tuple[int, int],
    *,
    score_threshold: float = 0.05,
    candidates: int | None = None,
    min_size: float = 0.0,
    iou_threshold: float = 0.5,
    max_detections: int | None = 100,
) -> dict[str, Num[Tensor, "K ..."]]:
    """Of all boxes that a detector scores in one image, those that it answers.

    Every detector ends with these five steps, in this order:

        1  clip     boxes end at the image's border
        2  choose   score > score_threshold; then of each label the best ``candidates``
        3  drop     sides shorter than ``min_size``
        4  NMS      within each label, above ``iou_threshold``
        5  cut      the best ``max_detections`` of all labels

    Fast and Faster R-CNN call it with min_size 0.01 and no ``candidates``, SSD with 400 of them. A
    region proposal network (Faster R-CNN) has no classes: there the label is the level of the
    pyramid, the threshold −1, and ``candidates`` 1,000.

    Args:
        boxes, scores, labels: (N, 4) xyxy in pixels, (N,), (N,). A box that may be of several
            classes comes once for each.
        size: the image's (height, width).
        candidates: None for all; of equal scores, the first come first.
        min_size: pixels; a side of exactly this length stays.
        max_detections: None for all.

    Returns:
        A dict of "boxes" (K, 4), "scores" (K,) and "labels" (K,), by falling score: the format of
        torchvision's detectors, and of the metrics. Differentiable with respect to boxes and
        scores. A score that is NaN is above no threshold, a box that is NaN is dropped.

    Raises:
        ValueError: shapes do not agree, ``labels`` are not whole numbers, ``size``, ``candidates``
            or ``max_detections`` is negative, or another setting is NaN.

    Source: Girshick 2015, *Fast R-CNN*, section 3.3; torchvision's ``postprocess_detections``.
    """
    check_boxes("boxes", boxes, "(N, 4)")
    check_one_each("scores", scores, boxes)
    check_one_each("labels", labels, boxes)
    check_number("score_threshold", score_threshold)
    scores, labels = comparable(scores), whole("labels", labels)
    for name, most in (("candidates", candidates), ("max_detections", max_detections)):
        if most is not None and most < 0:
            raise ValueError(f"{name} is {most}: give 0 or more, or None for all.")
    boxes = clip_boxes_to_image(boxes, size)
    index = (scores > score_threshold).nonzero().squeeze(1)
    if candidates is not None:
        index = index[_best_of_each(scores[index], labels[index], candidates)]
    index = index[remove_small_boxes(boxes[index], min_size)]
    kept = batched_nms(boxes[index], scores[index], labels[index], iou_threshold)
    index = index[kept[:max_detections]]
    return {"boxes": boxes[index], "scores": scores[index], "labels": labels[index]}


def _best_of_each(
    scores: Float[Tensor, " N"], labels: Int[Tensor, " N"], most: int
) -> Int[Tensor, " K"]:
    """Rising indices of the ``most`` highest scores of each label."""
    order = scores.argsort(descending=True, stable=True)
    order = order[labels[order].argsort(stable=True)]  # label by label, in each the best first
    counts = labels[order].unique_consecutive(return_counts=True)[1]
    starts = (counts.cumsum(0) - counts).repeat_interleave(counts)
    rank = torch.arange(len(order), device=order.device) - starts
    return order[rank < most].sort().values
