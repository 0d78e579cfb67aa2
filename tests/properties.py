"""What every public function of ops, losses and metrics must do, whatever it computes.

A condition is a function of an :class:`~arguments.Example`. It raises ``AssertionError`` where the
function is neither right nor says, in a ``ValueError`` that names the argument, why it is not to
be asked. ``asked(example)`` lists the conditions that can be put to an example: to a function
without a label map none about labels.
"""

import contextlib
import copy
import dataclasses
import inspect
import math
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from arguments import Arguments, Draw, Example

Condition = Callable[[Example], None]
# What a result may be off by, times the largest number in it: some of the type's last digits.
FLOATS = {torch.float16: 4e-3, torch.bfloat16: 3e-2, torch.float32: 1e-5}
# The numbers drawn go up to these: differences, sums and areas of them leave the type.
WHOLE = {torch.uint8: 250, torch.int8: 120, torch.int16: 250, torch.uint16: 500}
WHOLE |= {torch.int32: 60_000, torch.int64: 60_000}
LABELS = (torch.uint8, torch.int8, torch.int16, torch.uint16, torch.int32)
NAN_SETTING = "a NaN in "


def asked(example: Example) -> dict[str, Condition]:
    """The conditions for an example, by name."""
    arguments = example.arguments(Draw(dtype=torch.float64))
    inside = list(tensors(arguments))
    found: dict[str, Condition] = {"numpy's numbers": numpy_numbers, "size 1": of_size(1)}
    found |= {f"{NAN_SETTING}{name}": partial(nan_setting, name=name) for name in floats(example)}
    if not inside:
        return found
    found |= {"no items": of_size(0), "arguments stay": arguments_stay}
    found |= {"not contiguous": in_memory(gaps), "transposed": in_memory(transposed)}
    found |= {"empty, one by one": emptied, "another axis": another_axis}
    if len(inside) == sum(isinstance(a, Tensor) for a in arguments):
        found["a batch"] = stacked
    if any(t.ndim == 4 for t in inside):
        found["channels last"] = in_memory(channels_last)
    if any(t.is_floating_point() for t in inside):
        found["gradient"] = gradient
        found |= {name_of(d): partial(of_dtype, dtype=d) for d in (*FLOATS, *WHOLE)}
    if any(t.dtype == torch.int64 for t in inside):
        found |= {f"labels {name_of(d)}": partial(labels_as, dtype=d) for d in LABELS}
        found["labels as floats"] = partial(labels_as, dtype=torch.float32)
    if any(t.dtype == torch.bool for t in inside):
        found |= {f"masks times {n}": partial(masks_as_numbers, factor=n) for n in (1, 255)}
    if example.rows:
        found["rows"] = rows
    return found


# ---------------------------------------------------------------- calling, comparing


def outcome(example: Example, arguments: Arguments, **settings: Any) -> Any:
    """What the function returns, or its ValueError, which must name one of its arguments."""
    before = mapped(arguments, lambda t: t.detach().clone())
    try:
        result = example.ours(*arguments, **settings)
    except ValueError as error:
        names = inspect.signature(example.ours).parameters
        assert any(re.search(rf"\b{name}\b", str(error)) for name in names), (
            f"{error!r} names none of the arguments {', '.join(names)}"
        )
        return error
    except Exception as error:
        kind = f"{type(error).__module__}.{type(error).__name__}"
        raise AssertionError(f"it stops inside, with {kind}: {error}") from error
    same(arguments, before, "an argument was changed")
    return result


def same(actual: Any, expected: Any, what: str, tolerance: float = 1e-9) -> None:
    """Equal structures of tensors and numbers, to within a share of the largest number."""
    mine, theirs = list(leaves(actual)), list(leaves(expected))
    assert len(mine) == len(theirs), f"{what}: {len(mine)} parts instead of {len(theirs)}"
    for a, b in zip(mine, theirs):
        a, b = as_tensor(a).detach(), as_tensor(b).detach()
        assert a.shape == b.shape, f"{what}: shape {tuple(a.shape)} instead of {tuple(b.shape)}"
        finite = b[b.isfinite()]
        scale = float(finite.abs().max()) if finite.numel() else 1.0
        torch.testing.assert_close(
            a,
            b,
            rtol=tolerance,
            atol=tolerance * scale,
            equal_nan=True,
            msg=lambda m: f"{what}: {m}",
        )


def as_tensor(x: Any) -> Tensor:
    """In float64, where no number of Python's is rounded."""
    return torch.as_tensor(x, dtype=torch.float64)


def leaves(x: Any) -> Iterator[Any]:
    """Tensors and numbers in any structure."""
    if dataclasses.is_dataclass(x):
        x = [getattr(x, field.name) for field in dataclasses.fields(x)]
    if isinstance(x, dict):
        x = [part for item in x.items() for part in item]
    if isinstance(x, (list, tuple)):
        for part in x:
            yield from leaves(part)
    elif isinstance(x, (Tensor, int, float)):
        yield x


def tensors(x: Any) -> Iterator[Tensor]:
    return (leaf for leaf in leaves(x) if isinstance(leaf, Tensor))


def mapped(x: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The same structure with every tensor changed."""
    if isinstance(x, Tensor):
        return change(x)
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        fields = {f.name: mapped(getattr(x, f.name), change) for f in dataclasses.fields(x)}
        return dataclasses.replace(x, **fields)
    if isinstance(x, dict):
        return {key: mapped(value, change) for key, value in x.items()}
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return type(x)(*(mapped(part, change) for part in x))
    if isinstance(x, (list, tuple)) and not isinstance(x, torch.Size):
        return type(x)(mapped(part, change) for part in x)
    return x


def name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def right_or_refused(
    example: Example, arguments: Arguments, reference: Arguments, tolerance: float = 1e-9
) -> None:
    """With ``arguments`` what it says with ``reference``, or a refusal."""
    actual = outcome(example, arguments)
    needed = tolerance == FLOATS[torch.float32] and any(
        t.dtype == torch.float32 for t in tensors(arguments)
    )
    assert not (needed and isinstance(actual, ValueError)), f"the example is refused: {actual}"
    if not isinstance(actual, ValueError):
        same(actual, outcome(example, reference), "another result", tolerance)


# ---------------------------------------------------------------- types


def of_dtype(example: Example, dtype: torch.dtype) -> None:
    """Floats in another type, against the very same numbers in float64."""
    size = example.timed_at if dtype == torch.float16 else 8
    made = example.arguments(Draw(dtype=torch.float64, size=size, reach=WHOLE.get(dtype, 0)))
    narrow = tuple(cast(argument, dtype) for argument in made)
    wide = tuple(cast(argument, dtype, back=True) for argument in made)
    right_or_refused(example, narrow, wide, FLOATS.get(dtype, 1e-5))


def cast(x: Any, dtype: torch.dtype, back: bool = False) -> Any:
    """Floats in ``dtype``, and ``back`` in float64 again."""
    if isinstance(x, nn.Module):
        return copy.deepcopy(x).to(dtype if dtype.is_floating_point and not back else torch.float64)

    def change(t: Tensor) -> Tensor:
        if not t.is_floating_point():
            return t
        if not dtype.is_floating_point:
            limits = torch.iinfo(dtype)
            t = t.round().clamp(limits.min, limits.max)
        return t.to(dtype).double() if back else t.to(dtype)

    return mapped(x, change)


def labels_as(example: Example, dtype: torch.dtype) -> None:
    """Whole numbers in another type."""
    made = example.arguments(Draw(dtype=torch.float64))
    other = mapped(made, lambda t: t.to(dtype) if t.dtype == torch.int64 else t)
    right_or_refused(example, other, made)


def masks_as_numbers(example: Example, factor: int) -> None:
    """Masks of 0 and 1, or 0 and 255."""
    made = example.arguments(Draw(dtype=torch.float64))
    other = mapped(made, lambda t: t.byte() * factor if t.dtype == torch.bool else t)
    right_or_refused(example, other, made)


# ---------------------------------------------------------------- memory, gradients


def in_memory(layout: Callable[[Tensor], Tensor]) -> Condition:
    """The same numbers, lying otherwise in memory."""

    def condition(example: Example) -> None:
        made = example.arguments(Draw(dtype=torch.float64))
        expected, actual = outcome(example, made), outcome(example, mapped(made, layout))
        same(actual, expected, "another result")

    return condition


def gaps(t: Tensor) -> Tensor:
    """Every second place of a memory twice as long."""
    return torch.stack([t, torch.ones_like(t)], dim=-1)[..., 0]


def transposed(t: Tensor) -> Tensor:
    """Columns before rows."""
    return t.mT.contiguous().mT if t.ndim > 1 else t


def channels_last(t: Tensor) -> Tensor:
    return t.contiguous(memory_format=torch.channels_last) if t.ndim == 4 else t


def arguments_stay(example: Example) -> None:
    """Not even overwritten with the same numbers."""
    made = example.arguments(Draw(dtype=torch.float64))
    before = [t._version for t in tensors(made)]
    outcome(example, made)
    assert [t._version for t in tensors(made)] == before, "an argument was written to"


def gradient(example: Example) -> None:
    """Where a gradient is asked for: the same result, and whatever has one gives it."""
    made = example.arguments(Draw(dtype=torch.float64))
    leaf = mapped(made, lambda t: t.clone().requires_grad_(t.is_floating_point()))
    result = outcome(example, leaf)
    same(result, outcome(example, made), "another result")
    sums = [t.sum() for t in tensors(result) if t.requires_grad]
    if sums:
        inputs = [t for t in tensors(leaf) if t.requires_grad]
        torch.autograd.grad(sums, inputs, allow_unused=True)
    assert all(t.grad is None for t in tensors(leaf)), "a gradient was left in an argument"


# ---------------------------------------------------------------- sizes


def of_size(size: int) -> Condition:
    """So many pixels along a side, boxes or other things; as the library, where it has it."""

    def condition(example: Example) -> None:
        try:
            made = example.arguments(Draw(dtype=torch.float64, size=size))
        except ValueError:  # another function, which makes an argument, cannot
            return
        result = outcome(example, made)
        if example.library is not None and not isinstance(result, ValueError):
            with contextlib.suppress(
                RuntimeError, ValueError
            ):  # the library may refuse what ours can do
                same(result, example.library(*made), "not as the library")

    return condition


def emptied(example: Example) -> None:
    """One argument after the other without any rows, and without any columns."""
    made = example.arguments(Draw(dtype=torch.float64))
    for place, argument in enumerate(made):
        if isinstance(argument, Tensor):
            for empty in {0: argument[:0], 1: argument[..., :0]}.values():
                outcome(example, (*made[:place], empty, *made[place + 1 :]))


def another_axis(example: Example) -> None:
    """One argument after the other with an axis more or less, and as one number."""
    made = example.arguments(Draw(dtype=torch.float64))
    for place, argument in enumerate(made):
        if isinstance(argument, Tensor):
            for other in (argument[None], argument[0], argument.flatten()[0], argument[:, None]):
                outcome(example, (*made[:place], other, *made[place + 1 :]))


def stacked(example: Example) -> None:
    """Two inputs at a time: their two results, or a refusal."""
    singles = [example.arguments(Draw(dtype=torch.float64, seed=seed)) for seed in (0, 1)]
    both = tuple(
        torch.stack([a, b]) if isinstance(a, Tensor) and a.shape == b.shape else a
        for a, b in zip(*singles)
    )
    result = outcome(example, both)
    if isinstance(result, ValueError):
        return
    each = [list(leaves(outcome(example, arguments))) for arguments in singles]
    for part, *expected in zip(leaves(result), *each, strict=True):
        expected = torch.stack(list(map(as_tensor, expected)))
        ways = [expected, expected.sum(0), expected.mean(0)]
        if expected.ndim > 1:  # where any further axis is one of pixels
            ways.append(expected.sum(1))
        fitting = [way for way in ways if way.shape == part.shape]
        close = [torch.allclose(part.double(), way, equal_nan=True) for way in fitting]
        assert any(close), "a batch gives neither its two results nor their sum or mean"


def rows(example: Example) -> None:
    """All rows at a time, against one after the other."""
    made = example.arguments(Draw(dtype=torch.float64))
    count = len(made[example.rows[0]])
    singles = [
        tuple(a[i : i + 1] if n in example.rows else a for n, a in enumerate(made))
        for i in range(count)
    ]
    each = [list(leaves(outcome(example, arguments))) for arguments in singles]
    for part, *expected in zip(leaves(outcome(example, made)), *each, strict=True):
        same(part, torch.cat(expected), "a row has another result among others than alone")


# ---------------------------------------------------------------- settings


def numpy_numbers(example: Example) -> None:
    """Numbers as numpy has them instead of Python's."""
    made = example.arguments(Draw(dtype=torch.float64))
    settings = getattr(example.ours, "keywords", {})
    other = {name: as_numpy(value) for name, value in settings.items()}
    expected = outcome(example, made)
    same(outcome(example, tuple(map(as_numpy, made)), **other), expected, "another result", 1e-6)


def as_numpy(x: Any) -> Any:
    if isinstance(x, (list, tuple)) and all(isinstance(n, (int, float, list, tuple)) for n in x):
        return tuple(map(as_numpy, x))
    if isinstance(x, bool) or not isinstance(x, (int, float)):
        return x
    return np.int64(x) if isinstance(x, int) else np.float64(x)


def floats(example: Example) -> list[str]:
    """The arguments that are a float, or several."""
    parameters = inspect.signature(example.ours).parameters.values()
    return [p.name for p in parameters if re.search(r"\bfloat\b", str(p.annotation))]


def nan_setting(example: Example, name: str) -> None:
    """NaN instead of a number is refused by its name."""
    bound = inspect.signature(example.ours).bind(*example.arguments(Draw(dtype=torch.float64)))
    bound.apply_defaults()
    value = bound.arguments[name]
    for given in with_one_nan(value):
        bound.arguments[name] = given
        try:
            example.ours(*bound.args, **bound.kwargs)
        except ValueError as error:
            assert name in str(error), f"{error!r} does not name {name}"
        else:
            raise AssertionError(f"{name} = {given} is accepted")


def with_one_nan(x: Any) -> Iterator[Any]:
    """The number as NaN; of several numbers one after the other."""
    if not isinstance(x, (list, tuple)):
        yield math.nan
        return
    for n, part in enumerate(x):
        for wrong in with_one_nan(part):
            yield type(x)([*x[:n], wrong, *x[n + 1 :]])
