import itertools
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from parity import CASES, DTYPES, assert_close, assert_parity
from torch import Tensor

from lookclosely import ops


def slow_max_unpool2d(input: Tensor, indices: Tensor, size: tuple[int, int]) -> Tensor:
    out = input.new_zeros(input.shape[0], *size)
    for c, i, j in itertools.product(*map(range, input.shape)):
        row, column = divmod(int(indices[c, i, j]), size[1])
        out[c, row, column] = input[c, i, j]
    return out


SQUARE = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])


def test_the_decks_examples():
    nearest = [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    assert ops.unpool_nearest(SQUARE)[0].tolist() == nearest
    nails = [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]
    assert ops.bed_of_nails(SQUARE)[0].tolist() == nails


@pytest.mark.parametrize("dtype", DTYPES)
def test_nearest_and_bed_of_nails_are_transposed_convolutions(dtype, device):
    """Each pixel stamps a block of ones, or a block with a single one at its top left."""
    for seed in range(CASES):
        rng = random.Random(seed)
        scale = rng.choice([1, 2, 3, (2, 1), (1, 3), (4, 2)])
        s = (scale,) * 2 if isinstance(scale, int) else scale
        shape = (*rng.choice([(), (0,), (2,)]), rng.randint(1, 3), rng.randint(1, 6), 5)
        x = torch.randn(shape, dtype=dtype, device=device)
        ones, nail = x.new_ones(shape[-3], 1, *s), x.new_zeros(shape[-3], 1, *s)
        nail[..., 0, 0] = 1
        for ours, kernel in ((ops.unpool_nearest, ones), (ops.bed_of_nails, nail)):
            assert_parity(
                lambda x, f=ours, n=scale: f(x, scale_factor=n),
                lambda x, k=kernel, n=s: F.conv_transpose2d(x, k, stride=n, groups=len(k)),
                [x],
            )


def test_unpool_nearest_is_interpolation_by_nearest():
    x = torch.randn(2, 3, 4, 5)
    assert torch.equal(ops.unpool_nearest(x, (2, 3)), F.interpolate(x, scale_factor=(2, 3)))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("two", [(2,), [2], np.int64(2), torch.tensor(2), np.array([2, 2])])
def test_one_number_may_be_written_in_many_ways(two):
    x = torch.randn(1, 2, 4, 6)
    assert torch.equal(ops.unpool_nearest(x, two), ops.unpool_nearest(x, 2))
    assert torch.equal(ops.max_pool2d(x, 3, two), ops.max_pool2d(x, 3, 2))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("wrong", [2.0, (2.0, 2), "22", (), None, np.array([2.0, 2.0])])
def test_what_is_no_whole_number_is_refused(wrong):
    with pytest.raises(ValueError, match="scale_factor must be one int, or 2"):
        ops.unpool_nearest(SQUARE, wrong)


def random_unpooling(seed: int, dtype: torch.dtype, device: torch.device):
    """Numbers, the places of a pooling with windows that do not overlap, and the settings."""
    rng = random.Random(seed)
    kernel_size = rng.choice([2, 3, (2, 3), (3, 1)])
    kh, kw = (kernel_size,) * 2 if isinstance(kernel_size, int) else kernel_size
    padding = rng.choice([0, (kh // 2, kw // 2)])
    shape = (*rng.choice([(), (0,), (1,), (2,)]), rng.randint(1, 3), rng.randint(3, 9), 8)
    generator = torch.Generator().manual_seed(seed)
    pooled = torch.randn(shape, generator=generator, dtype=dtype).to(device)
    values, places = F.max_pool2d(pooled, kernel_size, padding=padding, return_indices=True)
    settings = {
        "kernel_size": kernel_size,
        "padding": padding,
        # The library takes the whole shape of a batch only.
        "output_size": shape if rng.random() < 0.5 and len(shape) == 4 else shape[-2:],
    }
    return torch.randn_like(values), places, settings


@pytest.mark.parametrize("dtype", DTYPES)
def test_max_unpool2d_is_the_library_s(dtype, device):
    for seed in range(CASES):
        x, places, settings = random_unpooling(seed, dtype, device)
        assert_parity(
            lambda x, p=places, s=settings: ops.max_unpool2d(x, p, **s),
            lambda x, p=places, s=settings: F.max_unpool2d(x, p, **s),
            [x],
        )


def test_max_unpool2d_without_output_size_is_the_library_s():
    x = torch.randn(2, 3, 12, 12)
    for size, stride, padding in ((2, None, 0), (3, 3, 0), ((2, 3), None, 0), (4, 2, 1)):
        values, places = ops.max_pool2d(x, size, stride, padding, return_indices=True)
        arguments: tuple = (values, places, size, stride, padding)
        assert_close(ops.max_unpool2d(*arguments), F.max_unpool2d(*arguments))


@pytest.mark.parametrize("size", [(6, 8), (7, 9)])
def test_max_unpool2d_is_its_definition(size):
    pooled = torch.randn(2, *size, dtype=torch.float64)
    values, places = F.max_pool2d(pooled, 2, 2, return_indices=True)
    ours = ops.max_unpool2d(values, places, 2, output_size=size)
    assert torch.equal(ours, slow_max_unpool2d(values, places, size))


sides = st.integers(2, 9)


@given(sides, sides, st.integers(0, 99))
def test_unpooling_keeps_the_maxima_where_they_were_and_nothing_else(height, width, seed):
    x = torch.randn(1, height, width, generator=torch.Generator().manual_seed(seed))
    values, places = ops.max_pool2d(x, 2, return_indices=True)
    up = ops.max_unpool2d(values, places, 2, output_size=x.shape)
    assert torch.equal(up[up != 0], x[up != 0])
    assert int((up != 0).sum()) == values.numel()
    if (height | width) % 2 == 0:
        assert torch.equal(ops.max_pool2d(up.clamp(min=0), 2), values.clamp(min=0))


def test_gradients_are_right_to_second_order():
    x = torch.randn(1, 2, 3, 2, dtype=torch.float64, requires_grad=True)
    _, places = F.max_pool2d(torch.randn(1, 2, 7, 5).double(), 2, return_indices=True)

    def unpool(x):
        return ops.max_unpool2d(x, places, 2, output_size=(7, 5))

    for function in (ops.unpool_nearest, ops.bed_of_nails, unpool):
        assert torch.autograd.gradcheck(function, x)
        assert torch.autograd.gradgradcheck(function, x)


X, PLACES = torch.zeros(1, 2, 2, 3), torch.zeros(1, 2, 2, 3, dtype=torch.long)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.unpool_nearest(X[0, 0]), "x must be"),
        (lambda: ops.unpool_nearest(X, 0), "scale_factor"),
        (lambda: ops.bed_of_nails(X[0, 0]), "x must be"),
        (lambda: ops.bed_of_nails(X, (2, 2, 2)), "scale_factor"),
        (lambda: ops.max_unpool2d(X[0, 0], PLACES[0, 0], 2), "input and indices"),
        (lambda: ops.max_unpool2d(X, PLACES[..., :2], 2), "input and indices"),
        (lambda: ops.max_unpool2d(X, PLACES, 0), "kernel_size"),
        (lambda: ops.max_unpool2d(X, PLACES, 2, 0), "stride"),
        (lambda: ops.max_unpool2d(X, PLACES, 2, padding=-1), "padding"),
        (lambda: ops.max_unpool2d(X, PLACES, 2, output_size=(6, 6)), "output_size"),
        (lambda: ops.max_unpool2d(X, PLACES, 2, output_size=(2, 6)), "output_size"),
        (lambda: ops.max_unpool2d(X, PLACES, 2, output_size=(4,)), "output_size"),
        (lambda: ops.max_unpool2d(X, PLACES, 2, output_size=(2, 2, 4, 6)), "output_size"),
        (lambda: ops.max_unpool2d(X, PLACES, 2, padding=2), r"padding is \(2, 2\)"),
        (lambda: ops.max_unpool2d(X, PLACES, 2, 2, 2, (0, 2)), r"output_size is \(0, 2\)"),
        (lambda: ops.max_unpool2d(X, PLACES + 24, 2), "indices go from 24"),
        (lambda: ops.max_unpool2d(X, PLACES - 1, 2), "indices go from -1"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
