"""Controls of a demo: the values that a slider steps through, and how they read."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from numbers import Real
from typing import Any


def values_of(name: str, given: Any) -> tuple[Any, ...]:
    """The values of one control, in order.

    Args:
        name: of the control, for the error.
        given: a list of values, a `range`, or `(low, high, step)`, which is
            low, low + step, ... up to and including high.

    Raises:
        ValueError: for anything else, for no value, or for a step that does not lead upwards.
    """
    if isinstance(given, (list, range)):
        values = tuple(given)
    elif isinstance(given, tuple) and len(given) == 3 and all(map(_is_number, given)):
        values = _steps(name, *given)
    else:
        raise ValueError(
            f"{name}={given!r} is no control; give a list of values, a range, or (low, high, step)"
        )
    if not values:
        raise ValueError(f"{name}={given!r} has no value; give at least one")
    return values


def is_choice(values: tuple[Any, ...]) -> bool:
    """Whether the values are choices, each a button with its name; numbers are a range."""
    return not all(map(_is_number, values))


def start_positions(
    controls: Mapping[str, tuple[Any, ...]], start: Mapping[str, Any]
) -> tuple[int, ...]:
    """Where each control starts: at the value that `start` names for it, else at its first."""
    for name, value in start.items():
        if name not in controls:
            raise ValueError(
                f"start names {name!r}, which is no control; the controls are {', '.join(controls)}"
            )
        if value not in controls[name]:
            raise ValueError(f"start[{name!r}] is {value!r}, which is not among {controls[name]}")
    return tuple(
        values.index(start[name]) if name in start else 0 for name, values in controls.items()
    )


def _steps(name: str, low: Any, high: Any, step: Any) -> tuple[Any, ...]:
    """low + i·step, computed in decimals: in binary, 3 × 0.1 would be 0.30000000000000004."""
    first, last, width = (Decimal(str(number)) for number in (low, high, step))
    if width <= 0 or last < first:
        raise ValueError(
            f"{name}=({low}, {high}, {step}) must have low <= high and a step above 0; "
            "for another order give a list"
        )
    kind = int if all(isinstance(number, int) for number in (low, high, step)) else float
    return tuple(kind(first + i * width) for i in range(int((last - first) / width) + 1))


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and value == value
