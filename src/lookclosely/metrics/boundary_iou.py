"""Boundary IoU: intersection over union, of the bands along two masks' outlines only."""

import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from lookclosely.metrics._arguments import check_mask


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
