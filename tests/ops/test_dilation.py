"""Dilated kernels against the library's dilation; path counts against enumeration and gradients."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from parity import DTYPES, assert_close, assert_parity

from lookclosely import ops


def slow_path_counts(layers: list[tuple[int, int, int, int]]) -> list[int]:
    """Every choice of one tap a layer, and where it ends; (kernel, stride, padding, dilation)."""
    steps, jump = [], 1
    for _, stride, _, dilation in layers:
        steps.append(dilation * jump)
        jump *= stride
    kernels = [layer[0] for layer in layers]
    counts = [0] * (1 + sum(step * (k - 1) for step, k in zip(steps, kernels, strict=True)))
    for taps in itertools.product(*map(range, kernels)):
        counts[sum(step * tap for step, tap in zip(steps, taps, strict=True))] += 1
    return counts


small = st.integers(1, 4)
layer = st.tuples(small, st.integers(1, 3), st.integers(0, 2), small)


@given(st.lists(small, min_size=2, max_size=4), st.tuples(small, small) | small)
def test_taps_stand_apart_and_nothing_between(shape, dilation):
    weight = torch.rand(shape, dtype=torch.float64) + 1
    spread = ops.dilate_kernel(weight, dilation)
    down, across = (dilation, dilation) if isinstance(dilation, int) else dilation
    kh, kw = shape[-2:]
    assert spread.shape == (*shape[:-2], down * (kh - 1) + 1, across * (kw - 1) + 1)
    assert torch.equal(spread[..., ::down, ::across], weight)
    assert int((spread != 0).sum()) == weight.numel()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dilation", [1, 2, 3, (1, 3), (4, 2)])
def test_convolving_with_the_dilated_kernel_is_dilated_convolution(dtype, dilation, device):
    x = torch.randn(2, 3, 11, 14, dtype=dtype, device=device)
    weight = torch.randn(4, 3, 3, 2, dtype=dtype, device=device)
    assert_parity(
        lambda x, w: F.conv2d(x, ops.dilate_kernel(w, dilation), padding=1),
        lambda x, w: F.conv2d(x, w, dilation=dilation, padding=1),
        [x, weight],
    )
    assert_close(
        ops.conv2d(x, ops.dilate_kernel(weight, dilation)),
        ops.conv2d(x, weight, dilation=dilation),
    )


def test_a_kronecker_product_is_a_small_filter_and_then_a_dilated_one():
    x = torch.randn(1, 1, 20, 23, dtype=torch.float64)
    a, b = torch.randn(3, 4, dtype=torch.float64), torch.randn(2, 3, dtype=torch.float64)
    whole = F.conv2d(x, torch.kron(a, b)[None, None])
    small_first = F.conv2d(F.conv2d(x, b[None, None]), a[None, None], dilation=(2, 3))
    assert_close(whole, small_first)


def test_kernels_of_whole_numbers_and_of_no_channels():
    kernel = ops.dilate_kernel(torch.tensor([[1, 2], [3, 4]]), 2)
    assert kernel.tolist() == [[1, 0, 2], [0, 0, 0], [3, 0, 4]]
    assert ops.dilate_kernel(torch.zeros(0, 5, 3, 3), 2).shape == (0, 5, 5, 5)


@given(st.lists(layer, max_size=4))
def test_path_counts_are_those_of_counting(layers):
    counts = ops.path_counts(layers)
    assert counts.dtype == torch.int64
    assert counts.tolist() == slow_path_counts(layers)
    assert len(counts) == ops.receptive_field(layers).size


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 2), st.just(0), small), max_size=4))
def test_path_counts_are_the_gradient_of_a_chain_of_ones(layers):
    size = ops.receptive_field(layers).size
    x = torch.zeros(1, 1, size, dtype=torch.float64, requires_grad=True)
    y = x
    for kernel, stride, padding, dilation in layers:
        ones = torch.ones(1, 1, kernel, dtype=torch.float64)
        y = F.conv1d(y, ones, None, stride, padding, dilation)
    (gradient,) = torch.autograd.grad(y[0, 0, 0], x)
    assert torch.equal(gradient[0, 0].long(), ops.path_counts(layers))


@given(st.lists(st.integers(1, 12), min_size=1, max_size=5))
def test_3_taps_leave_no_hole_if_no_rate_exceeds_1_and_twice_the_sum_of_the_smaller(rates):
    """Brown 1961, theorem 1, for a list in which every rate stands twice."""
    counts = ops.path_counts([(3, 1, rate, rate) for rate in rates])
    ordered = sorted(rates)
    complete = all(r <= 1 + 2 * sum(ordered[:i]) for i, r in enumerate(ordered))
    assert bool((counts > 0).all()) == complete


@given(st.lists(st.integers(1, 15), min_size=1, max_size=4).map(sorted))
def test_holes_of_rising_rates_are_those_of_wang_et_al(rest):
    """Their section 3.2: M_n = r_n, M_i = max(M_{i+1} − 2r_i, 2r_i − M_{i+1}, r_i), and M_2 ≤ 3."""
    gap = rest[-1]
    for rate in rest[-2::-1]:
        gap = max(gap - 2 * rate, 2 * rate - gap, rate)
    counts = ops.path_counts([(3, 1, rate, rate) for rate in [1, *rest]])
    assert bool((counts > 0).all()) == (gap <= 3)


def test_rates_that_triple_read_every_pixel_once():
    counts = ops.path_counts([(3, 1, r, r) for r in (1, 3, 9, 27)])
    assert counts.tolist() == [1] * 81


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.dilate_kernel(torch.zeros(3), 2), "weight"),
        (lambda: ops.dilate_kernel(torch.zeros(2, 3, 0), 2), "weight"),
        (lambda: ops.dilate_kernel(torch.zeros(3, 3), 0), "dilation"),
        (lambda: ops.dilate_kernel(torch.zeros(3, 3), (1, 2, 3)), "dilation"),
        (lambda: ops.path_counts([(3, 1)]), r"layers\[0\]"),
        (lambda: ops.path_counts([(3, 1, 0), (3, 1, 0, 0)]), r"layers\[1\]"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
