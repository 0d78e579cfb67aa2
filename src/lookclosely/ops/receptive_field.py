"""Which input pixels an output number depends on: computed from the layers, and measured.

Along one axis, output i of a chain of convolutions and poolings depends on the input pixels

    offset + i·stride … offset + i·stride + size − 1

Some of them lie outside the image, in the padding. For two axes compute each on its own.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ._arguments import IntOrAxes, check_floats, per_axis


class ReceptiveField(NamedTuple):
    """Where outputs look, in pixels of the input: see the module's formula."""

    size: int  # from the first pixel that counts to the last, both included
    stride: int  # from the field of one output to the field of the next
    offset: int  # first pixel of output 0; negative: so many pixels into the padding

    def pixels(self, index: int) -> range:
        """The input pixels of output ``index``; those below 0 or beyond the image are padding."""
        start = self.offset + index * self.stride
        return range(start, start + self.size)

    def centre(self, index: int) -> float:
        """Pixel at the middle of the field of output ``index``; halves lie between two pixels."""
        return self.offset + index * self.stride + (self.size - 1) / 2


def receptive_field(layers: Sequence[Sequence[int]]) -> ReceptiveField:
    """Size, stride and offset of the receptive field of a chain of convolutions and poolings.

    With kernel size k, stride s, padding p and dilation d of layer l, and the jump j_l, which is
    the product of the strides of the layers before it:

        size = 1 + Σ_l d_l·(k_l − 1)·j_l    stride = Π_l s_l    offset = −Σ_l p_l·j_l

    The size counts from the first pixel to the last. Between them a chain may skip pixels, such
    as a dilated kernel does. A fully connected layer over n pixels is a kernel of size n; ReLU,
    normalisation and 1×1 layers do not change the field. Zero layers see one pixel: (1, 1, 0).

    Args:
        layers: from the input on, (kernel, stride, padding) or (kernel, stride, padding, dilation)
            for each, in whole numbers, as ``torch.nn.Conv2d`` and ``MaxPool2d`` take them.

    Returns:
        A named tuple (size, stride, offset), and its methods ``pixels`` and ``centre``.

    Raises:
        ValueError: a layer has not 3 or 4 numbers, or one of them is too small.

    Source: Araujo, Norris and Sim 2019, *Computing receptive fields of convolutional neural
    networks*, "Single-path networks": their r_0, S_0 and u_0 for u_L = 0, that is −P_0. Their
    kernel size is our d·(k − 1) + 1 where it is dilated.
    """
    size, jump, offset = 1, 1, 0
    for number, layer in enumerate(layers):
        kernel, stride, padding, dilation = _settings(number, layer)
        size += dilation * (kernel - 1) * jump
        offset -= padding * jump
        jump *= stride
    return ReceptiveField(size, jump, offset)


def _settings(number: int, layer: Sequence[int]) -> tuple[int, int, int, int]:
    """Kernel, stride, padding and dilation of a layer, checked."""
    if len(layer) not in (3, 4):
        raise ValueError(
            f"layers[{number}] is {tuple(layer)!r}: give (kernel, stride, padding) or "
            "(kernel, stride, padding, dilation)."
        )
    kernel, stride, padding, dilation = (*layer, 1)[:4]
    if min(kernel, stride, dilation) < 1 or padding < 0:
        raise ValueError(
            f"layers[{number}] is {tuple(layer)!r}: kernel, stride and dilation must be 1 or "
            "more, padding 0 or more."
        )
    kernel, stride, padding, dilation = per_axis(f"layers[{number}]", (*layer, 1)[:4], 4)
    return kernel, stride, padding, dilation  # Python's ints, whatever they were


def effective_receptive_field(
    network: Callable[[Tensor], Tensor], x: Float[Tensor, "N C H W"], at: IntOrAxes | None = None
) -> Float[Tensor, "H W"]:
    """How much each input pixel moves one output pixel: the mean size of the gradient.

        r[u, v] = mean over images and input channels of |∂ Σ_c y[c, i, j] / ∂x[u, v]|,  (i, j) = at

    Where it is not 0 lies the receptive field, as far as these inputs show it: a ReLU that is off
    or a pixel that is not the maximum passes no gradient, so give several random images. How fast
    it falls towards the border is what Luo et al. call the *effective* receptive field.

    Args:
        network: images (N, C, H, W) to maps (N, C_out, H_out, W_out).
        x: the images at which the gradient is taken, one or more.
        at: the output pixel, (row, column) or an int for both; None is the middle.

    Returns:
        (H, W), 0 or more.

    Raises:
        ValueError: there is no image or one of whole numbers, the network gives no map, or ``at``
            lies outside of it.

    Source: Luo, Li, Urtasun and Zemel 2016, *Understanding the effective receptive field in deep
    convolutional neural networks*, section 3. We take sizes before the mean, so that signs of
    different images do not cancel.
    """
    if x.ndim != 4 or not x.numel():
        raise ValueError(
            f"x must be (N, C, H, W), one image with pixels or more, but is {tuple(x.shape)}."
        )
    check_floats("x", x, "a gradient")
    leaf = x.detach().clone().requires_grad_()
    with torch.enable_grad():
        y = network(leaf)
        if y.ndim != 4:
            raise ValueError(f"network gave {tuple(y.shape)}: it must give (N, C, H, W).")
        height, width = y.shape[-2:]
        row, column = per_axis("at", (height // 2, width // 2) if at is None else at, 2)
        if row >= height or column >= width:
            raise ValueError(f"at is {(row, column)}: the network gave {height}×{width} pixels.")
        (gradient,) = torch.autograd.grad(y[:, :, row, column].sum(), leaf)
    return gradient.abs().mean(dim=(0, 1))
