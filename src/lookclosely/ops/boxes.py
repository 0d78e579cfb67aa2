"""Boxes: their area, how much two of them overlap, and how they are written down.

N and M are numbers of boxes; further axes in front are batches.

Formats, in pixels, x to the right and y down
    xyxy    left, top, right, bottom: what every function here takes unless told otherwise
    xywh    left, top, width, height (COCO's files)
    cxcywh  centre, width, height (what networks predict)

Coordinates are continuous: pixel (i, j) covers [j, j + 1) × [i, i + 1), so a box's width is x2 − x1
and not x2 − x1 + 1.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int, Num
from torch import Tensor

from ._arguments import (
    at_least_float32,
    check_boxes,
    check_format,
    check_number,
    comparable,
    widened,
)

Sides = tuple[Tensor, ...]  # left, top, right and bottom of a set of boxes
PAIRS_AT_ONCE = 2**18  # 1 MB of float32, which stay in a processor's cache


def box_area(boxes: Num[Tensor, "*batch 4"], fmt: str = "xyxy") -> Num[Tensor, "*batch"]:
    """Area of each box, (x2 − x1)·(y2 − y1), in square pixels; ``torchvision.ops.box_area``.

    Args:
        boxes: (..., 4), written as ``fmt``: "xyxy", "xywh" or "cxcywh".

    Returns:
        (...). An inverted box (x2 < x1) has a negative area, two inversions a positive one. Of
        whole numbers it is an int64 (torchvision's wraps around in int32, from 2^31 on).

    Raises:
        ValueError: ``boxes`` has not 4 coordinates, or ``fmt`` is another.
    """
    check_boxes("boxes", boxes)
    check_format("fmt", fmt)
    a, b, c, d = _widen(boxes).unbind(-1)
    return (c - a) * (d - b) if fmt == "xyxy" else c * d


def box_iou(
    boxes1: Num[Tensor, "*#batch N 4"], boxes2: Num[Tensor, "*#batch M 4"], fmt: str = "xyxy"
) -> Float[Tensor, "*batch_out N M"]:
    """IoU of all pairs of two sets of upright boxes; ``torchvision.ops.box_iou``.

        IoU(A, B) = |A ∩ B| / |A ∪ B|,   |A ∪ B| = |A| + |B| − |A ∩ B|

    Args:
        boxes1, boxes2: (..., N, 4) and (..., M, 4), both written as ``fmt``.

    Returns:
        (..., N, M), from 0 (apart) to 1 (equal). Two boxes without area give 0/0, NaN, as in
        torchvision. (Its differences of uint8 boxes wrap around below 0; ours are right.)

    Raises:
        ValueError: a set is not (..., n, 4), or ``fmt`` is another.

    Source: Jaccard 1912; Everingham et al. 2010, *The PASCAL VOC challenge* (there with +1).
    """
    return _in_blocks(_iou, boxes1, boxes2, fmt)


def _iou(sides1: Sides, sides2: Sides) -> Tensor:
    intersection, union = _intersection_and_union(sides1, sides2)
    return intersection / union


def generalized_box_iou(
    boxes1: Num[Tensor, "*#batch N 4"], boxes2: Num[Tensor, "*#batch M 4"]
) -> Float[Tensor, "*batch_out N M"]:
    """Generalised IoU: it still tells near from far where boxes do not touch.

        GIoU(A, B) = IoU(A, B) − (|C| − |A ∪ B|) / |C|

    with C the smallest box around both. ``torchvision.ops.generalized_box_iou``.

    Args:
        boxes1, boxes2: (..., N, 4) and (..., M, 4), xyxy.

    Returns:
        (..., N, M), from −1 (far apart) to 1 (equal); NaN for two boxes without area.

    Raises:
        ValueError: a set is not (..., n, 4).

    Source: Rezatofighi et al. 2019, *Generalized intersection over union*, algorithm 1.
    """
    return _in_blocks(_giou, boxes1, boxes2)


def _giou(sides1: Sides, sides2: Sides) -> Tensor:
    intersection, union = _intersection_and_union(sides1, sides2)
    (left1, top1, right1, bottom1), (left2, top2, right2, bottom2) = sides1, sides2
    width = torch.max(right1, right2).sub_(torch.min(left1, left2)).clamp_(min=0)
    height = torch.max(bottom1, bottom2).sub_(torch.min(top1, top2)).clamp_(min=0)
    around = width.mul_(height)  # (..., N, M), |C|
    return intersection / union - (around - union) / around


def _in_blocks(
    of_pairs: Callable[[Sides, Sides], Tensor], boxes1: Tensor, boxes2: Tensor, fmt: str = "xyxy"
) -> Tensor:
    """``of_pairs`` of all pairs (..., N, M), some rows at a time.

    A dozen steps lead to the result: of a block, all of them find it in the processor's cache.
    """
    check_boxes("boxes1", boxes1, "(..., n, 4)")
    check_boxes("boxes2", boxes2, "(..., n, 4)")
    check_format("fmt", fmt)
    sides1, sides2 = _sides(boxes1, -1, fmt), _sides(boxes2, -2, fmt)  # (..., N, 1), (..., 1, M)
    rows = max(1, PAIRS_AT_ONCE // max(1, sides2[0].numel()))
    if boxes1.shape[-2] <= rows:
        return of_pairs(sides1, sides2)
    blocks = zip(*(side.split(rows, dim=-2) for side in sides1))
    return torch.cat([of_pairs(block, sides2) for block in blocks], dim=-2)


def _intersection_and_union(sides1: Sides, sides2: Sides) -> tuple[Tensor, Tensor]:
    """Areas of A ∩ B and A ∪ B for all pairs, both (..., N, M).

    In place (the trailing _), since here a new N × M tensor costs more time than the arithmetic.
    """
    (left1, top1, right1, bottom1), (left2, top2, right2, bottom2) = sides1, sides2
    width = torch.min(right1, right2).sub_(torch.max(left1, left2)).clamp_(min=0)
    height = torch.min(bottom1, bottom2).sub_(torch.max(top1, top2)).clamp_(min=0)
    intersection = width.mul_(height)
    areas = (right1 - left1) * (bottom1 - top1) + (right2 - left2) * (bottom2 - top2)
    return intersection, areas.sub_(intersection)


def _sides(boxes: Tensor, new_axis: int, fmt: str = "xyxy") -> Sides:
    """Left, top, right, bottom, with a new axis so that those of two sets meet pair by pair."""
    corners = _to_xyxy(_widen(boxes), fmt)
    return corners.mT.contiguous().unsqueeze(new_axis).unbind(-3)


def _widen(x: Tensor) -> Tensor:
    """Areas leave half precision, and those of whole numbers 32 bits: take float32 or int64."""
    return at_least_float32(x) if x.is_floating_point() else x.long()


def box_convert(
    boxes: Num[Tensor, "*batch 4"], in_fmt: str, out_fmt: str
) -> Num[Tensor, "*batch 4"]:
    """Rewrite boxes from one format to another; ``torchvision.ops.box_convert``.

    Args:
        boxes: (..., 4), written as ``in_fmt``.
        in_fmt, out_fmt: "xyxy", "xywh" or "cxcywh".

    Returns:
        (..., 4), a new tensor. Whole numbers become floats where halves may arise (cxcywh), and
        int64 else (torchvision's stay, and wrap around in uint8).

    Raises:
        ValueError: not 4 coordinates, or a format is another (torchvision's rotated ones too).
    """
    check_boxes("boxes", boxes)
    check_format("in_fmt", in_fmt)
    check_format("out_fmt", out_fmt)
    if in_fmt == out_fmt:
        return boxes.clone()
    return _from_xyxy(_to_xyxy(widened(boxes), in_fmt), out_fmt)


def _to_xyxy(boxes: Tensor, fmt: str) -> Tensor:
    if fmt == "xyxy":
        return boxes
    x, y, w, h = boxes.unbind(-1)
    if fmt == "cxcywh":
        x, y = x - w / 2, y - h / 2
    return torch.stack([x, y, x + w, y + h], dim=-1)


def _from_xyxy(boxes: Tensor, fmt: str) -> Tensor:
    if fmt == "xyxy":
        return boxes
    x1, y1, x2, y2 = boxes.unbind(-1)
    x, y = (x1, y1) if fmt == "xywh" else ((x1 + x2) / 2, (y1 + y2) / 2)
    return torch.stack([x, y, x2 - x1, y2 - y1], dim=-1)


def clip_boxes_to_image(
    boxes: Num[Tensor, "*batch 4"], size: tuple[int, int]
) -> Num[Tensor, "*batch 4"]:
    """Cut off what lies outside the image; ``torchvision.ops.clip_boxes_to_image``.

    Args:
        boxes: (..., 4) xyxy.
        size: the image's (height, width), in that order.

    Returns:
        (..., 4). A box wholly outside keeps its place in the list, and has no area.

    Raises:
        ValueError: ``boxes`` has not 4 coordinates, or ``size`` is negative.
    """
    check_boxes("boxes", boxes)
    height, width = size
    if min(size) < 0:
        raise ValueError(f"size is {size!r}: give the image's (height, width).")
    x1, y1, x2, y2 = comparable(boxes).unbind(-1)
    x1, x2 = x1.clamp(0, width), x2.clamp(0, width)
    y1, y2 = y1.clamp(0, height), y2.clamp(0, height)
    return torch.stack([x1, y1, x2, y2], dim=-1)


def remove_small_boxes(boxes: Num[Tensor, "N 4"], min_size: float) -> Int[Tensor, " K"]:
    """Which boxes are at least ``min_size`` wide and high; ``torchvision.ops.remove_small_boxes``.

    Args:
        boxes, min_size: (N, 4) xyxy; pixels, a side of exactly this length is long enough.

    Returns:
        int64 (K,), rising indices of the boxes to keep.

    Raises:
        ValueError: ``boxes`` is not (N, 4), or ``min_size`` is NaN.
    """
    check_boxes("boxes", boxes, "(N, 4)")
    check_number("min_size", min_size)
    x1, y1, x2, y2 = widened(boxes).unbind(-1)
    return ((x2 - x1 >= min_size) & (y2 - y1 >= min_size)).nonzero().squeeze(1)
