"""Precision, recall and average precision of a detector.

Detections are ranked by score. Going down the list, precision is the share of the detections so
far that are correct, recall the share of the objects found so far. Average precision (AP) sums the
curve up in one number; the mean over the classes is mAP.

Each benchmark has its rules for what is correct (``matching``) and for how to sum up; here are
those of PASCAL VOC.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lookclosely.ops._arguments import comparable

from ._arguments import check_mask
from ._images import Images
from .matching import Matches, voc_match


@dataclass(frozen=True)
class PrecisionRecall:
    """One point for each detection of a class that counts, by falling score.

    Attributes:
        precision: TP / (TP + FP) among the detections so far.
        recall: TP / all objects; it never falls.
        scores: score of the detection that was added last.
        positives: how many objects there are to find.
    """

    precision: Float[Tensor, " D"]
    recall: Float[Tensor, " D"]
    scores: Float[Tensor, " D"]
    positives: int


@dataclass(frozen=True)
class AveragePrecision:
    """AP of each class, their mean, and the curves that they sum up.

    A class without an object to find has AP NaN and is not in the mean.
    """

    mean: float
    per_class: dict[int, float]
    curves: dict[int, PrecisionRecall]


def precision_recall(
    scores: Float[Tensor, " D"], correct: Bool[Tensor, " D"], positives: int
) -> PrecisionRecall:
    """Precision and recall after each detection of one class, by falling score.

    Equal scores keep their order, as in VOC's and COCO's evaluation.

    Args:
        scores: confidence of each detection.
        correct: whether it is a true positive; otherwise it is a false one.
        positives: how many objects there are to find. With none, recall is NaN.

    Raises:
        ValueError: ``scores`` and ``correct`` are not (D,), ``correct`` is not of booleans, or
            more of them are correct than there are objects.
    """
    if scores.ndim != 1 or correct.shape != scores.shape:
        raise ValueError(
            f"scores has shape {tuple(scores.shape)} and correct {tuple(correct.shape)}: give (D,) "
            f"twice, one of each for a detection"
        )
    check_mask("correct", correct)
    positives = int(positives)
    if not int(correct.sum()) <= positives:
        raise ValueError(
            f"positives is {positives}, but {int(correct.sum())} detections are correct: an object "
            f"can be found only once"
        )
    scores, order = comparable(scores).sort(descending=True, stable=True)
    found = correct[order].cumsum(0).double()
    seen = torch.arange(1, len(scores) + 1, device=scores.device)
    return PrecisionRecall(found / seen, found / positives, scores, positives)


def average_precision(curve: PrecisionRecall, points: int | None = 11) -> float:
    """Sum a curve up by its envelope p(r) = max of the precision where recall ≥ r (0 if nowhere).

    Args:
        curve: precision and recall of one class.
        points: average the envelope at this many recalls, 0, 1/(points−1), …, 1: VOC takes 11
            until 2009 (Everingham et al. 2010, equations 1 and 2). None: the area under the
            envelope, as VOC does since 2010, Σ (r_i − r_{i−1}) p(r_i).

    Returns:
        From 0 to 1; NaN where there is no object to find.

    Raises:
        ValueError: ``points`` is below 2.

    Recalls are compared with the exact k/10: three of ten objects reach 0.3. Evaluation code that
    writes ``arange(0, 1.1, 0.1)`` or ``linspace(0, 1, 11)`` asks for 0.30000000000000004 there.
    """
    if points is not None and points < 2:
        raise ValueError(f"points is {points}: it must be 2 or more, or None for the area")
    if not curve.positives:
        return math.nan
    precision, recall = (x.detach().double().contiguous() for x in (curve.precision, curve.recall))
    envelope = precision.flip(0).cummax(0).values.flip(0)
    if points is None:
        before = torch.cat([recall.new_zeros(1), recall[:-1]])[: len(recall)]
        return float(((recall - before) * envelope).sum())
    # k / (points - 1), rounded once: an exact tie with TP / positives stays a tie.
    levels = torch.arange(points, device=envelope.device).double() / (points - 1)
    index = torch.searchsorted(recall, levels)  # the first recall that is >= the level
    return float(torch.cat([envelope, envelope.new_zeros(1)])[index].mean())


def voc_ap(
    predictions: Images,
    targets: Images,
    *,
    iou_threshold: float = 0.5,
    points: int | None = 11,
    inclusive_pixels: bool = False,
) -> AveragePrecision:
    """PASCAL VOC's average precision: match, rank, sum up, for each class.

    Args:
        predictions, targets: one dict an image, as torchvision and torchmetrics have them:
            predictions with boxes (D, 4), scores (D,), labels (D,); targets with boxes (G, 4),
            labels (G,) and, where there are any, difficult (G,). Boxes are (x1, y1, x2, y2).
        iou_threshold: a correct detection's IoU is above it.
        points: 11 as in VOC 2007, None for the area as since VOC 2010.
        inclusive_pixels: boxes are x2 − x1 wide, as everywhere in this book; True: x2 − x1 + 1,
            for boxes whose (x2, y2) is the last pixel inside, as in VOC's files.

    Source: Everingham et al. 2010, section 4.2. The rules are in ``voc_match``, the sum is in
    ``average_precision``.
    """
    matches = voc_match(
        predictions, targets, iou_threshold=iou_threshold, inclusive_pixels=inclusive_pixels
    )
    curves = {label: class_curve(matches, label) for label in matches.positives}
    per_class = {label: average_precision(curve, points) for label, curve in curves.items()}
    known = [ap for ap in per_class.values() if not math.isnan(ap)]
    mean = sum(known) / len(known) if known else math.nan
    return AveragePrecision(mean, per_class, curves)


def class_curve(matches: Matches, label: int) -> PrecisionRecall:
    """Precision and recall of one class; ignored detections are left out.

    Raises:
        ValueError: ``matches.ignored`` is not of booleans.
    """
    check_mask("matches.ignored", matches.ignored)
    mine = (matches.labels == label) & ~matches.ignored
    return precision_recall(
        comparable(matches.scores)[mine], matches.correct[mine], matches.positives.get(label, 0)
    )
