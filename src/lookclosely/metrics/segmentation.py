"""How well a class map agrees with the true one: the confusion matrix and what follows from it.

Shapes: K classes; any number of pixels in any shape (``H W``, ``N H W``, a plain list).

The matrix ``n`` has a row for each true class and a column for each predicted class: ``n[i, j]``
pixels of class ``i`` were called ``j`` (Long et al. 2015, section 5; scikit-learn and torchmetrics
agree). For class k, TP = n[k, k], FN is the rest of row k, and FP is the rest of column k.

Matrices add up, so the score of a data set comes from the sum of its images' matrices. That is
not the mean of the images' scores.

Where a quotient is 0/0 the value is NaN, and means leave it out: a class that is nowhere has no
IoU, and a class that is never true has no recall. Torchmetrics gives such a class 0 (or 1, with
``zero_division=1``).
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int, Integer, Real
from torch import Tensor


def confusion_matrix(
    pred: Integer[Tensor, "*size"] | Bool[Tensor, "*size"],
    target: Integer[Tensor, "*size"] | Bool[Tensor, "*size"],
    num_classes: int,
    ignore_index: int | None = None,
) -> Int[Tensor, "K K"]:
    """Count the pixels of true class i (row) that were predicted as class j (column).

    Every pair becomes one number, ``K * target + pred``, and the numbers are counted.

    Args:
        pred: predicted class of each pixel, 0 to K-1.
        target: true class of each pixel, 0 to K-1 or ``ignore_index``.
        num_classes: K.
        ignore_index: pixels with this true class are not counted, whatever was predicted there.

    Raises:
        ValueError: for different shapes, or a class outside 0 to K-1.
    """
    _check_same_shape(pred, target)
    if ignore_index is not None:
        pred, target = pred[target != ignore_index], target[target != ignore_index]
    _check_classes(pred, num_classes, "pred")
    _check_classes(target, num_classes, "target")
    pairs = target.flatten().long() * num_classes + pred.flatten().long()
    return pairs.bincount(minlength=num_classes**2).reshape(num_classes, num_classes)


def _check_same_shape(pred: Tensor, target: Tensor) -> None:
    if pred.shape != target.shape:
        raise ValueError(
            f"pred has shape {tuple(pred.shape)}, but target {tuple(target.shape)}: both must hold "
            f"one class for each pixel (take the argmax of scores first)"
        )


def _check_classes(labels: Tensor, num_classes: int, name: str) -> None:
    if num_classes < 1:
        raise ValueError(f"num_classes is {num_classes}: it must be at least 1")
    if labels.numel() and (labels.min() < 0 or labels.max() >= num_classes):
        raise ValueError(
            f"{name} has classes from {int(labels.min())} to {int(labels.max())}, but num_classes "
            f"is {num_classes}: map them to 0 to {num_classes - 1}, or name the target's "
            f"ignore_index"
        )


def _counts(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """TP, FP and FN of each class, three times (K,), in float64, which holds any count exactly."""
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"matrix must be K by K, but its shape is {tuple(matrix.shape)}")
    matrix = matrix.double()
    tp = matrix.diagonal()
    return tp, matrix.sum(0) - tp, matrix.sum(1) - tp


def pixel_accuracy(matrix: Real[Tensor, "K K"]) -> Float[Tensor, ""]:
    """PA, the share of pixels that are right: Σ TP / all pixels (Long et al. 2015, section 5)."""
    tp, _, fn = _counts(matrix)
    return tp.sum() / (tp + fn).sum()


def mean_pixel_accuracy(matrix: Real[Tensor, "K K"]) -> Float[Tensor, ""]:
    """MPA, the mean recall of the classes that occur in the truth (Long et al. 2015, section 5).

    Torchmetrics' macro accuracy also counts, as 0, a class that is predicted but never true.
    """
    return recall(matrix).nanmean()


def iou(matrix: Real[Tensor, "K K"]) -> Float[Tensor, " K"]:
    """Intersection over union of each class: TP / (TP + FP + FN); the Jaccard index."""
    tp, fp, fn = _counts(matrix)
    return tp / (tp + fp + fn)


def mean_iou(matrix: Real[Tensor, "K K"], *, ignore_index: int | None = None) -> Float[Tensor, ""]:
    """Mean IoU over the classes that are true or predicted somewhere.

    Args:
        matrix: K by K counts.
        ignore_index: leave this class out of the mean. Needed only where the ignored class is one
            of 0 to K-1: no pixel of it is counted as true, so one prediction of it is enough for
            an IoU of 0. (With 255, the usual choice, there is nothing to leave out.)

    Equals ``torchmetrics.functional.classification.multiclass_jaccard_index(average="macro")``
    with the same ``ignore_index``.
    """
    scores = iou(matrix)
    if ignore_index is not None and 0 <= ignore_index < len(scores):
        scores[ignore_index] = torch.nan
    return scores.nanmean()


def dice(matrix: Real[Tensor, "K K"]) -> Float[Tensor, " K"]:
    """Dice coefficient of each class: 2 TP / (2 TP + FP + FN) = 2 IoU / (1 + IoU) (Dice 1945)."""
    tp, fp, fn = _counts(matrix)
    return 2 * tp / (2 * tp + fp + fn)


def precision(matrix: Real[Tensor, "K K"]) -> Float[Tensor, " K"]:
    """Of the pixels called k, the share that is k: TP / (TP + FP). NaN if k is never predicted."""
    tp, fp, _ = _counts(matrix)
    return tp / (tp + fp)


def recall(matrix: Real[Tensor, "K K"]) -> Float[Tensor, " K"]:
    """Of the pixels that are k, the share called k: TP / (TP + FN). NaN if k is never true."""
    tp, _, fn = _counts(matrix)
    return tp / (tp + fn)


def f1(matrix: Real[Tensor, "K K"]) -> Float[Tensor, " K"]:
    """Harmonic mean of precision P and recall R: 2 P R / (P + R).

    Put P and R in, and TP cancels: the result is 2 TP / (2 TP + FP + FN), the Dice coefficient.
    In that form it also has a value (0) where P or R is 0/0 but the class is there.
    """
    return dice(matrix)


def boundary_pixels(mask: Bool[Tensor, "*batch H W"]) -> Bool[Tensor, "*batch H W"]:
    """Pixels that differ from the one on the right, below, or diagonally below right.

    The line is one pixel wide, half a pixel up and left of the true edge, and the same for a mask
    and its complement. The image's border is no boundary: nobody knows what lies beyond it.
    (This is ``seg2bmap`` of the Berkeley benchmark, which DAVIS uses.)
    """
    grown = torch.cat([mask, mask[..., -1:, :]], dim=-2)  # (*batch, H+1, W)
    grown = torch.cat([grown, grown[..., -1:]], dim=-1)  # (*batch, H+1, W+1)
    right, below, diagonal = grown[..., :-1, 1:], grown[..., 1:, :-1], grown[..., 1:, 1:]
    return (mask ^ right) | (mask ^ below) | (mask ^ diagonal)


def _dilate(mask: Tensor, radius: float | int) -> Tensor:
    """Pixels whose centre is at most ``radius`` from the centre of a pixel of the mask."""
    if not mask.numel():
        return mask
    reach = math.floor(radius)
    steps = torch.arange(-reach, reach + 1, device=mask.device)
    disk = steps[:, None] ** 2 + steps**2 <= radius**2
    stack = mask.reshape(-1, 1, *mask.shape[-2:]).float()  # (B, 1, H, W)
    near = F.conv2d(stack, disk[None, None].float(), padding=reach)
    return (near > 0.5).reshape(mask.shape)  # each value counts pixels


def boundary_f_score(
    pred: Bool[Tensor, "*batch H W"], target: Bool[Tensor, "*batch H W"], tolerance: float | int
) -> Float[Tensor, "*batch"]:
    """How well two masks' outlines agree: F = 2 P R / (P + R) of their boundary pixels.

    P is the share of the predicted boundary within ``tolerance`` of the true one; R is the share
    of the true boundary within ``tolerance`` of the predicted one. For a class map, ask for one
    class at a time: ``boundary_f_score(pred == k, target == k, 2)``.

    Args:
        pred, target: masks; one score for each leading index.
        tolerance: Euclidean distance in pixels between pixel centres, 0 or more. Csurka et al.
            take 0.75 % of the image diagonal, DAVIS 0.8 %, rounded up.

    Returns:
        1 where neither mask has a boundary, 0 where only one has.

    Source: Csurka et al. 2013 (the BF score) and Perazzi et al. 2016 (DAVIS, contour accuracy F),
    whose evaluation code matches by dilation, as here, and not pixel to pixel.
    """
    _check_same_shape(pred, target)
    if not 0 <= tolerance < math.inf:
        raise ValueError(f"tolerance is {tolerance}: it must be a number of pixels, 0 or more")
    p, t = boundary_pixels(pred), boundary_pixels(target)
    p_hits, t_hits = p & _dilate(t, tolerance), t & _dilate(p, tolerance)
    p_hits, t_hits, p, t = (x.sum((-2, -1)).double() for x in (p_hits, t_hits, p, t))
    share_p, share_t = p_hits / p.clamp(min=1), t_hits / t.clamp(min=1)
    score = (2 * share_p * share_t / (share_p + share_t)).nan_to_num(0.0)
    return score.masked_fill(p + t == 0, 1.0)
