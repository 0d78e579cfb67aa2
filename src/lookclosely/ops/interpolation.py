"""Interpolation: a map resized to any size, by its nearest pixel or by straight lines.

Shapes
    N batch · C channels · h, w height and width of the input · H, W of the output.

Both modes treat rows and columns alike, one axis after the other. Along one axis they ask where
the output's pixel i lies in the input. With n input and m output pixels and r = n / m input
pixels for each output pixel (r = 1 / scale_factor if a scale factor is given):

    nearest                           pixel ⌊i·r⌋
    bilinear, align_corners=False     position (i + ½)·r − ½, and 0 for what is left of 0
    bilinear, align_corners=True      position i·(n − 1) / (m − 1)

A position t between two pixels takes (1 − f)·x[⌊t⌋] + f·x[⌊t⌋ + 1], where f = t − ⌊t⌋; right of
the last pixel that pixel counts for both.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Shaped
from torch import Tensor

from ._arguments import IntOrAxes, at_least_float32, check_floats, per_axis

Scale = float | Sequence[float]


def interpolate(
    input: Shaped[Tensor, "N C h w"],
    size: IntOrAxes | None = None,
    scale_factor: Scale | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Shaped[Tensor, "N C H W"]:
    """Resize a map, ``torch.nn.functional.interpolate`` with modes "nearest" and "bilinear".

    The module's formulas say where each output pixel looks. With ``align_corners=False`` a pixel
    is a small square and the *borders* of both images coincide; with True it is a point, and the
    *centres of the corner pixels* do.

    Args:
        input: (N, C, h, w), with a pixel or more; floats for "bilinear".
        size: H and W; an int counts for both. Either this or ``scale_factor``.
        scale_factor: H = ⌊h · scale_factor⌋; a number or (vertical, horizontal). Where that is h,
            the axis stays as it is, and where it is 2h, "nearest" takes r = ½, as in the library on
            a CPU. (On CUDA it lacks the second rule, and for "bilinear" the first.)
        mode: "nearest" or "bilinear".
        align_corners: for "bilinear" only; None is False.
        recompute_scale_factor: True takes r = n / m from the sizes even where ``scale_factor`` is
            given, which makes a difference if h · scale_factor is not whole. Not with ``size``.
        antialias: only False. True would smooth before it makes smaller: see ``ops.pyr_down``.

    Returns:
        (N, C, H, W), of the type of ``input``. Positions are computed in float32 or float64. An
        infinite pixel shows where it has a share (the library has NaN beside it: 0 · ∞).

    Raises:
        ValueError: both or neither of ``size`` and ``scale_factor``, a size that is not whole, an
            output without pixels, another mode, ``antialias``, ``align_corners`` with "nearest",
            ``recompute_scale_factor`` with ``size``, or an input of whole numbers for "bilinear".
    """
    _check(input, mode, align_corners, antialias)
    sizes, factors = _output_size(input, size, scale_factor)
    if recompute_scale_factor:
        if scale_factor is None:
            raise ValueError("recompute_scale_factor is True: give a scale_factor, not a size.")
        factors = (None, None)
    x = input if mode == "nearest" else at_least_float32(input)
    finite = mode == "nearest" or bool(x.detach().sum().isfinite())
    # The dearer axis is the last, whose neighbours lie side by side: it meets the smaller map.
    axes = [(-1, sizes[1], factors[1]), (-2, sizes[0], factors[0])]
    for axis, m, factor in axes if sizes[0] >= input.shape[-2] else reversed(axes):
        n = x.shape[axis]
        if n == m:  # as the library, even where the factor is not quite 1
            continue
        step = 1 / factor if factor else n / m  # input pixels for each output pixel
        if mode == "nearest":
            step = 0.5 if m == 2 * n else step  # likewise where it is not quite 2
            x = x.index_select(axis, _nearest(n, m, step, x))
        else:
            low, high, part = _between(n, m, step, bool(align_corners), x)
            part = part.unsqueeze(-1) if axis == -2 else part
            below, above = x.index_select(axis, low), x.index_select(axis, high)
            if finite:
                x = above.sub_(below).mul_(part).add_(below)  # in place: a new map costs time
            else:  # ∞ − ∞ and 0 · ∞ would be NaN
                shares = (below * (1 - part)).where(part < 1, 0), (above * part).where(part > 0, 0)
                x = shares[0] + shares[1]
    return x.to(input.dtype)


def _check(input: Tensor, mode: str, align_corners: bool | None, antialias: bool) -> None:
    if input.ndim != 4 or 0 in input.shape[-2:]:
        raise ValueError(
            f"input must be (N, C, h, w) with at least one pixel, but is {tuple(input.shape)}."
        )
    if mode not in ("nearest", "bilinear"):
        raise ValueError(f"mode is {mode!r}: give 'nearest' or 'bilinear'.")
    if mode == "nearest" and align_corners is not None:
        raise ValueError(f"align_corners is {align_corners}: 'nearest' has none, leave it out.")
    if antialias:
        raise ValueError("antialias is True: only False is written here; smooth the input first.")
    if mode == "bilinear":
        check_floats("input", input, "'bilinear'")


def _nearest(n: int, m: int, step: float, like: Tensor) -> Tensor:
    # The library multiplies in float32, whatever the input's type: so ⌊·⌋ rounds alike.
    places = torch.arange(m, dtype=torch.float32, device=like.device) * step
    return places.floor().long().clamp(max=n - 1)


def _between(
    n: int, m: int, step: float, align_corners: bool, like: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The two input pixels that each output pixel lies between, and the share of the second."""
    i = torch.arange(m, dtype=like.dtype, device=like.device)
    if align_corners:
        position = i * ((n - 1) / (m - 1) if m > 1 else 0)
    else:
        position = ((i + 0.5) * step - 0.5).clamp(min=0)
    low = position.floor().long().clamp(max=n - 1)
    high = (low + 1).clamp(max=n - 1)
    return low, high, (position - low).clamp(0, 1)


def _output_size(
    input: Tensor, size: IntOrAxes | None, scale_factor: Scale | None
) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    """(H, W), and the given factors along both axes."""
    if (size is None) == (scale_factor is None):
        raise ValueError(f"size is {size} and scale_factor is {scale_factor}: give one of the two.")
    if size is not None:
        return per_axis("size", size, 2, minimum=1), (None, None)
    given = scale_factor
    pair = (given, given) if isinstance(given, (int, float)) else tuple(given or ())
    if len(pair) != 2 or min(pair) <= 0:
        raise ValueError(
            f"scale_factor is {given!r}: give a positive number, or two (rows, columns)."
        )
    sizes = tuple(int(n * s) for n, s in zip(input.shape[-2:], pair))
    if min(sizes) < 1:
        raise ValueError(f"scale_factor is {given!r}, which leaves {sizes} pixels: give more.")
    return sizes, tuple(float(s) for s in pair)
