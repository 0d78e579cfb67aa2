"""Kendall's tau against its definition and scipy."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau
from torch import Tensor
from torch.testing import assert_close

from lookclosely.metrics import kendall_tau


def slow_tau(x: list[float], y: list[float]) -> float:
    score, untied_x, untied_y = 0, 0, 0
    for i in range(len(x)):
        for j in range(i):
            a = (x[i] > x[j]) - (x[i] < x[j])
            b = (y[i] > y[j]) - (y[i] < y[j])
            score, untied_x, untied_y = score + a * b, untied_x + abs(a), untied_y + abs(b)
    return score / (untied_x * untied_y) ** 0.5 if untied_x * untied_y else float("nan")


def test_by_hand():
    x = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert kendall_tau(x, x).item() == 1.0
    assert kendall_tau(x, -x).item() == -1.0
    assert kendall_tau(x, torch.tensor([1.0, 2.0, 4.0, 3.0])).item() == pytest.approx(4 / 6)


few = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=0, max_size=12)


@settings(max_examples=200, deadline=None)
@given(few)
def test_agrees_with_the_definition_and_scipy(pairs: list[tuple[int, int]]):
    x, y = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    mine = kendall_tau(torch.tensor(x), torch.tensor(y))
    expected = torch.tensor(slow_tau(x, y), dtype=torch.float64)
    assert_close(mine, expected, equal_nan=True)
    if len(pairs) > 1:
        scipy = torch.tensor(kendalltau(x, y)[0], dtype=torch.float64)
        assert_close(mine, scipy, equal_nan=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64, torch.uint8])
def test_types(dtype: torch.dtype):
    x, y = torch.tensor([[3, 1, 2], [1, 3, 2]], dtype=dtype)
    assert kendall_tau(x, y).dtype == torch.float64
    assert kendall_tau(x, y).item() == -1.0


def test_what_is_no_number_has_no_order():
    x, y = torch.tensor([1.0, 2.0, float("nan")]), torch.tensor([1.0, 2.0, 3.0])
    assert kendall_tau(x, y).isnan() and kendall_tau(y, x).isnan()
    endless = torch.tensor([1.0, float("inf"), float("inf")])  # two that are equal
    assert kendall_tau(endless, y).item() == pytest.approx(kendalltau([1, 5, 5], y)[0])


def test_leading_dimensions_make_a_table():
    scores = torch.rand(3, 10)
    table = kendall_tau(scores, scores[:, None])
    assert table.shape == (3, 3)
    for i in range(3):
        for j in range(3):
            assert table[i, j] == kendall_tau(scores[i], scores[j])


def test_groups_keep_pairs_apart():
    x, group = torch.tensor([1.0, 2.0, 30.0, 20.0]), torch.tensor([0.0, 0.0, 1.0, 1.0])
    y = torch.tensor([4.0, 5.0, 1.0, 2.0])
    assert kendall_tau(x, y, group=group).item() == 0.0  # one pair each way
    both = kendall_tau(x, y).item()
    assert both == pytest.approx(slow_tau(x.tolist(), y.tolist())) and both < 0
    assert kendall_tau(x, y, group=torch.arange(4.0)).isnan()


def test_each_device_gives_the_same(device: torch.device):
    x, y = torch.rand(2, 8)
    assert_close(kendall_tau(x.to(device), y.to(device)).cpu(), kendall_tau(x, y))


@pytest.mark.parametrize("y", [torch.rand(3), torch.rand(0)])
@pytest.mark.usefixtures("unchecked")
def test_bad_lengths(y: Tensor):
    with pytest.raises(ValueError, match="x has 4 scores, but y"):
        kendall_tau(torch.rand(4), y)
    with pytest.raises(ValueError, match="x has 4 scores"):
        kendall_tau(torch.rand(4), torch.rand(4), group=torch.rand(2))
