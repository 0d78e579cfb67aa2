"""Cut boxes out of images and put what was computed for them back.

Shapes: N boxes, C channels, H × W the image, s the side of a crop. Boxes are xyxy in continuous
pixels: pixel (i, j) covers [j, j + 1) × [i, i + 1). Boxes may reach beyond the image.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

Boxes = Float[Tensor, "N 4"]


def crop_and_resize(
    images: Float[Tensor, "N C H W"], boxes: Boxes, size: int, *, mode: str = "bilinear"
) -> Float[Tensor, "N C s s"]:
    """The n-th box of the n-th image, stretched to ``size`` × ``size`` pixels.

    Pixel (i, j) of the crop is the image's value at

        x = x1 + (j + ½) (x2 − x1) / s,    y = y1 + (i + ½) (y2 − y1) / s,

    interpolated between pixel centres; what lies outside of the image is 0. A box that is enlarged
    or kept is sampled as ``F.interpolate(..., align_corners=False)`` does; one that is shrunk is
    not low-pass filtered.

    Args:
        images: one image for each box (``image.expand(len(boxes), -1, -1, -1)`` for one in all).
        boxes: xyxy, with positive width and height.
        size: s.
        mode: "bilinear", or "nearest" for label maps.

    Returns:
        Differentiable with respect to ``images`` and ``boxes`` (bilinear).

    Raises:
        ValueError: for a different number of images and boxes, an empty box, or ``size`` < 1.

    Source: R-CNN's warping of regions (Girshick et al. 2014, section 2.1), without its padding;
    TensorFlow's ``crop_and_resize`` puts the samples on the corners of the box instead.
    """
    if len(images) != len(boxes):
        raise ValueError(f"{len(images)} images for {len(boxes)} boxes: give one for each")
    if size < 1:
        raise ValueError(f"size is {size}: it must be at least 1")
    _check_boxes(boxes)
    steps = (torch.arange(size, dtype=boxes.dtype, device=boxes.device) + 0.5) / size
    x, y = (boxes[:, k, None] + steps * (boxes[:, k + 2] - boxes[:, k])[:, None] for k in (0, 1))
    grid = _grid(x / images.shape[-1], y / images.shape[-2])  # (N, s, s, 2)
    return _sample(images, grid, mode)


def paste(
    crops: Float[Tensor, "N C s s"], boxes: Boxes, size: tuple[int, int]
) -> tuple[Float[Tensor, "N C H W"], Bool[Tensor, "N H W"]]:
    """Each crop stretched over its box in an image of zeros; and where its box is.

    The way back of ``crop_and_resize``: a pixel of the image whose centre lies in the box gets the
    crop's value at that place, interpolated, and at the crop's rim that of the nearest pixel.

    Args:
        crops: what was computed for each box.
        boxes: xyxy, with positive width and height.
        size: (H, W) of the image.

    Returns:
        The images, and which pixels' centres are in [x1, x2) × [y1, y2).

    Raises:
        ValueError: for a different number of crops and boxes, or an empty box.
    """
    if len(crops) != len(boxes):
        raise ValueError(f"{len(crops)} crops for {len(boxes)} boxes: give one for each")
    _check_boxes(boxes)
    y, x = (torch.arange(n, dtype=boxes.dtype, device=boxes.device) + 0.5 for n in size)
    across, down = (
        (centre - boxes[:, k, None]) / (boxes[:, k + 2] - boxes[:, k])[:, None]
        for k, centre in ((0, x), (1, y))
    )  # (N, W), (N, H): 0 at the start of the box, 1 at its end
    inside = _within(down)[:, :, None] & _within(across)[:, None]  # (N, H, W)
    values = _sample(crops, _grid(across, down), "bilinear", beyond="border")
    return values * inside[:, None], inside


def _check_boxes(boxes: Tensor) -> None:
    if not (boxes[:, 2:] > boxes[:, :2]).all():
        raise ValueError("boxes has one without area: give x2 > x1 and y2 > y1")


def _within(share: Tensor) -> Tensor:
    return (share >= 0) & (share < 1)


def _grid(x: Float[Tensor, "N w"], y: Float[Tensor, "N h"]) -> Float[Tensor, "N h w 2"]:
    """Places as ``F.grid_sample`` wants them, from shares of width and height."""
    shape = (len(x), y.shape[1], x.shape[1])
    return torch.stack([x[:, None].expand(shape), y[:, :, None].expand(shape)], dim=-1) * 2 - 1


def _sample(images: Tensor, grid: Tensor, mode: str, beyond: str = "zeros") -> Tensor:
    if not len(images):
        return images.new_zeros(0, images.shape[1], *grid.shape[1:3])
    return F.grid_sample(
        images, grid.to(images.dtype), mode=mode, padding_mode=beyond, align_corners=False
    )
