"""What a kernel sees: padding an input, and the windows under the kernel at each of its places."""

from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Num
from torch import Tensor

from ._arguments import IntOrAxes, per_axis


def windows(
    x: Num[Tensor, "..."],
    kernel_size: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> Num[Tensor, "..."]:
    """What lies under the kernel at each of its places: (..., *x) -> (..., *places, *kernel_size).

    This is a view: ``Tensor.unfold`` steps through the memory of ``x`` and copies nothing.
    """
    axes = len(kernel_size)
    for axis, (k, s, d) in enumerate(zip(kernel_size, stride, dilation, strict=True)):
        n, span = x.shape[-axes], d * (k - 1) + 1  # a dilated kernel skips d − 1 pixels at a time
        if k < 1:
            raise ValueError(f"weight is empty along axis {axis}: it needs one tap or more.")
        if n < span:
            raise ValueError(
                f"weight spans {span} pixels along axis {axis}, but the padded input has only {n}: "
                "use a smaller weight or dilation, or more padding."
            )
        x = x.unfold(-axes, span, s)[..., ::d]  # this axis becomes places; taps go to the end
    return x


def pad(x: Num[Tensor, "..."], amounts: Sequence[tuple[int, int]], value: float = 0):
    """Pad the last axes with ``value``; ``amounts`` holds (before, after) for each of them."""
    return F.pad(x, [n for pair in reversed(amounts) for n in pair], value=value)


def padding_amounts(
    padding: IntOrAxes | str,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> list[tuple[int, int]]:
    """Zeros (before, after) along each axis."""
    if padding == "same":
        if max(stride) > 1:
            raise ValueError(f"padding is 'same', which needs stride 1, but stride is {stride}.")
        totals = [d * (k - 1) for k, d in zip(kernel_size, dilation, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    if isinstance(padding, str) and padding != "valid":
        raise ValueError(f"padding is {padding!r}: give 'valid', 'same', an int or a pair of ints.")
    return [(p, p) for p in per_axis("padding", 0 if isinstance(padding, str) else padding, 2)]
