"""COCO's average precision, of boxes and of masks.

Ten thresholds of IoU, 101 recalls, three sizes: every number is a mean of precisions or recalls
over the classes that have objects of that size. How so many are counted quickly stands in
``_coco_ranks``.

Sizes in arrays: N and G objects, K classes, R ranges of size (all, small, medium, large), T
thresholds.

Source: Lin et al. 2014, *Microsoft COCO: Common Objects in Context*; the rules are those of
``pycocotools.cocoeval``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from ._coco_pairs import Things, box_pairs, mask_pairs, things
from ._coco_ranks import match, ranks_of, sum_up, the_first
from ._images import Columns, Images, columns_of

SIDES = (32.0, 96.0)  # of squares, where small and medium objects end


@dataclass(frozen=True)
class CocoScores:
    """COCO's twelve numbers, and AP of each class. NaN where there is no object to find.

    ``ap``: mean over IoU 0.50, 0.55, …, 0.95; ``ap50``, ``ap75`` at one of them; ``aps apm apl`` of
    small, medium and large objects; ``ar1 ar10 ar100`` mean recall with that many detections of a
    class an image; ``ars arm arl`` of the sizes, with 100. ``per_class`` has AP by label,
    ``per_class_ap50`` likewise.
    """

    ap: float
    ap50: float
    ap75: float
    aps: float
    apm: float
    apl: float
    ar1: float
    ar10: float
    ar100: float
    ars: float
    arm: float
    arl: float
    per_class: dict[int, float]
    per_class_ap50: dict[int, float]


def coco_evaluate(predictions: Images, targets: Images, *, iou_type: str = "bbox") -> CocoScores:
    """COCO's scores of a detector; equal to ``pycocotools``.

    The rules. Within an image and class, the 100 detections of the highest scores are taken, by
    falling score, in the order of the input where scores are equal. Each gets, of the objects that
    are free, the one that it overlaps most (the last of equals), if the IoU is at least the
    threshold. An object is *ignored* if it is a crowd or its area lies outside of the range of
    sizes: it need not be found, and a detection that finds no other object but an ignored one is
    neither right nor wrong. So is a detection that finds nothing and lies itself outside of the
    range. A crowd is never used up, and IoU with it is |A ∩ B| / |A|, A the detection.
    The precision of a recall is the highest at that recall or a higher one; AP is its mean over
    the recalls 0, 0.01, …, 1. Ranges of area include both ends: 32² is small and medium.

    Args:
        predictions, targets: one dict an image, as torchvision and torchmetrics have them:
            predictions with boxes (D, 4), scores (D,), labels (D,); targets with boxes (G, 4),
            labels (G,) and, where there are any, iscrowd (G,) and area (G,), in square pixels; an
            object's area is else that of its box or mask. Boxes are (x1, y1, x2, y2).
        iou_type: "bbox"; or "segm" to compare masks (D, H, W) and (G, H, W), bool or 0 and 1.

    Raises:
        ValueError: names the image and the entry that is missing or malformed.

    Where ``pycocotools`` says −1 or cannot load (no detections at all), ours are NaN and 0.
    """
    classes, precision, recall = _evaluate(predictions, targets, SIDES, iou_type)
    ap = precision.mean(-1)  # (K, R, T)
    few, some, many = recall  # (K, R, T) each
    return CocoScores(
        ap=_mean(ap[:, 0]),
        ap50=_mean(ap[:, 0, 0]),
        ap75=_mean(ap[:, 0, 5]),
        aps=_mean(ap[:, 1]),
        apm=_mean(ap[:, 2]),
        apl=_mean(ap[:, 3]),
        ar1=_mean(few[:, 0]),
        ar10=_mean(some[:, 0]),
        ar100=_mean(many[:, 0]),
        ars=_mean(many[:, 1]),
        arm=_mean(many[:, 2]),
        arl=_mean(many[:, 3]),
        per_class=dict(zip(classes.tolist(), ap[:, 0].mean(-1).tolist())),
        per_class_ap50=dict(zip(classes.tolist(), ap[:, 0, 0].tolist())),
    )


def ap_by_size(
    predictions: Images, targets: Images, limits: Sequence[float], *, iou_type: str = "bbox"
) -> list[float]:
    """COCO's AP in ranges of size of one's own choice, such as terciles of a data set.

    Args:
        predictions, targets, iou_type: as in ``coco_evaluate``.
        limits: sides of squares in pixels, rising: an object is of the first range if the root of
            its area is at most the first limit. COCO's are 32 and 96. Ranges include both ends.

    Returns:
        One number more than there are limits; NaN for a range without an object.

    Raises:
        ValueError: ``limits`` do not rise from 0, or as ``coco_evaluate`` does.
    """
    ends = [0.0, *limits, math.inf]
    if not all(a < b for a, b in pairwise(ends)):
        raise ValueError(f"limits are {tuple(limits)}: give sides in pixels that rise from above 0")
    _, precision, _ = _evaluate(predictions, targets, limits, iou_type)
    return [_mean(precision[:, 1 + k]) for k in range(len(limits) + 1)]


def _mean(values: Float[np.ndarray, "..."]) -> float:
    """Over the classes that have objects."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else math.nan


def _evaluate(
    predictions: Images, targets: Images, sides: Sequence[float], iou_type: str
) -> tuple[Int[np.ndarray, " K"], Float[np.ndarray, "K R T 101"], Float[np.ndarray, "3 K R T"]]:
    """The labels, the precision at each recall, the recall with few, some and many detections."""
    if iou_type not in ("bbox", "segm"):
        raise ValueError(f"iou_type is {iou_type!r}: give 'bbox' or 'segm'")
    of = "boxes" if iou_type == "bbox" else "masks"
    columns = columns_of(predictions, targets, of=of, extra=("iscrowd", "area"))
    columns[1].check_finite("targets", "area", "leave it out")
    classes = torch.cat([each("labels").long() for each in columns]).unique().numpy()
    found = the_first(things(columns[0], classes, of, ranked=True))
    true = things(columns[1], classes, of, ranked=False)
    crowd, ignored = _ignored(columns[1], true, sides)
    if of == "boxes":
        pairs = box_pairs(found, true, crowd)
    else:
        pairs = mask_pairs(found, true, crowd, predictions, targets)
    states = match(pairs, ranks_of(found), crowd, ignored)
    positives = np.zeros((len(classes), ignored.shape[1]), dtype=np.int64)
    np.add.at(positives, true.labels, ~ignored)
    return classes, *sum_up(states, found, _outside(found.areas, sides), positives)


def _outside(areas: Float[np.ndarray, " N"], sides: Sequence[float]) -> Bool[np.ndarray, "N R"]:
    """Whether an area is outside of each range; the first range is that of all sizes."""
    low = np.array([0.0, 0.0, *sides]) ** 2
    high = np.array([math.inf, *sides, math.inf]) ** 2
    return (areas[:, None] < low) | (areas[:, None] > high)


def _ignored(
    targets: Columns, true: Things, sides: Sequence[float]
) -> tuple[Bool[np.ndarray, " G"], Bool[np.ndarray, "G R"]]:
    """Which objects are crowds; which are ignored in each range of sizes."""
    crowd = targets("iscrowd").numpy()[true.order] > 0
    given = np.array(["area" in target for target in targets.images], dtype=bool)[true.images]
    areas = np.where(given, targets("area").double().numpy()[true.order], true.areas)
    return crowd, crowd[:, None] | _outside(areas, sides)
