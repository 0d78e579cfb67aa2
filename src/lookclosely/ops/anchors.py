"""Boxes that stand ready everywhere in an image, for a detector to choose from and to correct.

A anchors of one cell, a grid of h × w cells, L levels of a pyramid, N boxes in all. Boxes are xyxy
in pixels; sizes, strides and grids are (vertical, horizontal), as shapes are.

Two conventions, each as its authors' code has it. Anchors (Faster R-CNN, RetinaNet) are centred on
the corner of a cell, and have a ratio height / width. Default boxes (SSD) are centred on the middle
of a cell, and have a ratio width / height. Half a cell lies between the two.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Num
from torch import Tensor

from ._arguments import IntOrAxes, check_boxes, comparable, per_axis


def generate_anchors(
    scales: Sequence[float] | Tensor,
    aspect_ratios: Sequence[float] | Tensor,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> Float[Tensor, "A 4"]:
    """Anchors of one cell, around (0, 0): each ratio with each scale.

        width = scale / √ratio,   height = scale · √ratio

    so that the area is scale², whatever the ratio. Corners are rounded to whole pixels, halves to
    even: ±2.5 becomes ±2. As torchvision's ``AnchorGenerator.generate_anchors``.

    Args:
        scales: √area of each, in pixels.
        aspect_ratios: height / width of each.

    Returns:
        (A, 4), A = number of ratios · number of scales, ratio by ratio.

    Raises:
        ValueError: a scale or a ratio is not positive.

    Source: Ren et al. 2015, *Faster R-CNN*, section 3.1.1 (three scales, three ratios).
    """
    scales = torch.as_tensor(scales, dtype=dtype, device=device)
    ratios = torch.as_tensor(aspect_ratios, dtype=dtype, device=device)
    for name, values in (("scales", scales), ("aspect_ratios", ratios)):
        if values.ndim != 1 or not (values > 0).all():
            raise ValueError(f"{name} is {values.tolist()}: give a list of positive numbers.")
    tall = ratios.sqrt()
    widths = ((1 / tall)[:, None] * scales).flatten()  # (A,)
    heights = (tall[:, None] * scales).flatten()
    return (torch.stack([-widths, -heights, widths, heights], dim=1) / 2).round()


def grid_anchors(
    grid_size: IntOrAxes, stride: IntOrAxes, cell_anchors: Num[Tensor, "A 4"]
) -> Num[Tensor, "N 4"]:
    """The anchors of one cell, set down at every cell of a map.

    Those of cell (i, j) are centred on (x, y) = (j · stride, i · stride), which is the cell's upper
    left corner. As torchvision's ``AnchorGenerator.grid_anchors`` for one map.

    Args:
        grid_size: (h, w) of the map.
        stride: pixels from one cell to the next, down and across.
        cell_anchors: around (0, 0), as :func:`generate_anchors` gives them.

    Returns:
        (h·w·A, 4): row by row, in a row cell by cell, in a cell anchor by anchor. So a map of
        A · D channels fits after ``permute(0, 2, 3, 1).reshape(B, -1, D)``.

    Raises:
        ValueError: sizes are not whole numbers, a stride is below 1, or anchors are not (A, 4).
    """
    check_boxes("cell_anchors", cell_anchors, "(N, 4)")
    sizes, steps = per_axis("grid_size", grid_size, 2), per_axis("stride", stride, 2, minimum=1)
    down, across = (
        torch.arange(n, dtype=torch.int32, device=cell_anchors.device) * step
        for n, step in zip(sizes, steps)
    )
    y, x = torch.meshgrid(down, across, indexing="ij")
    shifts = torch.stack([x, y, x, y], dim=-1).reshape(-1, 1, 4)
    return (shifts + comparable(cell_anchors)).reshape(-1, 4)


def default_boxes(
    image_size: IntOrAxes,
    grid_sizes: Sequence[IntOrAxes],
    aspect_ratios: Sequence[Sequence[float]],
    scales: Sequence[float],
    *,
    clip: bool = True,
) -> Float[Tensor, "N 4"]:
    """SSD's default boxes of all levels, as torchvision's ``DefaultBoxGenerator``.

    A cell of level k has squares of scale s_k and of √(s_k · s_{k+1}), and for each ratio a two
    boxes of scale s_k, lying and standing:

        width, height = s_k · √a, s_k / √a   and   s_k / √a, s_k · √a

    all centred on the middle of the cell, ((j + ½) / w, (i + ½) / h) of the image.

    Args:
        image_size: (H, W) in pixels.
        grid_sizes: (h, w) of each level, the finest first.
        aspect_ratios: width / height, for each level a list without the ratio 1.
        scales: shares of the image, one more than there are levels: the last is only used for the
            larger square of the last level.
        clip: whether no side is longer than the image's. Boxes may still reach beyond its border.

    Returns:
        float32 (N, 4) xyxy in pixels: level by level, row by row, cell by cell; of a cell the two
        squares first.

    Raises:
        ValueError: numbers of levels do not agree, or a scale or ratio is not positive.

    Source: Liu et al. 2016, *SSD: single shot multibox detector*, section 2.2, equation 4.
    """
    if len(grid_sizes) != len(aspect_ratios) or len(scales) != len(grid_sizes) + 1:
        raise ValueError(
            f"{len(grid_sizes)} grid_sizes, {len(aspect_ratios)} aspect_ratios and {len(scales)} "
            "scales do not agree: give one size and one list of ratios for each level, and one "
            "scale more."
        )
    if not all(value > 0 for value in [*scales, *(a for of in aspect_ratios for a in of)]):
        raise ValueError(f"scales {scales} and aspect_ratios {aspect_ratios} must be positive.")
    levels = [
        _shares(per_axis("grid_sizes", grid, 2, minimum=1), _sides(scales[k : k + 2], ratios), clip)
        for k, (grid, ratios) in enumerate(zip(grid_sizes, aspect_ratios))
    ]
    height, width = per_axis("image_size", image_size, 2)
    return torch.cat([torch.zeros(0, 4), *levels]) * torch.tensor([width, height] * 2)


def _sides(scales: Sequence[float], ratios: Sequence[float]) -> Float[Tensor, "A 2"]:
    """Width and height of the boxes of a cell, as shares of the image."""
    scale, larger = scales[0], math.sqrt(scales[0] * scales[1])
    sides = [[scale, scale], [larger, larger]]
    for ratio in ratios:
        lying = [scale * math.sqrt(ratio), scale / math.sqrt(ratio)]
        sides += [lying, lying[::-1]]
    return torch.tensor(sides)


def _shares(grid: tuple[int, ...], sides: Float[Tensor, "A 2"], clip: bool) -> Float[Tensor, "n 4"]:
    """Boxes of one level, xyxy in shares of the image."""
    down, across = ((torch.arange(n) + 0.5) / n for n in grid)
    y, x = torch.meshgrid(down, across, indexing="ij")
    centres = torch.stack([x, y], dim=-1)[:, :, None]  # (h, w, 1, 2)
    half = 0.5 * (sides.clamp(max=1) if clip else sides)
    return torch.cat([centres - half, centres + half], dim=-1).reshape(-1, 4)
