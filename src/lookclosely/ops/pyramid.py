"""Image pyramids: the picture at every scale, and the picture as the differences between scales.

Level 0 is the picture itself; each level has half the rows and columns of the one below it, rounded
up. Pixel j of a level lies over pixel 2j of the level below. Borders are mirrored without repeating
the edge. Shapes: ... any leading dimensions, H × W pixels.
"""

import itertools
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ._arguments import IntOrAxes, check_floats, per_axis
from ._filters import correlated, filtered, mirrored

# Burt and Adelson's generating kernel (1/4 − a/2, 1/4, a, 1/4, 1/4 − a/2) with a = 3/8: binomial.
KERNEL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def pyr_down(x: Float[Tensor, "*N H W"]) -> Float[Tensor, "*N h w"]:
    """Smooth, then keep every second row and column: Burt and Adelson's REDUCE.

        out[i, j] = Σ_m Σ_n w[m] w[n] x[2i + m, 2j + n],   m, n = −2 … 2,   w = (1, 4, 6, 4, 1) / 16

    The same as OpenCV's ``pyrDown``.

    Args:
        x: images with one pixel or more.

    Returns:
        h = ⌈H/2⌉ rows and w = ⌈W/2⌉ columns. One pixel stays one pixel.

    Raises:
        ValueError: ``x`` has no pixels, or is not an image.

    Source: Burt and Adelson 1983, *The Laplacian pyramid as a compact image code*, equation 1.
    """
    _check_image("x", x)
    return filtered(filtered(x, KERNEL, -2, step=2), KERNEL, -1, step=2)


def pyr_up(x: Float[Tensor, "*N h w"], size: IntOrAxes) -> Float[Tensor, "*N H W"]:
    """Put zeros between the pixels, then smooth with four times the kernel: EXPAND.

        out[i, j] = 4 Σ_m Σ_n w[m] w[n] x[(i − m) / 2, (j − n) / 2],   where both are whole numbers

    A plain picture stays as bright as it was. The same as OpenCV's ``pyrUp`` if the size is even;
    where it is odd, OpenCV repeats the last pixel instead of mirroring, and so differs in the last
    row or column.

    Args:
        x: images with one pixel or more.
        size: (H, W) wanted, 2h − 1 or 2h and 2w − 1 or 2w: two sizes are halved to the same one.

    Returns:
        H × W pixels; pixel (2i, 2j) lies over pixel (i, j).

    Raises:
        ValueError: ``x`` has no pixels, or ``size`` is not about twice as large.

    Source: Burt and Adelson 1983, equation 2.
    """
    _check_image("x", x)
    height, width = per_axis("size", size, 2, minimum=1)
    for name, n, small in (("rows", height, x.shape[-2]), ("columns", width, x.shape[-1])):
        if (n + 1) // 2 != small:
            raise ValueError(
                f"size asks for {n} {name}, but x has {small}: give {2 * small - 1} or {2 * small}."
            )
    rows = _doubled(x, -2, height)
    return _doubled(rows, -1, width)


def _doubled(x: Float[Tensor, "*N h w"], axis: int, size: int) -> Float[Tensor, "*N H W"]:
    """Zeros between the pixels, then twice the kernel, along one axis; no zero is multiplied:

    out[2i] = (x[i − 1] + 6 x[i] + x[i + 1]) / 8,   out[2i + 1] = (x[i] + x[i + 1]) / 2
    """
    twice = [2 * w for w in KERNEL]
    # Mirrored where the doubled row ends; a mirrored pixel is a zero again, or not, as it was.
    places = mirrored(-2, size + 2, size)[::2] // 2
    padded = x.index_select(axis, places.to(x.device))
    even = correlated(padded, twice[::2], axis)
    odd = correlated(padded.narrow(axis, 1, len(places) - 1), twice[1::2], axis)
    axis += x.ndim
    return torch.stack([even, odd], axis + 1).flatten(axis, axis + 1).narrow(axis, 0, size)


def gaussian_pyramid(x: Float[Tensor, "*N H W"], levels: int) -> list[Float[Tensor, "..."]]:
    """The picture, smoothed and halved again and again.

        g_0 = x,   g_l = pyr_down(g_{l−1})

    Args:
        x: images (..., H, W) of any size.
        levels: how many pictures, the first included. Beyond 1×1 pixel nothing gets smaller.

    Returns:
        ``levels`` tensors, the largest first.

    Raises:
        ValueError: ``levels`` is below 1, or ``x`` has no pixels.

    Source: Burt and Adelson 1983, "The Gaussian pyramid".
    """
    if levels < 1:
        raise ValueError(f"levels is {levels}: give 1 or more.")
    _check_image("x", x)
    pyramid = [x]
    while len(pyramid) < levels:
        pyramid.append(pyr_down(pyramid[-1]))
    return pyramid


def laplacian_pyramid(x: Float[Tensor, "*N H W"], levels: int) -> list[Float[Tensor, "..."]]:
    """What each level of the Gaussian pyramid has and the next one lost.

        L_l = g_l − pyr_up(g_{l+1}),   and last the smallest g itself

    Args:
        x: images (..., H, W) of any size.
        levels: how many tensors, the last one a small picture; 1 gives ``x`` alone.

    Returns:
        ``levels`` tensors, the largest first. All but the last are differences, near 0.

    Raises:
        ValueError: ``levels`` is below 1, or ``x`` has no pixels.

    Source: Burt and Adelson 1983, equation 3.
    """
    gaussian = gaussian_pyramid(x, levels)
    pairs = itertools.pairwise(gaussian)
    bands = [g - pyr_up(smaller, g.shape[-2:]) for g, smaller in pairs]
    return [*bands, gaussian[-1]]


def reconstruct(pyramid: Sequence[Float[Tensor, "..."]]) -> Float[Tensor, "..."]:
    """The picture of a Laplacian pyramid: enlarge the last level, add the next, and so on down.

        g_l = L_l + pyr_up(g_{l+1})

    Nothing is lost, whatever the kernel: what was subtracted is added again.

    Args:
        pyramid: as from ``laplacian_pyramid``, the largest first.

    Returns:
        As large as ``pyramid[0]``.

    Raises:
        ValueError: there are no levels, or one is not half as large as the one before.

    Source: Burt and Adelson 1983, equation 4.
    """
    if not pyramid:
        raise ValueError("pyramid is empty: it needs one level or more.")
    for number, level in enumerate(pyramid):
        _check_image(f"pyramid[{number}]", level)
    picture = pyramid[-1]
    for band in reversed(pyramid[:-1]):
        picture = band + pyr_up(picture, tuple(band.shape[-2:]))
    return picture


def _check_image(name: str, x: Tensor) -> None:
    if x.ndim < 2 or 0 in x.shape[-2:]:
        raise ValueError(
            f"{name} must be images (..., H, W) with at least one pixel, but is {tuple(x.shape)}."
        )
    check_floats(name, x, "smoothing")
