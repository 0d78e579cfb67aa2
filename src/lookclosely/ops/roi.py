"""Features of a region, averaged from samples between the cells of a map: nothing is rounded.

N maps of C channels and H × W cells, K regions, P × Q bins. Boxes are xyxy in continuous pixels, in
which cell (i, j) covers [j, j + 1) × [i, i + 1); its value stands at its centre. Why the sums may
be had as two matrix products, and when cells are gathered instead: ``_regions.py``.
"""

import torch
from jaxtyping import Float, Int, Num
from torch import Tensor

from ._arguments import IntOrAxes, at_least_float32, check_boxes, check_number
from ._regions import Boxes, added, around, gathered, regions, samples, weigh
from .boxes import box_area


def roi_align(
    input: Float[Tensor, "N C H W"],
    boxes: Boxes,
    output_size: IntOrAxes,
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
    aligned: bool = False,
) -> Float[Tensor, "K C P Q"]:
    """RoIAlign, ``torchvision.ops.roi_align``: each bin is the mean of samples spread over it.

        x = x₁ · spatial_scale − ½ [aligned] + (q + (s + ½) / S) · b,    b = width / Q

    for sample s of S in bin q, and likewise down; the value there is bilinear between the four
    cells around it. A sample above −1 or beyond H (W) counts as 0; others outside of the outermost
    centres have the value of the nearest cell.

    Args:
        boxes: (K, 5), the number of the map and xyxy; or a list of (L, 4), one for each map.
        output_size: P and Q, or one number for both.
        spatial_scale: cells of the map for one pixel of the boxes, such as 1/16.
        sampling_ratio: S along each axis. 0 or less: ⌈b⌉, about one sample a cell.
        aligned: whether the half cell from a corner to a centre is taken off, as it should be.
            Without (the default, as in the first published code) all is seen half a cell too far
            right and down, and a region is at least one cell wide and high.

    Returns:
        (K, C, P, Q), of the type of ``input``; summed in float32 at least. Differentiable with
        respect to the features and, other than torchvision's, to the boxes. A cell that is NaN or
        infinite shows where it has weight, and nowhere else.

    Raises:
        ValueError: shapes are others, ``input`` holds whole numbers, a map's number does not
            exist, or a coordinate is not finite.

    Source: He et al. 2017, *Mask R-CNN*, section 3 "RoIAlign"; ``aligned`` is Detectron2's.
    """
    check_number("spatial_scale", spatial_scale)
    index, boxes, bins = regions(input, boxes, output_size)
    left, top, right, bottom = (boxes * spatial_scale - (0.5 if aligned else 0)).unbind(1)
    width, height = right - left, bottom - top
    if not aligned:
        width, height = width.clamp(min=1), height.clamp(min=1)
    down = samples(top, height, bins[0], input.shape[2], sampling_ratio)
    across = samples(left, width, bins[1], input.shape[3], sampling_ratio)
    return added(input, index, down, across)


def ps_roi_align(
    input: Float[Tensor, "N C H W"],
    boxes: Boxes,
    output_size: IntOrAxes,
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
) -> Float[Tensor, "K c P Q"]:
    """Position-sensitive RoIAlign, ``torchvision.ops.ps_roi_align``: each bin has its own channels.

        out[k, c, p, q] = bin (p, q) of channel (c · P + p) · Q + q

    averaged as in :func:`roi_align` with ``aligned=True``. So the map of channels says "upper left
    part of class c" or "lower right part", and no layer is needed after the bins.

    Args:
        input: C is a multiple of P · Q, C = c · P · Q.
        boxes, output_size, spatial_scale, sampling_ratio: as :func:`roi_align`.

    Returns:
        (K, C / (P · Q), P, Q). A region without width or height has no samples if
        ``sampling_ratio`` is 0 or less, and then is 0; in torchvision it is 0/0, NaN.

    Raises:
        ValueError: as :func:`roi_align`, or C is no multiple of P · Q.

    Source: Dai et al. 2016, *R-FCN*, section 3, equation 1 (with RoIPool's rounded bins); with
    samples, Li et al. 2017, *Light-head R-CNN*.
    """
    check_number("spatial_scale", spatial_scale)
    index, boxes, bins = regions(input, boxes, output_size)
    count, channels, height, width = input.shape
    if channels % (bins[0] * bins[1]):
        raise ValueError(
            f"input has {channels} channels, no multiple of {bins[0]} × {bins[1]} bins: give each "
            "bin as many as every other."
        )
    left, top, right, bottom = (boxes * spatial_scale - 0.5).unbind(1)
    down = samples(top, bottom - top, bins[0], height, sampling_ratio)
    across = samples(left, right - left, bins[1], width, sampling_ratio)
    planes = input.unflatten(1, (-1, *bins)).permute(2, 3, 0, 1, 4, 5).flatten(0, 2)
    of_bin = torch.arange(bins[0] * bins[1], device=input.device).view(1, *bins) * count
    plane = index[:, None, None] + of_bin  # (K, P, Q): which of the P·Q·N
    return weigh(planes, lambda values: gathered(values, plane, down, across))


def roi_warp(
    input: Float[Tensor, "N C H W"], rois: Boxes, output_size: IntOrAxes
) -> Float[Tensor, "K C P Q"]:
    """RoI warping: a region stretched to P × Q, one bilinear sample in the middle of each bin.

        out[p, q] = Σ_i Σ_j  κ(y_p − i) · F[i, j] · κ(x_q − j),    κ(a) = max(0, 1 − |a|)
        x_q = x₁ + (q + ½) · (x₂ − x₁) / Q − ½,    y_p likewise

    Its point is the gradient with respect to the box, through which a later stage corrects what an
    earlier one predicted: it is right everywhere but where a sample meets a cell's centre.

    Args:
        rois: (K, 5), the number of the map and xyxy, in pixels of the map; or a list of (L, 4).
        output_size: P and Q. The paper takes 28 × 28, and the largest of each 2 × 2 after it.

    Returns:
        (K, C, P, Q). Outside of the outermost centres a map falls to 0 over one cell. The paper
        samples a bin at its upper left corner, and counts from cell to cell: there the sample is
        x₁ + q · (x₂ − x₁) / Q.

    Raises:
        ValueError: as :func:`roi_align`.

    Source: Dai et al. 2016, *Instance-aware semantic segmentation via multi-task network
    cascades*, section 3.2, "RoI warping layers".
    """
    index, boxes, bins = regions(input, rois, output_size, "rois")
    left, top, right, bottom = boxes.unbind(1)
    axes = []
    spans = (top, bottom, bins[0]), (left, right, bins[1])
    for (start, stop, count), cells in zip(spans, input.shape[2:]):
        middle = (torch.arange(count, device=boxes.device, dtype=boxes.dtype) + 0.5) / count
        place = start[:, None] + middle * (stop - start)[:, None] - 0.5  # (K, P)
        place = place[..., None]
        axes.append(around(place, torch.ones_like(place), cells))
    return added(input, index, *axes)


def assign_levels(
    boxes: Num[Tensor, "*batch 4"],
    min_level: int,
    max_level: int,
    canonical_size: float = 224,
    canonical_level: int = 4,
) -> Int[Tensor, "*batch"]:
    """From which level of a pyramid a region takes its features: the larger, the coarser.

        k = ⌊k₀ + log₂(√area / canonical_size) + 10⁻⁶⌋,  from min_level to max_level

    Level k has stride 2ᵏ. A region as large as an ImageNet picture, 224², belongs to the level on
    which that network was trained, k₀ = 4; half the side is one level finer.

    Args:
        boxes: (..., 4) xyxy, in pixels of the image.
        canonical_size: √area that belongs to level k₀. For smaller images it should be smaller.

    Returns:
        int64 (...), the level itself (torchvision's ``LevelMapper`` gives k − min_level). A box
        without area is on the finest.

    Raises:
        ValueError: not 4 coordinates, a coordinate is NaN, or ``min_level`` is above the other.

    Source: Lin et al. 2017, *Feature pyramid networks*, equation 1; 10⁻⁶ is torchvision's.
    """
    check_boxes("boxes", boxes)
    if not canonical_size > 0:
        raise ValueError(f"canonical_size is {canonical_size}: give a positive number of pixels.")
    if min_level > max_level:
        raise ValueError(f"min_level is {min_level}, above max_level {max_level}: swap them.")
    if boxes.isnan().any():
        raise ValueError("boxes has a coordinate that is NaN: leave such boxes out.")
    side = at_least_float32(box_area(boxes.detach())).clamp(min=0).sqrt()
    level = (canonical_level + torch.log2(side / canonical_size) + 1e-6).floor()
    return level.clamp(min_level, max_level).long()
