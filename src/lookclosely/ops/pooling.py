"""Max pooling: the largest number of each window, and where it stood.

Shapes
    N batch · C channels · H, W height and width of the input · h, w of the output.
    The batch axis may be left out, as in ``torch.nn.functional``.

Along one axis of n pixels there are

    n_out = ⌊(n + 2·padding − dilation·(kernel_size − 1) − 1) / stride⌋ + 1

windows. Pixels of a last window that does not fit are left over. With ``ceil_mode`` it is ⌈·⌉: such
a window counts as well, unless it would begin right of the last pixel.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import torch
from jaxtyping import Int, Num
from torch import Tensor

from ._arguments import IntOrAxes, comparable, per_axis
from ._windows import pad, windows

Axes = tuple[int, ...]  # one number for each axis


def max_pool2d(
    input: Num[Tensor, "*batch C H W"],
    kernel_size: IntOrAxes,
    stride: IntOrAxes | None = None,
    padding: IntOrAxes = 0,
    dilation: IntOrAxes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # a tensor, or a pair: so has the library's
    """Max pooling, ``torch.nn.functional.max_pool2d``: the largest number of each window.

        out[i, j] = max_u,v input[i·s + u·d − p, j·s + v·d − p]

    Where several are largest, the first in reading order counts: it is the one remembered, and
    the one that gets the gradient. NaN is larger than any number, and of several the last counts.

    Args:
        input: (N, C, H, W) or (C, H, W), with a pixel or more.
        kernel_size: k; an int or (vertical, horizontal), as are the next three.
        stride: s, step of the window; ``kernel_size`` if left out.
        padding: p, at most half of k; what is padded never wins.
        dilation: d, distance between two pixels of a window.
        ceil_mode: whether a last window that does not fit counts, as far as there are pixels.
        return_indices: also give where each maximum was found.

    Returns:
        (N, C, h, w) or (C, h, w); see the module's formula. With ``return_indices`` a pair: the
        maxima, and for each the int64 index ``row·W + column`` of its pixel in its own plane.

    Raises:
        ValueError: no pixel or no window, or too much padding.
    """
    if input.ndim not in (3, 4) or 0 in input.shape[-2:]:
        raise ValueError(
            f"input must be (N, C, H, W) or (C, H, W) with at least one pixel, "
            f"but is {tuple(input.shape)}."
        )
    input = comparable(input)
    size = per_axis("kernel_size", kernel_size, 2, minimum=1)
    step = per_axis("stride", size if stride is None else stride, 2, minimum=1)
    gaps = per_axis("dilation", dilation, 2, minimum=1)
    border = per_axis("padding", padding, 2)
    if any(2 * p > k for p, k in zip(border, size, strict=True)):
        raise ValueError(f"padding is {padding!r}: give at most half of the kernel_size {size}.")

    spans = tuple(d * (k - 1) + 1 for k, d in zip(size, gaps))
    amounts = _padding(input.shape[-2:], spans, step, border, ceil_mode)
    least = -torch.inf if input.is_floating_point() else torch.iinfo(input.dtype).min
    seen = windows(pad(input, amounts, value=least), size, step, gaps)  # (*batch, C, h, w, kh, kw)
    if return_indices or (input.requires_grad and torch.is_grad_enabled()):  # where they are
        planes = _planes(seen, windows(_places(input, amounts), size, step, gaps))
        return planes if return_indices else planes[0]
    return _largest(seen)


def _padding(
    sides: Sequence[int], spans: Axes, step: Axes, border: Axes, ceil_mode: bool
) -> list[tuple[int, int]]:
    """Pixels to pad with (before, after) along each axis, so that the last window fits."""
    amounts = []
    for n, span, s, p in zip(sides, spans, step, border):
        left = n + 2 * p - span  # for steps of the window
        steps = -(-left // s) if ceil_mode else left // s
        if steps * s >= n + p:  # it must not begin right of the last pixel
            steps -= 1
        if steps < 0:
            raise ValueError(
                f"kernel_size spans {spans} pixels, more than the padded input of "
                f"{tuple(sides)}: use a smaller one, or more padding."
            )
        amounts.append((p, p + max(0, steps * s - left)))
    return amounts


def _largest(seen: Num[Tensor, "*batch C h w kh kw"]) -> Num[Tensor, "*batch C h w"]:
    """The maxima: of all windows' first pixels, their second ones, …, whole rows at a time."""
    return reduce(torch.maximum, (pixel for row in seen.unbind(-2) for pixel in row.unbind(-1)))


def _places(input: Num[Tensor, "*batch C H W"], amounts: list[tuple[int, int]]) -> Tensor:
    """The number ``row·W + column`` of each pixel of a plane, −1 for padding."""
    height, width = input.shape[-2:]
    numbers = torch.arange(height * width, device=input.device).reshape(height, width)
    return pad(numbers, amounts, value=-1)


def _planes(
    seen: Num[Tensor, "*batch C h w kh kw"], places: Int[Tensor, "h w kh kw"]
) -> tuple[Num[Tensor, "*batch C h w"], Int[Tensor, "*batch C h w"]]:
    """The maxima, and where in its plane each of them is."""
    seen, places = seen.flatten(-2), places.flatten(-2)
    largest = seen.amax(-1, keepdim=True)  # (*batch, C, h, w, 1)
    count = torch.arange(1, seen.shape[-1] + 1, dtype=torch.int32, device=seen.device)
    rank = ((seen == largest) & (places >= 0)) * count.flip(0)  # of equals the first is highest
    winner = rank.where(~seen.isnan(), count).argmax(-1, keepdim=True)  # of NaNs the last
    maxima = seen.gather(-1, winner).squeeze(-1)
    return maxima, places.expand_as(seen).gather(-1, winner).squeeze(-1)
