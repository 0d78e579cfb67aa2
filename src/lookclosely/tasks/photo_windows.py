"""A classifier of whole pictures, asked about windows of a photo: a detector that nobody trained.

Shapes: N windows, H × W pixels, K classes. Windows are boxes, xyxy, with whole-number corners.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lookclosely.models import backbones


def windows(
    size: tuple[int, int], shapes: Sequence[tuple[int, int]], step: int
) -> Float[Tensor, "N 4"]:
    """Windows of all shapes (height, width), each ``step`` pixels from the last, column by column.

    Those that would reach beyond ``size`` (H, W) are left out.

    Raises:
        ValueError: ``step`` is below 1, or ``shapes`` has none that fits.
    """
    if step < 1:
        raise ValueError(f"step is {step}: give at least 1")
    parts = [torch.empty(0, 4)]
    for height, width in shapes:
        if height <= size[0] and width <= size[1]:
            lefts = torch.arange(0, size[1] - width + 1, step)
            tops = torch.arange(0, size[0] - height + 1, step)
            corners = torch.cartesian_prod(lefts, tops)
            parts.append(torch.cat([corners, corners + torch.tensor([width, height])], dim=1))
    if len(parts) == 1:
        raise ValueError(f"shapes has none that fits into {size}: {list(shapes)}")
    return torch.cat(parts)


@torch.no_grad()
def probabilities(
    network: nn.Module,
    image: Float[Tensor, "3 H W"],
    boxes: Float[Tensor, "N 4"],
    *,
    side: int = 128,
    batch: int = 8,
) -> Float[Tensor, "N K"]:
    """What the ImageNet network says to each window, cut out and resized to ``side``².

    Args:
        network: takes images as ``backbones.normalize`` makes them, and gives logits.
        image: values in [0, 1].
        boxes: windows inside the image.
        batch: so many at a time; few stay in a processor's cache, and take half the time.
    """
    crops = [
        F.interpolate(image[None, :, y1:y2, x1:x2], (side, side), mode="bilinear", antialias=True)
        for x1, y1, x2, y2 in boxes.long().tolist()
    ]
    parts = torch.cat(crops).split(batch) if crops else [image.new_zeros(0, 3, side, side)]
    return torch.cat([network(backbones.normalize(part)).softmax(1) for part in parts])
