"""Unpooling: small maps made large without weights.

Shapes
    N batch · C channels · h, w height and width of the small map · H, W of the large one.
    The batch axis may be left out, as in ``torch.nn.functional``.

Pooling takes several sizes to the same one (4 and 5 pixels to 2, in windows of 2). The way back
must be told which was meant: ``output_size`` of :func:`max_unpool2d`.
"""

from collections.abc import Sequence

from jaxtyping import Float, Int
from torch import Tensor

from ._arguments import IntOrAxes, comparable, per_axis, whole

Axes = tuple[int, ...]  # one number for each axis


def unpool_nearest(
    x: Float[Tensor, "*batch C h w"], scale_factor: IntOrAxes = 2
) -> Float[Tensor, "*batch C H W"]:
    """Nearest-neighbour unpooling: every pixel becomes a block of itself.

        out[i, j] = x[⌊i / s⌋, ⌊j / s⌋]

    Args:
        x: (N, C, h, w) or (C, h, w).
        scale_factor: s, a whole number, or (vertical, horizontal).

    Returns:
        (N, C, h·s, w·s), or (C, h·s, w·s).

    Raises:
        ValueError: ``x`` has no channels and two sides, or ``scale_factor`` is below 1.

    Source: the "unpooling" of CS231n, 2017, lecture 11; the same as interpolation by "nearest".
    """
    rows, columns = _factors(x, scale_factor)
    return x.repeat_interleave(rows, dim=-2).repeat_interleave(columns, dim=-1)


def bed_of_nails(
    x: Float[Tensor, "*batch C h w"], scale_factor: IntOrAxes = 2
) -> Float[Tensor, "*batch C H W"]:
    """Bed of nails: every pixel at the top left of its block, zeros elsewhere.

        out[i·s, j·s] = x[i, j],   0 where i or j is no multiple of s

    Arguments, shapes and errors are those of :func:`unpool_nearest`.

    Returns:
        (N, C, h·s, w·s), or (C, h·s, w·s).

    Raises:
        ValueError: as :func:`unpool_nearest`.

    Source: CS231n, 2017, lecture 11. It is a transposed convolution with stride s and a kernel
    of s×s that is 1 at its top left and 0 elsewhere.
    """
    rows, columns = _factors(x, scale_factor)
    out = x.new_zeros(*x.shape[:-2], x.shape[-2] * rows, x.shape[-1] * columns)
    out[..., ::rows, ::columns] = x
    return out


def _factors(x: Tensor, scale_factor: IntOrAxes) -> tuple[int, int]:
    if x.ndim not in (3, 4):
        raise ValueError(f"x must be (N, C, h, w) or (C, h, w), but is {tuple(x.shape)}.")
    rows, columns = per_axis("scale_factor", scale_factor, 2, minimum=1)
    return rows, columns


def max_unpool2d(
    input: Float[Tensor, "*batch C h w"],
    indices: Int[Tensor, "*batch C h w"],
    kernel_size: IntOrAxes,
    stride: IntOrAxes | None = None,
    padding: IntOrAxes = 0,
    output_size: Sequence[int] | None = None,
) -> Float[Tensor, "*batch C H W"]:
    """Max unpooling, ``torch.nn.functional.max_unpool2d``: each number goes back to its place.

        out.flatten()[indices[i, j]] = input[i, j]   in every plane, 0 elsewhere

    Args:
        input: (N, C, h, w) or (C, h, w).
        indices: what ``max_pool2d`` returned: ``row·W + column`` of each number's pixel.
        kernel_size, stride, padding: those of the pooling. They only say the size of the output.
        output_size: (H, W), or the whole shape of the pooling's input. Needed where the pooling
            left rows or columns over. Otherwise H = (h − 1)·stride − 2·padding + kernel_size.

    Returns:
        (N, C, H, W) or (C, H, W). Where two numbers have one place (overlapping windows), one of
        them stays; which one is not said.

    Raises:
        ValueError: shapes do not agree, ``output_size`` is a stride or more away from the default
            size, the output has no pixel, or an index lies outside of it.

    Source: Zeiler and Fergus 2014, *Visualizing and understanding convolutional networks*,
    section 2.1 (the "switches"); Noh, Hong and Han 2015, section 3.2.1.
    """
    if input.ndim not in (3, 4) or indices.shape != input.shape:
        raise ValueError(
            f"input and indices must both be (N, C, h, w) or both (C, h, w), but are "
            f"{tuple(input.shape)} and {tuple(indices.shape)}."
        )
    input, indices = comparable(input), whole("indices", indices)
    size = per_axis("kernel_size", kernel_size, 2, minimum=1)
    step = per_axis("stride", size if stride is None else stride, 2, minimum=1)
    border = per_axis("padding", padding, 2)
    height, width = _unpooled_size(input, size, step, border, output_size)
    if indices.numel() and not 0 <= int(indices.min()) <= int(indices.max()) < height * width:
        raise ValueError(
            f"indices go from {int(indices.min())} to {int(indices.max())}, but the output has "
            f"{height} × {width} pixels: give the output_size that was pooled."
        )
    flat = input.new_zeros(*input.shape[:-2], height * width)
    flat.scatter_(-1, indices.flatten(-2), input.flatten(-2))
    return flat.unflatten(-1, (height, width))


def _unpooled_size(
    input: Tensor, size: Axes, step: Axes, border: Axes, output_size: Sequence[int] | None
) -> Axes:
    default = tuple(
        (n - 1) * s - 2 * p + k for n, s, p, k in zip(input.shape[-2:], step, border, size)
    )
    if output_size is None:
        if min(default) < 1:
            raise ValueError(
                f"padding is {border}, which leaves an output of {default}: give less padding, or "
                f"the output_size that was pooled."
            )
        return default
    wanted = tuple(output_size)
    if wanted[:-2] not in ((), tuple(input.shape[:-2])) or len(wanted) < 2:
        raise ValueError(
            f"output_size is {wanted}: give (H, W), or the pooled input's whole shape, "
            f"{(*input.shape[:-2], 'H', 'W')}."
        )
    if any(abs(n - d) >= s for n, d, s in zip(wanted[-2:], default, step)):
        raise ValueError(
            f"output_size is {wanted[-2:]}, but with these settings it must be within less than "
            f"the stride {step} of {default}."
        )
    if min(wanted[-2:]) < 1:
        raise ValueError(f"output_size is {wanted[-2:]}: give 1 or more.")
    return wanted[-2:]
