"""How well the outline of a mask agrees with the true one: boundary F score, boundary IoU.

Shapes: H × W pixels, any leading indices (``*batch``: one mask, or one for each image).
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from ._arguments import check_mask


def boundary_pixels(mask: Bool[Tensor, "*batch H W"]) -> Bool[Tensor, "*batch H W"]:
    """Pixels that differ from the one on the right, below, or diagonally below right.

    The line is one pixel wide, half a pixel up and left of the true edge, and the same for a mask
    and its complement. The image's border is no boundary: nobody knows what lies beyond it.
    (This is ``seg2bmap`` of the Berkeley benchmark, which DAVIS uses.)

    Raises:
        ValueError: ``mask`` is not of booleans, or no image.
    """
    check_mask("mask", mask)
    if mask.ndim < 2:
        raise ValueError(f"mask must be (..., H, W), but has shape {tuple(mask.shape)}")
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

    Raises:
        ValueError: the masks are not of one shape or not of booleans, or ``tolerance`` is negative.

    Source: Csurka et al. 2013 (the BF score) and Perazzi et al. 2016 (DAVIS, contour accuracy F),
    whose evaluation code matches by dilation, as here, and not pixel to pixel.
    """
    if pred.shape != target.shape:
        raise ValueError(
            f"pred has shape {tuple(pred.shape)}, but target {tuple(target.shape)}: both must be "
            f"masks of the same image"
        )
    check_mask("pred", pred)
    check_mask("target", target)
    if not 0 <= tolerance < math.inf:
        raise ValueError(f"tolerance is {tolerance}: it must be a number of pixels, 0 or more")
    p, t = boundary_pixels(pred), boundary_pixels(target)
    p_hits, t_hits = p & _dilate(t, tolerance), t & _dilate(p, tolerance)
    p_hits, t_hits, p, t = (x.sum((-2, -1)).double() for x in (p_hits, t_hits, p, t))
    share_p, share_t = p_hits / p.clamp(min=1), t_hits / t.clamp(min=1)
    score = (2 * share_p * share_t / (share_p + share_t)).nan_to_num(0.0)
    return score.masked_fill(p + t == 0, 1.0)


def boundary_iou(
    pred: Bool[Tensor, "*batch H W"], target: Bool[Tensor, "*batch H W"], distance: int
) -> Float[Tensor, "*batch"]:
    """IoU of the pixels of each mask that lie within ``distance`` of its outline.

        |(P_d ∩ P) ∩ (G_d ∩ G)| / |(P_d ∩ P) ∪ (G_d ∩ G)|

    The inside of a large object is most of its mask and hides a bad outline from IoU; here it
    does not count. The band is what an erosion with a square of 2·distance + 1 pixels takes away;
    the image's border counts as outline, as in the published code.

    Args:
        pred, target: masks; one score for each leading index.
        distance: width of the band in pixels, at least 1. The paper takes 2 % of the image
            diagonal.

    Returns:
        The score, in float64; NaN where both masks are empty.

    Raises:
        ValueError: the shapes differ, the masks are not of booleans, or ``distance`` is below 1.

    Source: Cheng et al. 2021, *Boundary IoU: improving object-centric image segmentation
    evaluation*.
    """
    if pred.shape != target.shape:
        raise ValueError(
            f"pred has shape {tuple(pred.shape)}, but target {tuple(target.shape)}: give masks of "
            "one shape."
        )
    check_mask("pred", pred)
    check_mask("target", target)
    if distance < 1:
        raise ValueError(f"distance is {distance}: give 1 pixel or more.")
    p, t = _band(pred, distance), _band(target, distance)
    both, either = (x.sum((-2, -1)).double() for x in (p & t, p | t))
    return both / either


def _band(mask: Tensor, distance: int) -> Tensor:
    """The pixels of the mask that an erosion takes away; outside of the image is not mask."""
    if not mask.numel():
        return mask
    stack = mask.reshape(-1, 1, *mask.shape[-2:]).float()  # (B, 1, H, W)
    padded = F.pad(1 - stack, (distance,) * 4, value=1.0)
    eroded = F.max_pool2d(padded, 2 * distance + 1, stride=1) == 0
    return mask & ~eroded.reshape(mask.shape)
