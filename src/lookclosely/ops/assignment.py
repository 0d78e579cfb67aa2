"""Which anchor is taught which object, and from how many anchors a detector learns.

M true boxes of an image, N anchors (or proposals, or default boxes); further axes in front are
images. ``iou`` is (..., M, N), as ``box_iou(truth, anchors)`` gives it.

True boxes may be padded, as in ``Targets``: a row of zeros overlaps no anchor, so it is given none.
An IoU that is NaN (two boxes without area) counts as 0.
"""

import torch
from jaxtyping import Bool, Float, Int, Integer
from torch import Tensor

from ._arguments import at_least_float32, check_floats, check_number, whole, widened

BELOW, BETWEEN = -1, -2


def assign(
    iou: Float[Tensor, "*batch M N"], high: float, low: float, keep_best: bool = False
) -> Int[Tensor, "*batch N"]:
    """To each anchor the true box that it overlaps most, if it overlaps enough.

        index of the box    IoU ≥ high                positive
        −2                  low ≤ IoU < high          neither: left out of the loss
        −1                  IoU < low                 negative, the background

    With ``keep_best``, the anchors that overlap a true box most (all of them, where several overlap
    it equally) are positive even below ``high``, so that no object goes unlearnt. Each is given the
    box that *it* overlaps most, which need not be the one that it was kept for.

    As torchvision's ``Matcher``, but for two things. Without a true box every anchor is −1, where
    torchvision raises an error. And a true box that overlaps nothing keeps no anchor: torchvision
    then takes all of them, since all overlap it equally, by 0.

    Args:
        iou: (..., M, N).
        high, low: Faster R-CNN's anchors 0.7 and 0.3, its second stage 0.5 and 0.5, RetinaNet 0.5
            and 0.4.
        keep_best: for the anchors of Faster R-CNN and RetinaNet.

    Returns:
        int64 (..., N).

    Raises:
        ValueError: ``iou`` has no two axes or is of whole numbers, or ``low`` is above ``high``.

    Source: Ren et al. 2015, *Faster R-CNN*, section 3.1.2.
    """
    if not low <= high:
        raise ValueError(f"low is {low}, above high {high}: give a threshold that is not.")
    iou = _checked(iou)
    if not iou.numel():
        return _nobody(iou)
    best, index = iou.max(dim=-2)  # (..., N)
    assigned = index.where(best >= high, BETWEEN).where(best >= low, BELOW)
    if keep_best:
        most = iou.amax(dim=-1, keepdim=True)  # (..., M, 1)
        kept = ((iou == most) & (most > 0)).any(dim=-2)
        assigned = index.where(kept, assigned)
    return assigned


def ssd_match(iou: Float[Tensor, "*batch M N"], threshold: float = 0.5) -> Int[Tensor, "*batch N"]:
    """SSD's assignment: every true box gets the default box that it overlaps most, however little.

    Besides, as :func:`assign` with one threshold. Where one default box is the best of several true
    boxes, the last of them has it. As torchvision's ``SSDMatcher``, but that a true box which
    overlaps nothing (padding) gets none; there it takes the first default box.

    Args:
        iou: (..., M, N).
        threshold: from this IoU on, a default box is positive.

    Returns:
        int64 (..., N): index of the true box, or −1 for the background.

    Raises:
        ValueError: ``iou`` has no two axes or is of whole numbers, or ``threshold`` is NaN.

    Source: Liu et al. 2016, *SSD*, section 2.2, "Matching strategy".
    """
    check_number("threshold", threshold)
    iou = _checked(iou)
    if not iou.numel():
        return _nobody(iou)
    most, favourite = iou.max(dim=-1)  # (..., M)
    rank = torch.arange(iou.shape[-2], device=iou.device).where(most > 0, BELOW)
    owner = torch.full(iou.shape[:-2] + iou.shape[-1:], BELOW, device=iou.device)
    owner = owner.scatter_reduce(-1, favourite, rank, "amax")
    return owner.where(owner >= 0, assign(iou, threshold, threshold))


def balanced_sample(
    labels: Integer[Tensor, "*batch N"],
    batch_size: int,
    positive_fraction: float,
    *,
    generator: torch.Generator | None = None,
) -> tuple[Bool[Tensor, "*batch N"], Bool[Tensor, "*batch N"]]:
    """Of each image a few anchors, of which at most a given share are positive, drawn at random.

    Where there are fewer positive ones, negative ones stand in for them; where there are fewer
    negative ones, fewer are drawn. torchvision's ``BalancedPositiveNegativeSampler``, for all
    images at once.

    Args:
        labels: ≥ 1 positive, 0 negative, −1 ignored.
        batch_size: how many of each image: 256 anchors, or 512 proposals.
        positive_fraction: 0.5 for anchors, 0.25 for proposals; ⌊batch_size · fraction⌋ of them.
        generator: whose random numbers; torch's own if left out.

    Returns:
        Two masks of the shape of ``labels``: the positive ones and the negative ones drawn.

    Raises:
        ValueError: ``batch_size`` is negative, the fraction not from 0 to 1, or ``labels`` are not
            whole numbers.

    Source: Girshick 2015, *Fast R-CNN*, section 2.3; Ren et al. 2015, section 3.1.3.
    """
    if batch_size < 0:
        raise ValueError(f"batch_size is {batch_size}: give 0 or more.")
    if not 0 <= positive_fraction <= 1:
        raise ValueError(f"positive_fraction is {positive_fraction}: give a share from 0 to 1.")
    labels = whole("labels", labels)
    device = labels.device if generator is None else generator.device
    order = torch.rand(labels.shape, generator=generator, device=device).to(labels.device)
    positive = _first(labels > 0, order, int(batch_size * positive_fraction))
    left = batch_size - positive.sum(dim=-1, keepdim=True)
    return positive, _first(labels == 0, order, left)


def hard_negatives(
    loss: Float[Tensor, "B N"], positive: Bool[Tensor, "B N"], ratio: float = 3
) -> Bool[Tensor, "B N"]:
    """Of each image the negatives with the highest loss, ``ratio`` times as many as positives.

    An image without positives so teaches nothing, as in torchvision's ``SSD``. There, an image with
    too few negatives counts positives among them, once more; here it has fewer.

    Args:
        loss: of each default box, its classification.
        positive: which are positive.
        ratio: negatives for each positive.

    Returns:
        (B, N), True for the negatives that count; of equal losses, the first come first.

    Raises:
        ValueError: shapes differ, ``positive`` is no mask, or ``ratio`` is negative.

    Source: Liu et al. 2016, *SSD*, section 2.2, "Hard negative mining".
    """
    if loss.shape != positive.shape:
        raise ValueError(
            f"positive must be {tuple(loss.shape)}, as loss, but is {tuple(positive.shape)}."
        )
    if positive.dtype != torch.bool:
        raise ValueError(f"positive is {positive.dtype}: give bool, such as positive > 0.")
    if not ratio >= 0:
        raise ValueError(f"ratio is {ratio}: give 0 or more.")
    most = ratio * positive.sum(dim=-1, keepdim=True)
    return _first(~positive, -widened(loss.detach()), most)


def _first(
    chosen: Bool[Tensor, "*batch N"], order: Tensor, most: int | Tensor
) -> Bool[Tensor, "*batch N"]:
    """Of those chosen the ``most`` that come first by ``order``, in each row."""
    by_order = order.argsort(dim=-1, stable=True)
    rank = chosen.gather(-1, by_order).cumsum(dim=-1)  # 1 for the first that is chosen
    rank = torch.empty_like(rank).scatter_(-1, by_order, rank)
    return chosen & (rank <= most)


def _checked(iou: Tensor) -> Tensor:
    if iou.ndim < 2:
        raise ValueError(
            f"iou must be (..., M, N), true boxes by anchors, but is {tuple(iou.shape)}."
        )
    check_floats("iou", iou, "a quotient")
    return at_least_float32(iou.detach()).nan_to_num(nan=0.0)


def _nobody(iou: Tensor) -> Int[Tensor, "*batch N"]:
    return torch.full(iou.shape[:-2] + iou.shape[-1:], BELOW, device=iou.device)
