"""Learned upsampling: the transposed convolution, where it overlaps, and its bilinear start.

Shapes
    N batch · C channels · H, W height, width · kh, kw height and width of the kernel.

Along one axis, n pixels under a kernel of k taps become

    n_out = (n − 1)·stride − 2·padding + dilation·(k − 1) + output_padding + 1

(Dumoulin and Visin 2016, *A guide to convolution arithmetic for deep learning*, chapter 4).
"""

from collections.abc import Sequence
from itertools import product

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ._arguments import IntOrAxes, check_floats, per_axis


def conv_transpose2d(
    input: Float[Tensor, "*batch C_in H W"],
    weight: Float[Tensor, "C_in C_out_per_group kh kw"],
    bias: Float[Tensor, " C_out"] | None = None,
    stride: IntOrAxes = 1,
    padding: IntOrAxes = 0,
    output_padding: IntOrAxes = 0,
    groups: int = 1,
    dilation: IntOrAxes = 1,
) -> Float[Tensor, "*batch C_out H_out W_out"]:
    """Transposed convolution, ``torch.nn.functional.conv_transpose2d``.

    Every input pixel stamps the kernel onto the output, weighted by the pixel's value; stamps lie
    ``stride`` apart, and where they overlap they are summed:

        out[o, i·s + u·d − p, j·s + v·d − p] += Σ_c input[c, i, j] · weight[c, o, u, v]

    for all i, j, u, v, with s the stride, d the dilation, p the padding. It multiplies by the
    transpose of the convolution's matrix: it is conv2d's gradient with respect to its input, and
    not its inverse, whatever the name "deconvolution" says.

    Args:
        input: (N, C_in, H, W) or (C_in, H, W).
        weight: (C_in, C_out / groups, kh, kw), input channels first: conv2d's own weight.
        bias: (C_out,), or None.
        stride: distance between stamps; an int or (vertical, horizontal), as are the other four.
        padding: rows and columns cut off each side of the output.
        output_padding: rows and columns more at the bottom and right, to choose among the input
            sizes that conv2d maps to one size; less than the stride or than the dilation.
        groups: divides C_in and C_out.
        dilation: distance between two taps of the kernel.

    Returns:
        (N, C_out, H_out, W_out), or (C_out, H_out, W_out); see the module's formula.

    Raises:
        ValueError: shapes do not agree, nothing would be left of the output, or ``input`` or
            ``weight`` is of whole numbers.

    Source: Zeiler et al. 2010, *Deconvolutional networks*; Dumoulin and Visin 2016, chapter 4.
    """
    _check_channels(input, weight, bias, groups)
    (sh, sw), (dh, dw) = per_axis("stride", stride, 2, 1), per_axis("dilation", dilation, 2, 1)
    (ph, pw), (eh, ew) = per_axis("padding", padding, 2), _extra(output_padding, (sh, sw), (dh, dw))

    (h, w), (kh, kw) = input.shape[-2:], weight.shape[-2:]
    height = (h - 1) * sh + dh * (kh - 1) + 1 + eh  # before the padding is cut off
    width = (w - 1) * sw + dw * (kw - 1) + 1 + ew
    if min(height - 2 * ph, width - 2 * pw) < 1:
        raise ValueError(
            f"padding is {padding!r}, but before it is cut off the output has only "
            f"{height} rows and {width} columns: use less."
        )

    pixels = input.flatten(-2).unflatten(-2, (groups, -1))  # (N, groups, C_in / groups, H·W)
    kernels = weight.unflatten(0, (groups, -1)).transpose(1, 2)  # (groups, C_out / groups, …)
    # Every s-th row and column lies in one plane, where the places of one tap are neighbours.
    tall, wide = -(-height // sh), -(-width // sw)
    planes = input.new_zeros(*input.shape[:-3], groups * weight.shape[1], sh, sw, tall, wide)
    for u, v in product(range(kh), range(kw)):  # one tap of the kernel, all stamps at once
        (down, i), (right, j) = divmod(u * dh, sh), divmod(v * dw, sw)
        stamped = kernels[..., u, v] @ pixels  # Σ_c input · weight, (N, groups, …, H·W)
        stamped = stamped.flatten(-3, -2).unflatten(-1, (h, w))
        planes[..., i, j, down : down + h, right : right + w] += stamped
    out = planes.movedim((-4, -3), (-3, -1)).flatten(-2).flatten(-3, -2)  # row by row again
    out = out[..., ph : height - ph, pw : width - pw]
    return out if bias is None else out + bias[:, None, None]


def _extra(
    output_padding: IntOrAxes, stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[int, ...]:
    extra = per_axis("output_padding", output_padding, 2)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ValueError(
            f"output_padding is {output_padding!r}, but must be less than the stride {stride} or "
            f"than the dilation {dilation}: more rows would hold nothing."
        )
    return extra


def _check_channels(input: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> None:
    check_floats("input", input, "conv_transpose2d")
    check_floats("weight", weight, "conv_transpose2d")
    if input.ndim not in (3, 4) or 0 in input.shape[-2:]:
        raise ValueError(
            f"input must be (N, C, H, W) or (C, H, W) with at least one pixel, "
            f"but is {tuple(input.shape)}."
        )
    if weight.ndim != 4 or weight.shape[0] != input.shape[-3] or 0 in weight.shape[-2:]:
        raise ValueError(
            f"weight must be (C_in, C_out / groups, kh, kw) with the input's {input.shape[-3]} "
            f"channels first and one tap or more, but is {tuple(weight.shape)}."
        )
    if groups < 1 or weight.shape[0] % groups:
        raise ValueError(f"groups is {groups}: it must divide the {weight.shape[0]} inputs.")
    c_out = weight.shape[1] * groups
    if bias is not None and bias.shape != (c_out,):
        raise ValueError(f"bias must be ({c_out},), but is {tuple(bias.shape)}.")


def overlap_map(kernel_size: IntOrAxes, stride: IntOrAxes, size: IntOrAxes) -> Int[Tensor, "..."]:
    """How many input pixels reach each output pixel of a transposed convolution (no padding).

    Along one axis, input pixel i reaches the outputs i·stride … i·stride + kernel_size − 1. Away
    from the borders the counts are all equal if the stride divides the kernel size; if not, they
    alternate, and that is the checkerboard.

    Args:
        kernel_size, stride, size: ints for one axis, pairs (vertical, horizontal) for two; an int
            beside pairs counts for both axes. ``size`` is the input's.

    Returns:
        int64 (L_out,) or (H_out, W_out), with L_out = (size − 1)·stride + kernel_size.

    Raises:
        ValueError: an argument is below 1, or neither an int nor a pair.

    Source: Odena, Dumoulin and Olah 2016, *Deconvolution and checkerboard artifacts*.
    """
    settings = {"kernel_size": kernel_size, "stride": stride, "size": size}
    axes = 1 if all(map(_is_one, settings.values())) else 2
    values = [per_axis(name, value, axes, minimum=1) for name, value in settings.items()]
    counts = [_overlap_1d(k, s, n) for k, s, n in zip(*values, strict=True)]
    return counts[0] if axes == 1 else torch.outer(*counts)


def _is_one(value: IntOrAxes) -> bool:
    """A number of Python, numpy or torch, and not one for each axis."""
    return not isinstance(value, Sequence) and not getattr(value, "ndim", 0)


def _overlap_1d(kernel_size: int, stride: int, size: int) -> Int[Tensor, " out"]:
    starts = stride * torch.arange(size)[:, None]  # (size, 1), where each stamp begins
    outputs = torch.arange((size - 1) * stride + kernel_size)
    return ((starts <= outputs) & (outputs < starts + kernel_size)).sum(dim=0)


def bilinear_kernel(factor: int, *, dtype: torch.dtype = torch.float32) -> Float[Tensor, "k k"]:
    """The kernel with which a transposed convolution upsamples bilinearly by ``factor``.

        w[i, j] = t(i) · t(j),   t(i) = 1 − |i − (k − 1)/2| / factor,   k = 2·factor − factor mod 2

    Use it with ``stride=factor`` and ``padding=factor // 2``. Away from the border this equals
    bilinear interpolation with half-pixel centres (``align_corners=False``); at the border it
    fades, because outside are zeros. For C channels, each on its own, pass the weight
    ``kernel.expand(C, 1, k, k)`` and ``groups=C``.

    Returns:
        (k, k), symmetric; the values that reach an output pixel in the interior sum to 1.

    Raises:
        ValueError: ``factor`` is below 1.

    Source: Long, Shelhamer and Darrell 2015, *Fully convolutional networks*, sections 3.3 and 4.3
    (the formula is that of their published code).
    """
    if factor < 1:
        raise ValueError(f"factor is {factor}: give a whole number, 1 or more.")
    k = 2 * factor - factor % 2
    distance = (torch.arange(k, dtype=dtype) - (k - 1) / 2).abs()  # from the kernel's centre
    tent = 1 - distance / factor
    return torch.outer(tent, tent)
