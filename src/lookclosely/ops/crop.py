"""Cut boxes out of images and put what was computed for them back.

Shapes: N boxes, C channels, H × W the image, s the side of a crop. Boxes are xyxy in continuous
pixels: pixel (i, j) covers [j, j + 1) × [i, i + 1). Boxes may reach beyond the image.
"""

import torch
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
        ValueError: for a different number of images and boxes, an empty box, ``size`` < 1, or
            another mode.

    Source: R-CNN's warping of regions (Girshick et al. 2014, section 2.1), without its padding;
    TensorFlow's ``crop_and_resize`` puts the samples on the corners of the box instead.
    """
    if len(images) != len(boxes):
        raise ValueError(f"{len(images)} images for {len(boxes)} boxes: give one for each")
    if size < 1:
        raise ValueError(f"size is {size}: it must be at least 1")
    if mode not in ("bilinear", "nearest"):
        raise ValueError(f'mode is {mode!r}: choose "bilinear" or "nearest"')
    _check_boxes(boxes)
    steps = (torch.arange(size, dtype=boxes.dtype, device=boxes.device) + 0.5) / size
    x, y = (boxes[:, k, None] + steps * (boxes[:, k + 2] - boxes[:, k])[:, None] for k in (0, 1))
    return _sample(images, x - 0.5, y - 0.5, mode)


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
    height, width = crops.shape[-2:]
    x = (across * width - 0.5).clamp(0, width - 1)  # at the rim the nearest pixel's value
    y = (down * height - 0.5).clamp(0, height - 1)
    return _sample(crops, x, y, "bilinear") * inside[:, None], inside


def _check_boxes(boxes: Tensor) -> None:
    if not (boxes[:, 2:] > boxes[:, :2]).all():
        raise ValueError("boxes has one without area: give x2 > x1 and y2 > y1")


def _within(share: Tensor) -> Tensor:
    return (share >= 0) & (share < 1)


def _sample(
    images: Float[Tensor, "N C H W"],
    x: Float[Tensor, "N w"],
    y: Float[Tensor, "N h"],
    mode: str,
) -> Float[Tensor, "N C h w"]:
    """The images at places y × x, counted from pixel centre to pixel centre; 0 beyond them.

    Interpolation goes row by row and column by column, so it is a matrix from each side.
    """
    down, across = (
        _weights(place.to(images.dtype), count, mode)
        for place, count in zip((y, x), images.shape[-2:])
    )
    return down[:, None] @ images @ across[:, None].mT


def _weights(places: Float[Tensor, "N s"], count: int, mode: str) -> Float[Tensor, "N s count"]:
    """What each of ``count`` pixels adds at each place: a hat 1 − |p − k|, or 1 to the nearest."""
    pixels = torch.arange(count, device=places.device)
    if mode == "nearest":
        return (places.round()[..., None] == pixels).to(places.dtype)  # halves to even
    return (1 - (places[..., None] - pixels).abs()).clamp(min=0)
