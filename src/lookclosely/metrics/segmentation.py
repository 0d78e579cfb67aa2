"""How well a class map agrees with the true one: the confusion matrix and what follows from it.

Shapes: K classes; N images; any number of pixels in any shape (``H W``, ``N H W``, a plain list).
Scores take one matrix, or a stack of them (``*batch``) and give a score for each.

The matrix ``n`` has a row for each true class and a column for each predicted class: ``n[i, j]``
pixels of class ``i`` were called ``j`` (Long et al. 2015, section 5; scikit-learn and torchmetrics
agree). For class k, TP = n[k, k], FN is the rest of row k, and FP is the rest of column k.

Matrices add up, so the score of a data set comes from the sum of its images' matrices: every pixel
counts alike. The mean of the images' scores is another number, in which every image counts alike.

Where a quotient is 0/0 the value is NaN, and means leave it out: a class that is nowhere has no
IoU, and a class that is never true has no recall. Torchmetrics gives such a class 0 (or 1, with
``zero_division=1``).
"""

import math

import torch
from jaxtyping import Bool, Float, Int, Integer, Real
from torch import Tensor

from lookclosely.ops._arguments import whole


def confusion_matrix(
    pred: Integer[Tensor, "*size"] | Bool[Tensor, "*size"],
    target: Integer[Tensor, "*size"] | Bool[Tensor, "*size"],
    num_classes: int,
    ignore_index: int | None = None,
) -> Int[Tensor, "K K"]:
    """Count the pixels of true class i (row) that were predicted as class j (column).

    Args:
        pred: predicted class of each pixel, 0 to K-1.
        target: true class of each pixel, 0 to K-1 or ``ignore_index``.
        num_classes: K.
        ignore_index: pixels with this true class are not counted, whatever was predicted there.

    Raises:
        ValueError: for different shapes, classes in floats, or a class outside 0 to K-1.
    """
    _check_same_shape(pred, target)
    return confusion_matrices(pred[None], target[None], num_classes, ignore_index)[0]


def confusion_matrices(
    pred: Integer[Tensor, "N ..."] | Bool[Tensor, "N ..."],
    target: Integer[Tensor, "N ..."] | Bool[Tensor, "N ..."],
    num_classes: int,
    ignore_index: int | None = None,
) -> Int[Tensor, "N K K"]:
    """One confusion matrix for each image; arguments and errors as for ``confusion_matrix``.

    Image, true and predicted class become one number, ``(image * K + target) * K + pred``, and the
    numbers are counted. The sum over the images is ``confusion_matrix(pred, target, K)``.
    """
    _check_same_shape(pred, target)
    if target.ndim == 0:
        raise ValueError("target is one number: give (N, *pixels), images one after the other")
    # Compared as it comes, 256 would be class 0 of uint8.
    pred, target = whole("pred", pred), whole("target", target)
    kept = None if ignore_index is None else target != ignore_index
    _check_classes(pred, num_classes, "pred", kept)
    _check_classes(target, num_classes, "target", kept)
    rows = target  # of the matrices, one below the other
    if len(target) > 1:
        first = torch.arange(0, len(target) * num_classes, num_classes, device=target.device)
        rows = rows + first.view(-1, *[1] * (target.ndim - 1))
    numbers = torch.add(pred, rows, alpha=num_classes)
    size = (len(target), num_classes, num_classes)
    bins = math.prod(size)
    if kept is not None:
        numbers = numbers.where(kept, bins)  # one number more, for what is not counted
    return numbers.flatten().bincount(minlength=bins)[:bins].reshape(size)


def _check_same_shape(pred: Tensor, target: Tensor) -> None:
    if pred.shape != target.shape:
        raise ValueError(
            f"pred has shape {tuple(pred.shape)}, but target {tuple(target.shape)}: both must hold "
            f"one class for each pixel (take the argmax of scores first)"
        )


def _check_classes(labels: Tensor, num_classes: int, name: str, kept: Tensor | None) -> None:
    if num_classes < 1:
        raise ValueError(f"num_classes is {num_classes}: it must be at least 1")
    if not labels.numel():
        return
    low, high = (labels if kept is None else labels.where(kept, 0)).aminmax()
    if low < 0 or high >= num_classes:
        low, high = (labels if kept is None else labels[kept]).aminmax()
        raise ValueError(
            f"{name} has classes from {int(low)} to {int(high)}, but num_classes is {num_classes}: "
            f"map them to 0 to {num_classes - 1}, or name the target's ignore_index"
        )


def _counts(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """TP, FP and FN of each class, (*batch, K), in float64, which holds any count exactly."""
    if matrix.ndim < 2 or matrix.shape[-2] != matrix.shape[-1]:
        raise ValueError(f"matrix must be K by K, but its shape is {tuple(matrix.shape)}")
    matrix = matrix.double()
    tp = matrix.diagonal(dim1=-2, dim2=-1)
    return tp, matrix.sum(-2) - tp, matrix.sum(-1) - tp


def pixel_accuracy(matrix: Real[Tensor, "*batch K K"]) -> Float[Tensor, "*batch"]:
    """PA, the share of pixels that are right: Σ TP / all pixels (Long et al. 2015, section 5)."""
    tp, _, fn = _counts(matrix)
    return tp.sum(-1) / (tp + fn).sum(-1)


def mean_pixel_accuracy(matrix: Real[Tensor, "*batch K K"]) -> Float[Tensor, "*batch"]:
    """MPA, the mean recall of the classes that occur in the truth (Long et al. 2015, section 5).

    Torchmetrics' macro accuracy also counts, as 0, a class that is predicted but never true.
    """
    return recall(matrix).nanmean(-1)


def iou(matrix: Real[Tensor, "*batch K K"]) -> Float[Tensor, "*batch K"]:
    """Intersection over union of each class: TP / (TP + FP + FN); the Jaccard index."""
    tp, fp, fn = _counts(matrix)
    return tp / (tp + fp + fn)


def mean_iou(
    matrix: Real[Tensor, "*batch K K"], *, ignore_index: int | None = None
) -> Float[Tensor, "*batch"]:
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
    if ignore_index is not None and 0 <= ignore_index < scores.shape[-1]:
        scores[..., ignore_index] = torch.nan
    return scores.nanmean(-1)


def dice(matrix: Real[Tensor, "*batch K K"]) -> Float[Tensor, "*batch K"]:
    """Dice coefficient of each class: 2 TP / (2 TP + FP + FN) = 2 IoU / (1 + IoU) (Dice 1945)."""
    tp, fp, fn = _counts(matrix)
    return 2 * tp / (2 * tp + fp + fn)


def precision(matrix: Real[Tensor, "*batch K K"]) -> Float[Tensor, "*batch K"]:
    """Of the pixels called k, the share that is k: TP / (TP + FP). NaN if k is never predicted."""
    tp, fp, _ = _counts(matrix)
    return tp / (tp + fp)


def recall(matrix: Real[Tensor, "*batch K K"]) -> Float[Tensor, "*batch K"]:
    """Of the pixels that are k, the share called k: TP / (TP + FN). NaN if k is never true."""
    tp, _, fn = _counts(matrix)
    return tp / (tp + fn)


def f1(matrix: Real[Tensor, "*batch K K"]) -> Float[Tensor, "*batch K"]:
    """Harmonic mean of precision P and recall R: 2 P R / (P + R).

    Put P and R in, and TP cancels: the result is 2 TP / (2 TP + FP + FN), the Dice coefficient.
    In that form it also has a value (0) where P or R is 0/0 but the class is there.
    """
    return dice(matrix)
