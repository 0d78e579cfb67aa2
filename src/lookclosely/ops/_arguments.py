"""Checks of arguments that several functions share."""

from collections.abc import Sequence

from torch import Tensor

IntOrAxes = int | Sequence[int]


def per_axis(name: str, value: IntOrAxes, axes: int, minimum: int = 0) -> tuple[int, ...]:
    """One int for each axis: ``3`` and two axes give ``(3, 3)``; ``(3, 5)`` stays as it is.

    Raises:
        ValueError: names the argument, where a number is missing or is below ``minimum``.
    """
    values = (value,) * axes if isinstance(value, int) else tuple(value)
    if len(values) != axes or not all(isinstance(v, int) for v in values):
        raise ValueError(f"{name} must be one int, or {axes} (one an axis), but is {value!r}.")
    if min(values) < minimum:
        raise ValueError(f"{name} is {value!r}: give {minimum} or more.")
    return values


def check_boxes(name: str, boxes: Tensor, shape: str = "(..., 4)") -> None:
    """Raise a ValueError unless ``boxes`` has the shape: "(..., 4)", "(..., n, 4)" or "(N, 4)"."""
    axes = {"(..., 4)": 1, "(..., n, 4)": 2, "(N, 4)": 2}[shape]
    fits = boxes.ndim == axes if shape == "(N, 4)" else boxes.ndim >= axes
    if not fits or boxes.shape[-1] != 4:
        raise ValueError(f"{name} must have shape {shape}, but has {tuple(boxes.shape)}.")


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
