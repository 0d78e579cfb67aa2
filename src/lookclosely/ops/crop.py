"""Cut boxes out of images and put what was computed for them back.

Shapes: N boxes, C channels, H × W the image, s the side of a crop. Boxes are xyxy in continuous
pixels: pixel (i, j) covers [j, j + 1) × [i, i + 1). Boxes may reach beyond the image.
"""

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

from ._arguments import at_least_float32, check_boxes, check_floats
from ._linear import weighed

Boxes = Float[Tensor, "N 4"]


def crop_and_resize(
    images: Shaped[Tensor, "N C H W"], boxes: Boxes, size: int, *, mode: str = "bilinear"
) -> Shaped[Tensor, "N C s s"]:
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
        mode: "bilinear", or "nearest" for label maps, of any type.

    Returns:
        Crops of the type of ``images``. Differentiable with respect to ``images`` and ``boxes``
        (bilinear). A pixel that is NaN or infinite shows where it is seen, and nowhere else.

    Raises:
        ValueError: for a different number of images and boxes, an empty box or one that is not
            finite, images without pixels, ``size`` < 1, another mode, or a bilinear crop of
            whole numbers.

    Source: R-CNN's warping of regions (Girshick et al. 2014, section 2.1), without its padding;
    TensorFlow's ``crop_and_resize`` puts the samples on the corners of the box instead.
    """
    _check("images", images, boxes)
    if size < 1:
        raise ValueError(f"size is {size}: it must be at least 1")
    if mode not in ("bilinear", "nearest"):
        raise ValueError(f'mode is {mode!r}: choose "bilinear" or "nearest"')
    boxes = at_least_float32(boxes)
    steps = (torch.arange(size, dtype=boxes.dtype, device=boxes.device) + 0.5) / size
    x, y = (boxes[:, k, None] + steps * (boxes[:, k + 2] - boxes[:, k])[:, None] for k in (0, 1))
    x, y = x - 0.5, y - 0.5  # from the centre of the first pixel
    if mode == "nearest":
        return _nearest(_nearest(images, y, -2), x, -1)
    check_floats("images", images, "interpolation")
    return _interpolated(images, x, y)


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
        ValueError: for a different number of crops and boxes, an empty box or one that is not
            finite, or crops without pixels or of whole numbers.
    """
    _check("crops", crops, boxes)
    check_floats("crops", crops, "interpolation")
    boxes = at_least_float32(boxes)
    y, x = (torch.arange(n, dtype=boxes.dtype, device=boxes.device) + 0.5 for n in size)
    across, down = (
        (centre - boxes[:, k, None]) / (boxes[:, k + 2] - boxes[:, k])[:, None]
        for k, centre in ((0, x), (1, y))
    )  # (N, W), (N, H): 0 at the start of the box, 1 at its end
    inside = _within(down)[:, :, None] & _within(across)[:, None]  # (N, H, W)
    height, width = crops.shape[-2:]
    x = (across * width - 0.5).clamp(0, width - 1)  # at the rim the nearest pixel's value
    y = (down * height - 0.5).clamp(0, height - 1)
    return _interpolated(crops, x, y).masked_fill(~inside[:, None], 0), inside


def _check(name: str, images: Tensor, boxes: Tensor) -> None:
    check_boxes("boxes", boxes, "(N, 4)")
    boxes = at_least_float32(boxes)
    if images.ndim != 4 or 0 in images.shape[-2:]:
        raise ValueError(
            f"{name} must be (N, C, H, W) with at least one pixel, but is {tuple(images.shape)}."
        )
    if len(images) != len(boxes):
        raise ValueError(f"{len(images)} {name} for {len(boxes)} boxes: give one for each")
    if not (boxes.isfinite().all() and (boxes[:, 2:] > boxes[:, :2]).all()):
        raise ValueError("boxes has one without area: give finite numbers, x2 > x1 and y2 > y1")


def _within(share: Tensor) -> Tensor:
    return (share >= 0) & (share < 1)


def _interpolated(
    images: Float[Tensor, "N C H W"], x: Float[Tensor, "N w"], y: Float[Tensor, "N h"]
) -> Float[Tensor, "N C h w"]:
    """The images at places y × x, counted from pixel centre to pixel centre; 0 beyond them.

    Interpolation goes row by row and column by column, so it is a matrix from each side.
    """
    values = at_least_float32(images)
    down, across = (
        _weights(places.to(values.dtype), count)[:, None]
        for places, count in zip((y, x), images.shape[-2:])
    )
    return weighed(values, lambda x: down @ x @ across.mT).to(images.dtype)


def _weights(places: Float[Tensor, "N s"], count: int) -> Float[Tensor, "N s count"]:
    """What each of ``count`` pixels adds at each place: 1 − |p − k| for the two pixels round it."""
    pixels, places = torch.arange(count, device=places.device), places[..., None]
    low = places.floor()
    first, second = 1 - (places - low), 1 - (low + 1 - places)
    return (pixels == low) * first + (pixels == low + 1) * second


def _nearest(images: Shaped[Tensor, "N C H W"], places: Tensor, axis: int) -> Tensor:
    """Of each image the rows (or columns) nearest to these places; 0 where there is none."""
    number, last = places.round(), images.shape[axis] - 1  # halves to even
    beyond = (number < 0) | (number > last)
    index, beyond = (
        part[:, None, :, None] if axis == -2 else part[:, None, None]  # (N, 1, s, 1), (N, 1, 1, s)
        for part in (number.clamp(0, last).long(), beyond)
    )
    return images.take_along_dim(index, axis).masked_fill(beyond, 0)
