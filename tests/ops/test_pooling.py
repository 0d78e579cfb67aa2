import itertools
import random

import pytest
import torch
import torch.nn.functional as F
from parity import CASES, DTYPES, assert_close, assert_parity
from torch import Tensor

from lookclosely import ops


def slow_max_pool2d(input: Tensor, kernel_size: int, stride: int) -> tuple[Tensor, Tensor]:
    """No padding: the first largest number of each window, and ``row·W + column`` of it."""
    channels, height, width = input.shape
    places = [range(0, n - kernel_size + 1, stride) for n in (height, width)]
    out = input.new_zeros(channels, *map(len, places))
    where = out.long()
    taps = range(kernel_size)
    for c, i, j in itertools.product(*map(range, out.shape)):
        top, left = places[0][i], places[1][j]
        window = [(float(input[c, top + u, left + v]), u, v) for u in taps for v in taps]
        value, u, v = max(window, key=lambda entry: entry[0])
        out[c, i, j], where[c, i, j] = value, (top + u) * width + left + v
    return out, where


def random_pooling(seed: int):
    """Settings of max_pool2d, and the shape of an input that is large enough."""
    rng = random.Random(seed)
    kernel_size = rng.choice([1, 2, 2, 3, (3, 2), (1, 4)])
    kh, kw = (kernel_size,) * 2 if isinstance(kernel_size, int) else kernel_size
    settings = {
        "kernel_size": kernel_size,
        "stride": rng.choice([None, 1, 2, (1, 3), (2, 1)]),
        "padding": rng.choice([0, (kh // 2, kw // 2), (0, kw // 2)]),
        "dilation": rng.choice([1, 1, 2, (1, 2)]),
        "ceil_mode": rng.choice([False, True]),
    }
    batch = rng.choice([(), (0,), (1,), (2,)])
    return settings, (*batch, rng.randint(1, 3), rng.randint(5, 9), rng.randint(7, 10))


@pytest.mark.parametrize("dtype", DTYPES)
def test_max_pool2d_is_the_library_s(dtype, device):
    for seed in range(CASES):
        settings, shape = random_pooling(seed)
        generator = torch.Generator().manual_seed(seed)
        # Few different numbers, so that many windows have several maxima.
        x = torch.randint(-2, 3, shape, generator=generator).to(device, dtype)
        assert_parity(
            lambda x, s=settings: ops.max_pool2d(x, **s),
            lambda x, s=settings: F.max_pool2d(x, **s),
            [x],
        )
        ours = ops.max_pool2d(x, **settings, return_indices=True)
        for mine, theirs in zip(ours, F.max_pool2d(x, **settings, return_indices=True)):
            assert_close(mine, theirs)


def test_max_pool2d_takes_the_library_s_positional_arguments():
    x = torch.randn(2, 3, 9, 8)
    arguments = (x, 3, (2, 1), 1, (1, 2), True, True)
    for mine, theirs in zip(ops.max_pool2d(*arguments), F.max_pool2d(*arguments)):
        assert_close(mine, theirs)


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 2), (3, 1), (2, 3)])
def test_max_pool2d_is_its_definition(size, stride):
    x = torch.randint(0, 5, (2, 7, 9)).double()
    values, places = ops.max_pool2d(x, size, stride, return_indices=True)
    slow_values, slow_places = slow_max_pool2d(x, size, stride)
    assert_close(values, slow_values)
    assert torch.equal(places, slow_places)


def test_the_first_of_equals_is_remembered_and_gets_the_gradient():
    x = torch.ones(1, 2, 4, dtype=torch.float64, requires_grad=True)
    values, places = ops.max_pool2d(x, 2, return_indices=True)
    assert places.tolist() == [[[0, 2]]]
    values.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[[1, 0, 1, 0], [0, 0, 0, 0]]]


def test_padding_never_wins_and_nan_always_does():
    least = torch.full((1, 4, 4), -torch.inf)
    for mine, theirs in zip(
        ops.max_pool2d(least, 3, 2, 1, return_indices=True),
        F.max_pool2d(least, 3, 2, 1, return_indices=True),
    ):
        assert torch.equal(mine, theirs)
    x = torch.randn(1, 4, 4)
    x[0, 1, 1] = torch.nan
    assert_close(ops.max_pool2d(x, 2), F.max_pool2d(x, 2))


def test_of_several_nans_the_last_is_remembered():
    for seed in range(CASES):
        settings, shape = random_pooling(seed)
        x = torch.randn(shape).masked_fill(torch.rand(shape) < 0.3, torch.nan)
        for mine, theirs in zip(
            ops.max_pool2d(x, **settings, return_indices=True),
            F.max_pool2d(x, **settings, return_indices=True),
        ):
            assert_close(mine, theirs)


def test_maxima_alone_are_those_that_have_indices_and_gradients():
    """Without indices and gradient there is a shorter way; it must not show, nor share memory."""
    for seed in range(CASES):
        settings, shape = random_pooling(seed)
        x = torch.randint(-2, 3, shape).double().masked_fill(torch.rand(shape) < 0.05, torch.nan)
        x = x.masked_fill(torch.rand(shape) < 0.05, -torch.inf)
        alone = ops.max_pool2d(x, **settings)
        assert_close(alone, ops.max_pool2d(x, **settings, return_indices=True)[0])
        assert_close(alone, ops.max_pool2d(x.clone().requires_grad_(), **settings).detach())
        assert (
            alone.untyped_storage().data_ptr() != x.untyped_storage().data_ptr() or x.numel() == 0
        )


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.bfloat16])
def test_other_types_are_the_library_s(dtype):
    x = torch.randint(0, 9, (2, 3, 7, 8)).to(dtype)
    for mine, theirs in zip(
        ops.max_pool2d(x, 3, 2, 1, return_indices=True),
        F.max_pool2d(x, 3, 2, 1, return_indices=True),
    ):
        assert_close(mine, theirs)


def test_ceil_mode_is_the_library_s_for_every_size():
    """Also where the last window would begin in the padding after the input."""
    for n, k, s, p in itertools.product(range(1, 8), (1, 2, 3, 4), (1, 2, 3, 5), (0, 1, 2)):
        if p > k // 2 or (n + 2 * p - k + s - 1) // s < 0:
            continue
        x = torch.randn(1, n, 4)
        arguments: tuple = (x, (k, 2), (s, 2), (p, 0), 1, True, True)
        for mine, theirs in zip(ops.max_pool2d(*arguments), F.max_pool2d(*arguments)):
            assert_close(mine, theirs)


def test_max_pool2d_gradients_are_right():
    x = torch.randn(1, 2, 5, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: ops.max_pool2d(x, 3, 2, 1), x)


X = torch.zeros(1, 2, 5, 4)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.max_pool2d(X[0, 0], 2), "input"),
        (lambda: ops.max_pool2d(X[..., :0], 2), "input"),
        (lambda: ops.max_pool2d(X, 0), "kernel_size"),
        (lambda: ops.max_pool2d(X, 5), "kernel_size spans"),
        (lambda: ops.max_pool2d(X, 3, dilation=2), "kernel_size spans"),
        (lambda: ops.max_pool2d(X, 2, 0), "stride"),
        (lambda: ops.max_pool2d(X, 2, padding=2), "padding"),
        (lambda: ops.max_pool2d(X, 2, padding=-1), "padding"),
        (lambda: ops.max_pool2d(X, 2, dilation=0), "dilation"),
        (lambda: ops.max_pool2d(X, 7, 1, ceil_mode=True), "kernel_size spans"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
