"""Checks of arguments that several functions share."""

import operator
from collections.abc import Sequence

import torch
from torch import Tensor

IntOrAxes = int | Sequence[int]


def per_axis(name: str, value: IntOrAxes, axes: int, minimum: int = 0) -> tuple[int, ...]:
    """One int for each axis: ``3`` or ``(3,)`` and two axes give ``(3, 3)``; ``(3, 5)`` stays.

    Whole numbers of numpy and tensors of one will do as well.

    Raises:
        ValueError: names the argument, where a number is missing, not whole, or below ``minimum``.
    """
    values = _whole_numbers(value)
    values = values * axes if len(values) == 1 else values
    if len(values) != axes:
        raise ValueError(f"{name} must be one int, or {axes} (one an axis), but is {value!r}.")
    if min(values) < minimum:
        raise ValueError(f"{name} is {value!r}: give {minimum} or more.")
    return values


def _whole_numbers(value: IntOrAxes) -> tuple[int, ...]:
    """One or several ints; nothing where one of them is not whole."""
    try:
        return (operator.index(value),)  # pyright: ignore[reportArgumentType]
    except TypeError:
        pass
    try:
        return tuple(operator.index(v) for v in value)  # pyright: ignore[reportGeneralTypeIssues]
    except TypeError:
        return ()


def check_boxes(name: str, boxes: Tensor, shape: str = "(..., 4)") -> None:
    """Raise a ValueError unless ``boxes`` has the shape: "(..., 4)", "(..., n, 4)" or "(N, 4)"."""
    axes = {"(..., 4)": 1, "(..., n, 4)": 2, "(N, 4)": 2}[shape]
    fits = boxes.ndim == axes if shape == "(N, 4)" else boxes.ndim >= axes
    if not fits or boxes.shape[-1] != 4:
        raise ValueError(f"{name} must have shape {shape}, but has {tuple(boxes.shape)}.")


def check_floats(name: str, x: Tensor, what: str) -> None:
    """Raise a ValueError unless ``x`` holds floats, as ``what`` is done with it needs them."""
    if not x.is_floating_point():
        raise ValueError(f"{name} is {x.dtype}: {what} needs floats, such as {name}.float().")


def check_number(name: str, value: float) -> None:
    """Raise a ValueError if ``value`` is NaN, with which no comparison holds."""
    if value != value:
        raise ValueError(f"{name} is {value}: give a number.")


def whole(name: str, x: Tensor) -> Tensor:
    """Classes, labels or places of any whole type in int64; a ValueError if they are floats."""
    if x.is_floating_point():
        raise ValueError(f"{name} is {x.dtype}: give whole numbers, such as {name}.long().")
    return x.long()


def widened(x: Tensor) -> Tensor:
    """Whole numbers in int64: in narrow types differences and products wrap around."""
    return x if x.is_floating_point() else x.long()


def comparable(x: Tensor) -> Tensor:
    """The same type, unless it is one of those that torch only stores, such as uint16."""
    return x.long() if x.dtype in (torch.uint16, torch.uint32, torch.uint64) else x


def at_least_float32(x: Tensor) -> Tensor:
    """``x`` in float32, or in float64 where it is that: places in half precision miss pixels."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def check_one_each(name: str, values: Tensor, boxes: Tensor) -> None:
    """Raise a ValueError unless ``values`` is (N,), one a box."""
    if values.shape != boxes.shape[:1]:
        raise ValueError(
            f"{name} must be ({len(boxes)},), one a box, but has shape {tuple(values.shape)}."
        )


def check_format(name: str, fmt: str) -> None:
    """Raise a ValueError unless ``fmt`` is a way to write upright boxes."""
    if fmt not in ("xyxy", "xywh", "cxcywh"):
        raise ValueError(f"{name} is {fmt!r}: give 'xyxy', 'xywh' or 'cxcywh'.")
