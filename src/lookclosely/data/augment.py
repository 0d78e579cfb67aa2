"""Random changes to an image and its label map that leave the labels true."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Generator, Tensor


def random_crop(
    image: Shaped[Tensor, "C H W"],
    labels: Shaped[Tensor, "*L H W"],
    size: int,
    generator: Generator,
) -> tuple[Shaped[Tensor, "C s s"], Shaped[Tensor, "*L s s"]]:
    """The same square of ``size`` pixels from both, anywhere inside.

    Raises:
        ValueError: if the image is smaller than ``size``.
    """
    height, width = image.shape[-2:]
    if min(height, width) < size:
        raise ValueError(
            f"size is {size} for an image of {height}x{width}: give at most {min(height, width)}"
        )
    top, left = (_draw(n - size + 1, generator) for n in (height, width))
    rows, columns = slice(top, top + size), slice(left, left + size)
    return image[..., rows, columns], labels[..., rows, columns]


def _draw(count: int, generator: Generator) -> int:
    """One of 0 … count − 1, from a generator on any device."""
    return int(torch.randint(count, (), generator=generator, device=generator.device))


def random_dihedral(
    image: Shaped[Tensor, "C H W"], labels: Shaped[Tensor, "*L H W"], generator: Generator
) -> tuple[Shaped[Tensor, "C a b"], Shaped[Tensor, "*L a b"]]:
    """One of the eight turns and reflections of the square, all equally likely, applied to both."""
    choice = _draw(8, generator)
    turns, mirrored = choice % 4, choice >= 4
    pair = (torch.rot90(image, turns, (-2, -1)), torch.rot90(labels, turns, (-2, -1)))
    return (pair[0].flip(-1), pair[1].flip(-1)) if mirrored else pair


def elastic_grid(
    size: tuple[int, int], *, sigma: float = 10.0, spacing: int = 64, generator: Generator
) -> Float[Tensor, "H W 2"]:
    """A smooth random sampling grid for ``F.grid_sample(..., align_corners=False)``.

    Displacements in pixels, normal with standard deviation ``sigma``, are drawn on a coarse grid of
    one point every ``spacing`` pixels and interpolated bicubically (Ronneberger et al. 2015,
    section 3.1: a 3x3 grid, 10 pixels).

    Returns:
        On the device of ``generator``.

    Raises:
        ValueError: if ``sigma`` is negative or ``spacing`` is less than 1.
    """
    if not sigma >= 0 or spacing < 1:
        raise ValueError(f"sigma {sigma} and spacing {spacing}: give sigma >= 0 and spacing >= 1")
    height, width = size
    coarse_size = (math.ceil(height / spacing) + 1, math.ceil(width / spacing) + 1)
    device = generator.device
    coarse = sigma * torch.randn(1, 2, *coarse_size, generator=generator, device=device)
    # (2, H, W), in pixels
    shift = F.interpolate(coarse, size=size, mode="bicubic", align_corners=True)[0]
    x = (2 * (torch.arange(width, device=device) + shift[0]) + 1) / width - 1
    y = (2 * (torch.arange(height, device=device)[:, None] + shift[1]) + 1) / height - 1
    return torch.stack([x, y], dim=-1)  # (H, W, 2), last axis (x, y)


def elastic_deformation(
    image: Float[Tensor, "C H W"],
    labels: Shaped[Tensor, "H W"],
    *,
    sigma: float = 10.0,
    spacing: int = 64,
    generator: Generator,
) -> tuple[Float[Tensor, "C H W"], Shaped[Tensor, "H W"]]:
    """Bend an image (bilinearly) and its labels (to the nearest pixel) by the same random field.

    What comes from beyond the border is mirrored, as in the paper's Figure 2.

    Raises:
        ValueError: ``image`` and ``labels`` are not of one size, ``image`` is of whole numbers, or
            as ``elastic_grid``.
    """
    if not image.is_floating_point():
        raise ValueError(f"image is {image.dtype}: give floats, such as image.float()")
    height, width = image.shape[-2:]
    if image.ndim != 3 or labels.shape != image.shape[1:]:
        raise ValueError(
            f"labels has shape {tuple(labels.shape)}, but image {tuple(image.shape)}: give (C, H, "
            "W) and (H, W), of one size"
        )
    grid = elastic_grid((height, width), sigma=sigma, spacing=spacing, generator=generator)[None]
    wide = image.to(torch.promote_types(image.dtype, torch.float32))  # half misses pixels
    bent = F.grid_sample(wide[None], grid.to(wide), padding_mode="reflection", align_corners=False)
    moved = F.grid_sample(
        labels[None, None].double(),
        grid.to(labels.device).double(),
        mode="nearest",
        padding_mode="reflection",
        align_corners=False,
    )
    return bent[0].to(image.dtype), moved[0, 0].to(labels.dtype)
