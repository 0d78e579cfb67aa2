"""What the tests of an assignment compare with: types first, then values.

``==`` asks the student's object whether it is right, and an object may answer "yes" to every
question. So a test never starts with ``==``: it asks for the *exact* type, then for dtype and
shape, and only then compares numbers, with torch's own operations.

Each function returns nothing when all is well and raises ``AssertionError`` with a sentence for
the student otherwise.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, no_type_check

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

PACKAGE, GRADING = "lookclosely.", "lookclosely.grading"
ADVICE = {
    "NoneType": "does the function end with `return`?",
    "ellipsis": "replace the three dots by your answer.",
    "ndarray": "`torch.from_numpy` makes it a tensor.",
    "Parameter": "return the result of a computation, not the parameter.",
    "list": "`torch.tensor` makes it a tensor.",
}


def number(actual: object, expected: int | float, *, tolerance: float = 1e-6) -> None:
    """``actual`` is a Python ``int`` or ``float`` within ``tolerance`` of ``expected``.

    ``True`` is no number here, nor is a tensor or a numpy scalar.
    """
    value = _plain_number(actual)
    if not abs(value - expected) <= tolerance:
        raise AssertionError(f"{value} is not the right number.")


def numbers(actual: object, expected: Sequence[int | float], *, tolerance: float = 1e-6) -> None:
    """``actual`` is a list (or tuple) of plain numbers, as long as ``expected`` and close to it."""
    values = number_list(actual)
    if len(values) != len(expected):
        raise AssertionError(f"The list has {len(values)} numbers, but not as many are asked for.")
    pairs = zip(values, expected, strict=True)
    wrong = [i for i, (a, b) in enumerate(pairs) if not abs(a - b) <= tolerance]
    if wrong:
        raise AssertionError(f"Not right at position(s) {wrong} of the list, counted from 0.")


def number_list(actual: object) -> list[int | float]:
    """The entries of ``actual``, a list or tuple of Python ``int`` and ``float``."""
    if type(actual) is not list and type(actual) is not tuple:
        raise AssertionError(_wrong_type(actual, "a list of numbers", ADVICE | {"list": ""}))
    return [_plain_number(entry) for entry in actual]


def tensor(
    actual: object,
    expected: Tensor,
    *,
    tolerance: float = 1e-5,
    equal_nan: bool = False,
    any_dtype: bool = False,
) -> None:
    """``actual`` is a plain tensor with the dtype, shape and values of ``expected``.

    ``any_dtype`` is for the tests of a question that ask for something else: a wrong dtype shall
    cost the point of the test that asks for it, and no other.

    Values may differ by ``tolerance`` x (1 + \\|expected\\|). Infinity never passes; NaN passes
    only where NaN is expected, and only with ``equal_nan``.
    A subclass of ``torch.Tensor`` is refused, because it can redefine every comparison.
    """
    value = plain_tensor(actual)
    if value.dtype != expected.dtype and not any_dtype:
        raise AssertionError(f"The dtype is {value.dtype}; {expected.dtype} is asked for.")
    if value.shape != expected.shape:
        raise AssertionError(f"The shape is {tuple(value.shape)}, not {tuple(expected.shape)}.")
    error = (value.detach().double() - expected.detach().double()).abs()
    wrong = ~(error <= tolerance * (1 + expected.detach().double().abs()))  # ~: NaN is wrong too
    if equal_nan:
        wrong &= ~(value.isnan() & expected.isnan())
    if bool(wrong.any()):
        first = tuple(wrong.nonzero()[0].tolist())
        got, want = value[first].item(), expected[first].item()
        raise AssertionError(
            f"{int(wrong.sum())} of {wrong.numel()} entries are wrong; "
            f"the first, at {first}, is {got:.6g} instead of {want:.6g}."
        )


def either(actual: object, expected: Tensor, from_own: object, **options: Any) -> None:
    """``actual`` is ``expected``, or what follows from another answer of the student.

    ``from_own`` is computed with the student's own first function, so that a slip in it costs
    its own tests and not those of the functions that use it. It must not be zero everywhere.
    """
    try:
        tensor(actual, expected, **options)
    except AssertionError:
        if not isinstance(from_own, Tensor) or not bool((from_own != 0).any()):
            raise
        tensor(actual, plain_tensor(from_own), **options)


def share(found: object, best: object, worst: object) -> Tensor:
    """``found`` on the student's own scale, from ``worst``, 0, to ``best``, 1.

    A percentage, a count or the share of the opposite so costs the test that asks for a share, and
    no other. A scale of no length gives NaN or infinity, which no test takes.
    """
    values = [plain_tensor(value).detach().double() for value in (found, best, worst)]
    if len({value.shape for value in values}) > 1:
        raise AssertionError("The shape of the result depends on the predictions.")
    return (values[0] - values[2]) / (values[1] - values[2])


@contextmanager
def unchanged(**arguments: Tensor) -> Iterator[None]:
    """At the end of the block every tensor is what it was: ``with unchanged(x=x, boxes=boxes)``."""
    before = {name: value.detach().clone() for name, value in arguments.items()}
    yield
    for name, value in arguments.items():
        kept = before[name]
        same = value.shape == kept.shape and value.dtype == kept.dtype
        if not same or not torch.allclose(value.detach(), kept, rtol=0, atol=0, equal_nan=True):
            raise AssertionError(f"This changes {name}, which it is given.")


def plain_tensor(actual: object) -> Tensor:
    """``actual``, if it is a ``torch.Tensor`` and of no subclass: before a test indexes it."""
    if type(actual) is not Tensor:
        raise AssertionError(_wrong_type(actual, "a plain torch.Tensor"))
    return actual


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Refuse the package's own functions, and torch functions named like one of ``names``.

    ``without("conv")`` refuses each torch function whose name contains "conv": ``F.conv1d``,
    ``nn.Conv1d`` and the gradient of either all call a function named ``conv1d``. The package
    itself, which every student has installed, is refused always, also by ``without()``; only
    these checks may be called.

    Raises ``AssertionError`` where the function is called and, if the answer swallows that,
    again at the end of the block. Out of reach is what Python does not see call by call: functions
    compiled by ``torch.jit.script``, and other threads.
    """
    refusal = _Refusal(names)
    before = sys.getprofile()
    sys.setprofile(refusal.watch)
    try:
        with refusal:
            yield
    finally:
        sys.setprofile(before)
    if refusal.said:
        raise AssertionError(refusal.said[0])


class _Refusal(TorchFunctionMode):
    """Sees each call of a torch function and, as the profiler, each call of a Python function."""

    def __init__(self, names: tuple[str, ...]):
        super().__init__()
        self.names = names
        self.said: list[str] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        called = getattr(func, "__name__", str(func))
        if any(name in called for name in self.names):
            self.refuse(f"torch's own `{called}`")
        return func(*args, **(kwargs or {}))

    @no_type_check  # called too often for that
    def watch(self, frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            module = str(frame.f_globals.get("__name__"))
            if module.startswith(PACKAGE) and not module.startswith(GRADING):
                self.refuse(f"the package's own `{frame.f_code.co_name}`")

    def refuse(self, function: str) -> None:
        self.said.append(f"This calls {function}: write it yourself.")
        raise AssertionError(self.said[-1])


def _plain_number(actual: object) -> int | float:
    if type(actual) is not int and type(actual) is not float:
        raise AssertionError(_wrong_type(actual, "a plain number, int or float"))
    if not math.isfinite(actual):  # pyright: ignore[reportArgumentType]
        raise AssertionError(f"{actual} is not a finite number.")
    return actual  # pyright: ignore[reportReturnType]


def _wrong_type(actual: object, asked: str, advice: dict[str, str] = ADVICE) -> str:
    name = type(actual).__name__
    return f"This is of type {name}; asked for is {asked}. {advice.get(name, '')}".rstrip()
