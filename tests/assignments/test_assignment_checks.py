"""The comparisons that the assignments' tests are made of."""

import contextlib
import math
import sys

import pytest
import torch
import torch.nn.functional as F
from torch.nn.grad import conv1d_input

from lookclosely.grading import checks


def test_numbers_that_are_right_pass():
    checks.number(3, 3)
    checks.number(0.1 + 0.2, 0.3)
    checks.numbers([1, 2.0], [1.0, 2])
    checks.numbers((), [])


@pytest.mark.parametrize("actual", [True, None, ..., "3", 3 + 0j, torch.tensor(3), math.nan, 3.01])
def test_numbers_that_are_wrong_fail(actual):
    with pytest.raises(AssertionError):
        checks.number(actual, 3)


@pytest.mark.parametrize("actual", [[1], [1, 2, 3], [1, 3], [1, True], {1, 2}, torch.ones(2), ...])
def test_lists_that_are_wrong_fail(actual):
    with pytest.raises(AssertionError):
        checks.numbers(actual, [1, 2])


def test_tensors_that_are_right_pass():
    checks.tensor(torch.tensor([1.0, 2.0 + 1e-6]), torch.tensor([1.0, 2.0]))
    checks.tensor(torch.zeros(0, 3), torch.zeros(0, 3))
    checks.tensor(torch.tensor(1), torch.tensor(1))
    checks.tensor(torch.tensor([True]), torch.tensor([True]))


@pytest.mark.parametrize(
    ("actual", "sentence"),
    [
        (None, "does the function end with `return`"),
        (torch.zeros(2).numpy(), "`torch.from_numpy`"),
        (torch.nn.Parameter(torch.zeros(2)), "Parameter"),
        ([0.0, 0.0], "`torch.tensor`"),
        (torch.zeros(2, dtype=torch.float64), "torch.float32 is asked for"),
        (torch.zeros(2, 1), "shape is \\(2, 1\\), not \\(2,\\)"),
        (torch.tensor([0.0, 1.0]), "1 of 2 entries .* at \\(1,\\), is 1 instead of 0"),
        (torch.tensor([math.nan, 0.0]), "1 of 2"),
        (torch.tensor([0.0, math.inf]), "1 of 2"),
    ],
)
def test_tensors_that_are_wrong_say_why(actual, sentence):
    with pytest.raises(AssertionError, match=sentence):
        checks.tensor(actual, torch.zeros(2))


def test_nan_passes_only_where_it_is_expected_and_asked_for():
    expected = torch.tensor([1.0, math.nan])
    checks.tensor(expected.clone(), expected, equal_nan=True)
    for actual in ([math.nan, math.nan], [1.0, 0.0], [1.0, math.inf], [2.0, math.nan]):
        with pytest.raises(AssertionError, match="1 of 2"):
            checks.tensor(torch.tensor(actual), expected, equal_nan=True)
    with pytest.raises(AssertionError, match="1 of 2"):
        checks.tensor(expected.clone(), expected)


def test_a_forbidden_function_is_refused_by_every_road():
    x, weight = torch.ones(1, 3), torch.ones(1, 1, 3)
    roads = (
        lambda: F.conv_transpose1d(x, weight),
        lambda: torch.conv1d(x, weight),
        lambda: torch.nn.ConvTranspose1d(1, 1, 3)(x),
        lambda: conv1d_input((1, 1, 3), weight, torch.ones(1, 1, 1)),
        lambda: torch.ops.aten.conv1d(x, weight),
    )
    for road in roads:
        road()
        with pytest.raises(AssertionError, match="write it yourself"), checks.without("conv"):
            road()
    with checks.without("conv"):
        (x.requires_grad_() * weight).sum().backward()


def test_torchvisions_nms_is_refused():
    import torchvision

    boxes, scores = torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([1.0])
    with pytest.raises(AssertionError, match="nms"), checks.without("nms"):
        torchvision.ops.batched_nms(boxes, scores, torch.tensor([0]), 0.5)


def test_the_package_is_refused_with_and_without_names():
    from lookclosely import losses, ops

    boxes, scores = torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([1.0])
    roads = (
        lambda: ops.nms(boxes, scores, 0.5),
        lambda: list(map(ops.box_area, [boxes])),
        lambda: losses.multi_task_loss(
            torch.zeros(1, 2), boxes, torch.tensor([1]), boxes, weight=1.0
        ),
    )
    for road in roads:
        road()
        for names in ((), ("conv",)):
            with pytest.raises(AssertionError, match="package's own"), checks.without(*names):
                road()
    ops.nms(boxes, scores, 0.5)  # behind the block it may be called again
    with checks.without():
        checks.tensor(boxes.clone(), boxes)  # the tests' own comparisons are no answer
        (boxes.clone().requires_grad_() * 2).sum().backward()


def test_a_refusal_that_the_answer_swallows_counts_all_the_same():
    from lookclosely import ops

    def answer():
        try:
            return ops.box_area(torch.zeros(1, 4))
        except AssertionError:
            return F.conv1d(torch.ones(1, 3), torch.ones(1, 1, 3))

    with pytest.raises(AssertionError, match="`box_area`: write it yourself"), checks.without():
        answer()

    def twice():
        for _ in range(2):
            with contextlib.suppress(AssertionError):
                F.conv1d(torch.ones(1, 3), torch.ones(1, 1, 3))

    with pytest.raises(AssertionError, match="`conv1d`: write it yourself"), checks.without("conv"):
        twice()


def test_a_profiler_that_was_there_is_there_again():
    def profiler(frame, event, argument):
        pass

    before = sys.getprofile()
    sys.setprofile(profiler)
    try:
        with checks.without():
            pass
        assert sys.getprofile() is profiler
        with pytest.raises(ZeroDivisionError), checks.without():
            raise ZeroDivisionError
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(before)
