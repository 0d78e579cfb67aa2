"""Convolution: a small kernel slides over an input, and each place gives one sum of products.

Shapes
    N batch · C channels · H, W height, width · kh, kw height and width of the kernel.
    A batch axis may be left out, as in ``torch.nn.functional``.

Deep learning's "convolution" is cross-correlation: the kernel is *not* flipped. Only
:func:`convolve` flips it, as signal processing does.

Along one axis of n pixels, a kernel of k taps gives

    n_out = ⌊(n + 2·padding − dilation·(k − 1) − 1) / stride⌋ + 1

values (Dumoulin and Visin 2016, *A guide to convolution arithmetic for deep learning*,
relationships 6 and 15).
"""

from math import prod

import torch
from jaxtyping import Float, Num
from torch import Tensor

from ._arguments import IntOrAxes, check_floats, comparable, per_axis, widened
from ._windows import pad, padding_amounts, windows


def cross_correlate(
    x: Num[Tensor, "*size"],
    weight: Num[Tensor, "*kernel"],
    *,
    stride: IntOrAxes = 1,
    padding: IntOrAxes = 0,
) -> Num[Tensor, "*out"]:
    """Cross-correlation of one signal or one grey image with one kernel.

        out[i]    = Σ_u   weight[u]    · x[i·stride + u]                    (1-D)
        out[i, j] = Σ_u,v weight[u, v] · x[i·stride + u, j·stride + v]      (2-D)

    Without padding the kernel stays inside ``x`` ("valid").

    Args:
        x: (L,) or (H, W), whole numbers or floats.
        weight: (K,) or (kh, kw).
        stride: step of the kernel, in pixels; an int, or one an axis.
        padding: zeros on both sides of each axis; an int, or one an axis.

    Returns:
        (L_out,) or (H_out, W_out); see the module's formula. Of whole numbers, int64.

    Raises:
        ValueError: ``x`` and ``weight`` are not both 1-D or both 2-D, or the kernel does not fit.
    """
    axes = x.ndim
    if axes not in (1, 2) or weight.ndim != axes:
        raise ValueError(
            f"x and weight must both be 1-D or both be 2-D, but have shapes {tuple(x.shape)} and "
            f"{tuple(weight.shape)}: for channels and batches use conv2d."
        )
    stride = per_axis("stride", stride, axes, minimum=1)
    x = pad(x, [(p, p) for p in per_axis("padding", padding, axes)])
    patches = windows(widened(x), weight.shape, stride, dilation=(1,) * axes)  # (*out, *kernel)
    return (patches * widened(weight)).sum(dim=tuple(range(-axes, 0)))


def convolve(
    x: Num[Tensor, "*size"],
    weight: Num[Tensor, "*kernel"],
    *,
    stride: IntOrAxes = 1,
    padding: IntOrAxes = 0,
) -> Num[Tensor, "*out"]:
    """Convolution as mathematics has it: cross-correlation with the kernel flipped on every axis.

        out[i] = Σ_u weight[u] · x[i + K − 1 − u]      (1-D, stride 1)

    Padding by K − 1 gives the "full" convolution, which is commutative. Arguments, shapes and
    errors are those of :func:`cross_correlate`.
    """
    flipped = widened(weight).flip(dims=tuple(range(weight.ndim)))
    return cross_correlate(x, flipped, stride=stride, padding=padding)


def conv2d(
    input: Float[Tensor, "*batch C_in H W"],
    weight: Float[Tensor, "C_out C_in_per_group kh kw"],
    bias: Float[Tensor, " C_out"] | None = None,
    stride: IntOrAxes = 1,
    padding: IntOrAxes | str = 0,
    dilation: IntOrAxes = 1,
    groups: int = 1,
) -> Float[Tensor, "*batch C_out H_out W_out"]:
    """2-D convolution of deep learning, ``torch.nn.functional.conv2d``.

        out[n, o, i, j] = bias[o] + Σ_c,u,v weight[o, c, u, v] · x[n, c, i·s + u·d, j·s + v·d]

    with x the padded input, s the stride, d the dilation. With ``groups``, channels are cut into
    as many equal groups, and the outputs of a group see only the inputs of that group.

    Args:
        input: (N, C_in, H, W) or (C_in, H, W).
        weight: (C_out, C_in / groups, kh, kw).
        bias: (C_out,), or None.
        stride: step of the kernel; an int or (vertical, horizontal), as are the next two.
        padding: zeros on each side; "valid" is 0; "same" keeps H and W (stride 1 only; where the
            total is odd, the extra row or column is at the bottom or right).
        dilation: distance between two taps of the kernel; 1 is an ordinary convolution.
        groups: divides C_in and C_out.

    Returns:
        (N, C_out, H_out, W_out), or (C_out, H_out, W_out); see the module's formula.

    Raises:
        ValueError: shapes do not agree, the kernel is larger than the padded input, or ``input``
            or ``weight`` is of whole numbers.

    Source: Dumoulin and Visin 2016, chapter 2 and section 5.1 (dilation).
    """
    _check_channels(input, weight, bias, groups)
    stride = per_axis("stride", stride, 2, minimum=1)
    dilation = per_axis("dilation", dilation, 2, minimum=1)
    padded = pad(input, padding_amounts(padding, weight.shape[2:], stride, dilation))
    patches = windows(padded, weight.shape[2:], stride, dilation)  # (N, C_in, H', W', kh, kw)
    size = patches.shape[-4:-2]
    # Taps before places: the copy that flattening makes then runs along whole rows of the input.
    columns = patches.movedim((-2, -1), (-4, -3)).unflatten(-5, (groups, -1))
    columns = columns.flatten(-2).flatten(-4, -2)  # (N, groups, C_in / groups · kh · kw, H'·W')
    kernels = weight.flatten(1).unflatten(0, (groups, -1))  # (groups, C_out / groups, …)
    out = (kernels @ columns).flatten(-3, -2).unflatten(-1, size)  # (N, C_out, H', W')
    return out if bias is None else out + bias[:, None, None]


def _check_channels(input: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> None:
    check_floats("input", input, "conv2d")
    check_floats("weight", weight, "conv2d")
    if input.ndim not in (3, 4):
        raise ValueError(f"input must be (N, C, H, W) or (C, H, W), but is {tuple(input.shape)}.")
    if weight.ndim != 4:
        raise ValueError(f"weight must be (C_out, C_in, kh, kw), but is {tuple(weight.shape)}.")
    if groups < 1 or weight.shape[0] % groups:
        raise ValueError(f"groups is {groups}: it must divide the {weight.shape[0]} outputs.")
    if input.shape[-3] != weight.shape[1] * groups:
        raise ValueError(
            f"input has {input.shape[-3]} channels, but weight {tuple(weight.shape)} with "
            f"groups={groups} reads {weight.shape[1] * groups}: they must agree."
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"bias must be ({weight.shape[0]},), but is {tuple(bias.shape)}.")


def convolution_matrix(
    weight: Num[Tensor, "*kernel"],
    input_size: IntOrAxes,
    *,
    stride: IntOrAxes = 1,
    padding: IntOrAxes = 0,
    dilation: IntOrAxes = 1,
) -> Num[Tensor, "outputs inputs"]:
    """The matrix X of a convolution: ``X @ x.flatten()`` is the flattened output.

    Row r holds the kernel's weights in the columns of the input pixels that output r reads, and
    zeros elsewhere. Its transpose is the transposed convolution.

    Args:
        weight: (K,); or (kh, kw), one channel; or (C_out, C_in, kh, kw).
        input_size: L for a 1-D weight, else (H, W).
        stride, padding, dilation: as in :func:`conv2d`.

    Returns:
        (L_out, L), (H_out·W_out, H·W) or (C_out·H_out·W_out, C_in·H·W). It is dense: meant for
        small inputs.

    Raises:
        ValueError: ``weight`` has another number of axes, or is larger than the padded input.

    Source: Dumoulin and Visin 2016, section 4.1.
    """
    if weight.ndim not in (1, 2, 4):
        raise ValueError(
            f"weight must be (K,), (kh, kw) or (C_out, C_in, kh, kw), but is {tuple(weight.shape)}."
        )
    axes = min(weight.ndim, 2)
    size = per_axis("input_size", input_size, axes, minimum=1)
    stride = per_axis("stride", stride, axes, minimum=1)
    dilation = per_axis("dilation", dilation, axes, minimum=1)
    padding = per_axis("padding", padding, axes)
    weight = comparable(weight)
    kernel = weight if weight.ndim == 4 else weight[None, None]  # (C_out, C_in, *kernel)

    # Number the input pixels 0 … n−1; whatever is padding gets the number n.
    n = prod(size)
    pixels = torch.arange(n, device=weight.device).reshape(size)
    pixels = pad(pixels, [(p, p) for p in padding], value=n)
    reads = windows(pixels, kernel.shape[2:], stride, dilation)  # (*places, *kernel)
    reads = reads.reshape(-1, prod(kernel.shape[2:]))  # (places, taps)

    c_out, c_in = kernel.shape[:2]
    weights = kernel.reshape(c_out, c_in, 1, -1).expand(-1, -1, len(reads), -1)
    matrix = weight.new_zeros(c_out, c_in, len(reads), n + 1)
    matrix = matrix.scatter(-1, reads.expand(c_out, c_in, -1, -1), weights)
    matrix = matrix[..., :n]  # the padding's column: it multiplies zeros
    return matrix.transpose(1, 2).reshape(c_out * len(reads), c_in * n)
