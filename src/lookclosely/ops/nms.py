"""Non-maximum suppression of boxes: of many answers to one question, keep the best.

N is the number of boxes (xyxy, in pixels), K of those kept. Where the idea comes from, thin edges,
is in :mod:`lookclosely.ops.edges`; its two functions can be imported from here too.
"""

import math
from functools import cache

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ._arguments import (
    at_least_float32,
    check_boxes,
    check_floats,
    check_number,
    check_one_each,
    comparable,
    whole,
)
from .boxes import box_iou
from .edges import canny_nms, non_max_suppression_1d

__all__ = ["batched_nms", "canny_nms", "nms", "non_max_suppression_1d", "soft_nms"]

# Boxes that are settled at a time. Small enough that a block's IoUs stay in the processor's cache.
BLOCK = 192
FEW = 4  # so many large classes are faster one by one than together
PAIRS_KEPT = 2**22  # 16 MB of float32: so many pairs' weights soft_nms computes once and keeps


def nms(
    boxes: Float[Tensor, "N 4"], scores: Float[Tensor, " N"], iou_threshold: float
) -> Int[Tensor, " K"]:
    """Greedy non-maximum suppression, ``torchvision.ops.nms``.

    Take the boxes from the highest score to the lowest. Keep a box, unless its IoU with one that
    was kept before is **greater** than ``iou_threshold``.

    Args:
        boxes: (N, 4) xyxy.
        scores: (N,).
        iou_threshold: from 0 to 1. The IoU, rounded to the precision of ``boxes``, is compared
            with all digits of this number: in float32 an IoU of 1/10 is 0.100000001, more than
            0.1. (So does torchvision on CPU; on CUDA it rounds the threshold too.)

    Returns:
        int64 (K,), indices of the boxes kept, by falling score; of equal scores, the first comes
        first. Boxes without area have no IoU with each other, and are all kept.

    Raises:
        ValueError: ``boxes`` is not (N, 4), ``scores`` is not (N,), or ``iou_threshold`` is NaN.

    Source: Felzenszwalb et al. 2010, *Discriminatively trained part-based models*, section 7.2
    (who divide by the area of one box); by IoU, Girshick et al. 2014, *R-CNN*, section 2.2.
    """
    check_boxes("boxes", boxes, "(N, 4)")
    check_one_each("scores", scores, boxes)
    check_number("iou_threshold", iou_threshold)
    # The result is indices: there is nothing to differentiate.
    boxes, scores = comparable(boxes.detach()), comparable(scores)
    limit = _round_down(float(iou_threshold), boxes.dtype)
    return _best_of(boxes, scores.argsort(descending=True, stable=True), limit)


def _best_of(boxes: Tensor, waiting: Int[Tensor, " W"], limit: float) -> Int[Tensor, " K"]:
    """Which of the boxes that wait, the best first, no better one covers that stays."""
    kept = []
    while len(waiting):
        block, waiting = waiting[:BLOCK], waiting[BLOCK:]
        best = boxes[block]
        overlaps = box_iou(best, best).gt_(limit)  # 1 or 0, in place: a new tensor costs time
        stays = _settle(overlaps.triu_(diagonal=1))
        kept.append(block[stays])
        if len(waiting):  # strike out those that the block's survivors cover
            covered = box_iou(best[stays], boxes[waiting]).gt_(limit).amax(dim=0)
            waiting = waiting[covered == 0]
    return torch.cat(kept) if kept else waiting


def _settle(covers: Float[Tensor, "*classes B B"]) -> Bool[Tensor, "*classes B"]:
    """Which of a few boxes, the best first, stay: those that no better one covers that stays.

    ``covers[i, j]`` is 1 if i is better than j and overlaps it. Suppose that all stay; strike out
    those covered by one that stays; do so again with those left over, until nothing changes. Round
    n is right at least for the n best boxes, so this ends; it takes as many rounds as the longest
    chain of overlaps, most often three or four.
    """
    stays = torch.ones_like(covers[..., :1, :])  # one row for each class
    while True:
        before, stays = stays, (stays @ covers).eq_(0)  # stays @ covers: how many cover each j
        if torch.equal(before, stays):
            return stays.squeeze(-2).bool()


@cache
def _round_down(threshold: float, dtype: torch.dtype) -> float:
    """The largest number, of the type that IoUs of such boxes have, not above ``threshold``.

    An IoU is greater than it exactly if it is greater than ``threshold`` in all its digits, while
    ``iou > threshold`` would first round the threshold to the IoU's type, up or down.
    """
    rounded = torch.tensor(threshold, dtype=torch.promote_types(dtype, torch.float32))
    if rounded.item() > threshold:
        rounded = rounded.nextafter(torch.full_like(rounded, -math.inf))
    return rounded.item()


def batched_nms(
    boxes: Float[Tensor, "N 4"],
    scores: Float[Tensor, " N"],
    idxs: Int[Tensor, " N"],
    iou_threshold: float,
) -> Int[Tensor, " K"]:
    """:func:`nms` within each class: boxes of two classes never suppress each other.

    ``torchvision.ops.batched_nms``, but for a trick: with few boxes it shifts the classes apart and
    suppresses once, which goes wrong for negative coordinates. Here classes are rows of a table, in
    which all rows are worked on together: how many times it starts over, and on a GPU waits for the
    result, depends on how many boxes the largest class has, and not on how many classes there are.

    Args:
        boxes: (N, 4) xyxy.
        scores: (N,).
        idxs: (N,) whole numbers, the class (or image) of each box.
        iou_threshold: as in :func:`nms`.

    Returns:
        int64 (K,), indices of the boxes kept, by falling score over all classes.

    Raises:
        ValueError: ``boxes`` is not (N, 4), ``scores`` or ``idxs`` is not (N,), ``idxs`` are no
            whole numbers, or ``iou_threshold`` is NaN.
    """
    check_boxes("boxes", boxes, "(N, 4)")
    check_one_each("scores", scores, boxes)
    check_one_each("idxs", idxs, boxes)
    check_number("iou_threshold", iou_threshold)
    idxs = whole("idxs", idxs)
    by_score = comparable(scores).argsort(descending=True, stable=True)
    # From here on a box's number is its rank by score; one box more, of NaN, overlaps nothing.
    boxes = at_least_float32(boxes.detach())[by_score]
    boxes = torch.cat([boxes, boxes.new_full((1, 4), math.nan)])
    classes = idxs[by_score]
    limit = _round_down(float(iou_threshold), boxes.dtype)
    stays = torch.zeros(len(boxes), dtype=torch.bool, device=boxes.device)
    waiting = classes.argsort(stable=True)  # class by class, in each the best first
    while len(waiting):
        table = _large_classes(waiting, classes[waiting], nothing=len(classes))
        if len(table) <= FEW and table.shape[1] > BLOCK:
            kept, done = torch.cat([_best_of(boxes, row, limit) for row in table]), table
        else:
            kept, done = _best_of_each(boxes, table, limit)
        stays[kept] = True
        waits = torch.ones_like(stays).index_fill_(0, done.flatten(), False)
        waiting = waiting[waits[waiting]]
    return by_score[stays[:-1]]


def _best_of_each(
    boxes: Float[Tensor, "N 4"], table: Int[Tensor, "classes most"], limit: float
) -> tuple[Int[Tensor, "classes best"], Int[Tensor, " done"]]:
    """One turn of :func:`_best_of` for each row: which boxes stay, and which need not wait more."""
    nothing = len(boxes) - 1
    block, others = table[:, :BLOCK], table[:, BLOCK:]
    overlaps = box_iou(boxes[block], boxes[block]).gt_(limit)  # (classes, BLOCK, BLOCK)
    best = block.where(_settle(overlaps.triu_(diagonal=1)), nothing)
    if not others.shape[1]:
        return best, block.flatten()
    best = best.sort().values[:, : int((best < nothing).sum(1).max())]
    covered = box_iou(boxes[best], boxes[others]).gt_(limit).amax(dim=1)
    return best, torch.cat([block.flatten(), others[covered > 0]])


def _large_classes(
    waiting: Int[Tensor, " W"], classes: Int[Tensor, " W"], nothing: int
) -> Int[Tensor, "large most"]:
    """The boxes of each class that has more than half as many as the largest, a row for each.

    Rows are filled up with ``nothing``, at most to twice their length. In the next turn, what was
    not large may be: so a few large classes do not make many small ones wide.

    Args:
        waiting: boxes, class by class.
        classes: the class of each.
    """
    counts = classes.unique_consecutive(return_counts=True)[1]
    starts = counts.cumsum(0) - counts
    most = int(counts.max())
    large = 2 * counts > most
    places = torch.arange(most, device=waiting.device)
    index = (starts[large, None] + places).clamp(max=len(waiting) - 1)
    return waiting[index].where(places < counts[large, None], nothing)


def soft_nms(
    boxes: Float[Tensor, "N 4"],
    scores: Float[Tensor, " N"],
    *,
    sigma: float = 0.5,
    iou_threshold: float = 0.3,
    score_threshold: float = 0.001,
    method: str = "gaussian",
) -> tuple[Int[Tensor, " K"], Float[Tensor, " K"]]:
    """Soft-NMS: a box that overlaps a better one is not thrown away, but loses score.

    Take the box with the highest score, M; multiply the score of every box b that is left by a
    weight that falls with o = IoU(M, b); go on with the new scores. The weight is

        hard       0 if o > iou_threshold, else 1           (then this is :func:`nms`)
        linear     1 − o if o > iou_threshold, else 1
        gaussian   exp(−o² / sigma)

    Args:
        boxes: (N, 4) xyxy.
        scores: (N,), not negative.
        sigma: width of the gaussian; greater is gentler.
        iou_threshold: where "hard" and "linear" begin; "gaussian" does not use it.
        score_threshold: a box is dropped once its score is not greater than this.
        method: "gaussian", "linear" or "hard".

    Returns:
        int64 (K,) indices of the boxes kept, and (K,) their new scores, both by falling new score.

    Raises:
        ValueError: shapes do not agree, ``scores`` are whole numbers, a score or
            ``score_threshold`` is negative, ``sigma`` is not positive, ``iou_threshold`` is NaN,
            or ``method`` is another.

    Source: Bodla et al. 2017, *Soft-NMS: improving object detection with one line of code*,
    section 3. They write o ≥ the threshold where their code, like ours, has o >; and their code
    counts pixels (+1) for areas, ours does not.
    """
    check_boxes("boxes", boxes, "(N, 4)")
    check_one_each("scores", scores, boxes)
    check_floats("scores", scores, "a weight below 1")
    check_number("iou_threshold", iou_threshold)
    _check_soft(scores, sigma, score_threshold, method)
    limit = _round_down(float(iou_threshold), boxes.dtype)
    at_once = len(boxes) ** 2 <= PAIRS_KEPT
    table = _weights(boxes, boxes, sigma, limit, method) if at_once else None  # (N, N)
    kept, kept_scores = [], [scores[:0]]
    for _ in range(len(scores)):  # each round waits for the scores that the last one left
        best = int(scores.argmax())
        if scores[best] <= score_threshold:
            break
        kept.append(best)
        kept_scores.append(scores[best : best + 1])
        if table is None:
            weights = _weights(boxes[best : best + 1], boxes, sigma, limit, method)[0]
        else:
            weights = table[best]
        scores = (scores * weights).index_fill(0, scores.new_tensor([best]).long(), 0)  # taken
    return torch.tensor(kept, dtype=torch.int64, device=boxes.device), torch.cat(kept_scores)


def _weights(best: Tensor, boxes: Tensor, sigma: float, limit: float, method: str) -> Tensor:
    """What the scores of ``boxes`` are multiplied by when one of ``best`` is taken: (B, N)."""
    overlap = box_iou(best, boxes).nan_to_num(nan=0.0)
    if method == "gaussian":
        return torch.exp(-(overlap**2) / sigma)
    weight = 1 - overlap if method == "linear" else torch.zeros_like(overlap)
    return torch.where(overlap > limit, weight, 1)


def _check_soft(scores: Tensor, sigma: float, score_threshold: float, method: str) -> None:
    if method not in ("gaussian", "linear", "hard"):
        raise ValueError(f"method is {method!r}: give 'gaussian', 'linear' or 'hard'.")
    if not sigma > 0:
        raise ValueError(f"sigma is {sigma}: give a positive number.")
    if not score_threshold >= 0:
        raise ValueError(f"score_threshold is {score_threshold}: give 0 or more.")
    if len(scores) and scores.min() < 0:
        raise ValueError(
            f"scores go down to {scores.min():.3g}, but a weight below 1 would raise a negative "
            "score: give probabilities (sigmoid or softmax of logits)."
        )
