"""Dilation: the kernel with holes written out, and how often a stack of layers reads each pixel.

Shapes
    k number of taps along one axis · d dilation, also called rate: the distance between two taps.

A kernel of k taps at dilation d covers

    k_effective = d·(k − 1) + 1

pixels and reads k of them.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Int, Num
from torch import Tensor

from ._arguments import IntOrAxes, per_axis
from .receptive_field import receptive_field


def dilate_kernel(
    weight: Num[Tensor, "*channels kh kw"], dilation: IntOrAxes
) -> Num[Tensor, "*channels kh_effective kw_effective"]:
    """The kernel with d − 1 zeros between its taps: an ordinary convolution with it is dilated.

        weight ⊗ E,  E of size d×d with E[0, 0] = 1 and zeros elsewhere

    is the Kronecker product, which puts a copy of E, times the tap, in the place of each tap. The
    d − 1 rows and columns of zeros at its end are cut off, so that a kernel with an odd number of
    taps keeps its centre.

    Args:
        weight: (C_out, C_in, kh, kw), (kh, kw), or with any other axes in front.
        dilation: d, or (vertical, horizontal).

    Returns:
        (…, d·(kh − 1) + 1, d·(kw − 1) + 1), weight[u, v] at [u·d, v·d].

    Raises:
        ValueError: ``weight`` has no tap, or ``dilation`` is below 1.

    Source: Chen et al. 2018, *DeepLab*, section 3.1; Zhou et al. 2015, *Exploiting local structures
    with the Kronecker layer in convolutional networks*, for filters that are Kronecker products.
    """
    if weight.ndim < 2 or 0 in weight.shape[-2:]:
        raise ValueError(f"weight must be (…, kh, kw) with a tap, but is {tuple(weight.shape)}.")
    down, across = per_axis("dilation", dilation, 2, minimum=1)
    corner = weight.new_zeros(down, across)
    corner[0, 0] = 1
    height, width = (d * (k - 1) + 1 for d, k in zip((down, across), weight.shape[-2:]))
    # contiguous: torch.kron cannot take every layout, such as channels last
    return torch.kron(weight.contiguous(), corner)[..., :height, :width]


def path_counts(layers: Sequence[Sequence[int]]) -> Int[Tensor, " size"]:
    """How many ways lead from each pixel of the receptive field to one output, along one axis.

    Every layer offers k ways, tap t being d·t·j pixels further on, with j the product of the
    strides before it:

        counts[x] = #{(t_1 … t_L) : Σ_l d_l·j_l·t_l = x},   0 ≤ t_l < k_l

    A 0 is a hole: a pixel inside the receptive field that the output never sees. Holes all over
    are called gridding. With all weights 1 and no nonlinearity this is the gradient. For two axes
    take ``torch.outer``.

    Args:
        layers: as in :func:`receptive_field`, (kernel, stride, padding) or (kernel, stride,
            padding, dilation) for each.

    Returns:
        int64, as long as the receptive field.

    Raises:
        ValueError: a layer has not 3 or 4 numbers, or one of them is too small.

    Source: counted from the definition; Wang et al. 2018, *Understanding convolution for semantic
    segmentation*, section 3.2, ask for no 0 in it.
    """
    size = receptive_field(layers).size
    counts, jump = torch.zeros(size, dtype=torch.int64), 1
    counts[0] = 1
    for kernel, stride, _, dilation in ((*layer, 1)[:4] for layer in layers):
        step = dilation * jump
        # The same counts, moved on by one tap after the other. What leaves at the end is 0.
        counts = sum((counts.roll(step * tap) for tap in range(kernel)), torch.zeros_like(counts))
        jump *= stride
    return counts
