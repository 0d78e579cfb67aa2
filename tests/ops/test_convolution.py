import itertools
import random

import numpy as np
import pytest
import scipy.signal
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from parity import CASES, DTYPES, assert_close, assert_parity
from torch import Tensor

from lookclosely import ops


def slow_cross_correlate(x: Tensor, weight: Tensor, stride: int = 1) -> Tensor:
    """1-D or 2-D, no padding: at each place, the sum of the products."""
    places = [range(0, n - k + 1, stride) for n, k in zip(x.shape, weight.shape, strict=True)]
    out = x.new_zeros([len(p) for p in places])
    for index in itertools.product(*(range(len(p)) for p in places)):
        for tap in itertools.product(*(range(k) for k in weight.shape)):
            pixel = tuple(i * stride + u for i, u in zip(index, tap, strict=True))
            out[index] += x[pixel] * weight[tap]
    return out


def random_conv2d(seed: int, dtype: torch.dtype, device: torch.device, plain: bool = False):
    """Arguments of conv2d: (input, weight, bias) or (input, weight), and the settings.

    A plain case has no groups, and numbers for its padding.
    """
    rng = random.Random(seed)
    groups = 1 if plain else rng.choice([1, 1, 2, 3])
    c_in, c_out = groups * rng.randint(1, 2), groups * rng.randint(1, 3)
    kernel = rng.randint(1, 4), rng.randint(1, 3)
    stride = rng.choice([1, 2, (1, 3), (2, 1)])
    dilation = rng.choice([1, 1, 2, (2, 1)])
    padding = rng.choice([0, 1, (2, 0), (0, 3)] + ([] if plain else ["valid", "same"]))
    if padding == "same":
        stride = 1
    spatial = rng.randint(7, 10), rng.randint(5, 9)
    batch = rng.choice([(), (0,), (1,), (2,)])

    generator = torch.Generator().manual_seed(seed)
    shapes = [(*batch, c_in, *spatial), (c_out, c_in // groups, *kernel), (c_out,)]
    tensors = [torch.randn(s, generator=generator, dtype=dtype).to(device) for s in shapes]
    settings = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return tensors[: rng.randint(2, 3)], settings


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize("dtype", DTYPES)
def test_conv2d_is_the_library_s(dtype, device):
    for seed in range(CASES):
        inputs, settings = random_conv2d(seed, dtype, device)
        assert_parity(
            lambda *x, s=settings: ops.conv2d(*x, **s),
            lambda *x, s=settings: F.conv2d(*x, **s),
            inputs,
        )


def test_conv2d_takes_the_library_s_positional_arguments():
    x, weight, bias = torch.randn(1, 4, 9, 8), torch.randn(6, 2, 3, 3), torch.randn(6)
    arguments = (x, weight, bias, (2, 1), (1, 2), (1, 2), 2)
    assert_close(ops.conv2d(*arguments), F.conv2d(*arguments))


def test_conv2d_of_no_channels_is_the_bias():
    x, weight, bias = torch.zeros(2, 0, 4, 5), torch.zeros(3, 0, 3, 3), torch.randn(3)
    assert_close(ops.conv2d(x, weight, bias), bias[:, None, None].expand(2, 3, 2, 3))


def test_conv2d_gradients_are_right_to_second_order():
    x = torch.randn(2, 4, 5, 6, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(2, 2, 3, 2, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(2, dtype=torch.float64, requires_grad=True)

    def conv2d(x, weight, bias):
        return ops.conv2d(x, weight, bias, stride=(1, 2), padding=1, dilation=(2, 1), groups=2)

    assert torch.autograd.gradcheck(conv2d, (x, weight, bias))
    assert torch.autograd.gradgradcheck(conv2d, (x, weight, bias))


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("dtype", [*DTYPES, torch.int64])
def test_cross_correlate_is_its_definition(axes, dtype, device):
    for seed in range(CASES // 4):
        rng = random.Random(seed)
        x = torch.randint(-9, 9, [rng.randint(3, 8) for _ in range(axes)]).to(device, dtype)
        weight = torch.randint(-9, 9, [rng.randint(1, 3) for _ in range(axes)]).to(device, dtype)
        stride = rng.randint(1, 3)
        ours = ops.cross_correlate(x, weight, stride=stride)
        assert_close(ours, slow_cross_correlate(x, weight, stride))


@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_correlate_is_the_library_s(dtype, device):
    for seed in range(CASES):
        rng = random.Random(seed)
        x = torch.randn(rng.randint(4, 9), rng.randint(4, 9), dtype=dtype, device=device)
        weight = torch.randn(rng.randint(1, 4), rng.randint(1, 3), dtype=dtype, device=device)
        settings = {"stride": rng.choice([1, (2, 1)]), "padding": rng.choice([0, 1, (0, 2)])}
        assert_parity(
            lambda x, w, s=settings: ops.cross_correlate(x, w, **s),
            lambda x, w, s=settings: F.conv2d(x[None, None], w[None, None], **s)[0, 0],
            [x, weight],
        )
        assert_parity(
            lambda x, w: ops.cross_correlate(x, w, stride=2, padding=1),
            lambda x, w: F.conv1d(x[None, None], w[None, None], stride=2, padding=1)[0, 0],
            [x[0], weight[:, 0]],
        )


def test_convolve_is_numpy_s_and_scipy_s():
    for seed in range(CASES):
        rng = np.random.default_rng(seed)
        x, weight = rng.normal(size=rng.integers(4, 9, 2)), rng.normal(size=rng.integers(1, 4, 2))
        ours = ops.convolve(torch.tensor(x), torch.tensor(weight))
        assert_close(ours, torch.tensor(scipy.signal.convolve2d(x, weight, mode="valid")))
        full = ops.convolve(torch.tensor(x[0]), torch.tensor(weight[0]), padding=len(weight[0]) - 1)
        assert_close(full, torch.tensor(np.convolve(x[0], weight[0], mode="full")))


whole_rows = st.lists(st.integers(-20, 20), min_size=1, max_size=8).map(torch.tensor)


@given(whole_rows, whole_rows)
def test_full_convolution_commutes(a, b):
    ab = ops.convolve(a, b, padding=len(b) - 1)
    ba = ops.convolve(b, a, padding=len(a) - 1)
    assert torch.equal(ab, ba)


@given(whole_rows)
def test_an_impulse_gives_back_the_kernel_and_correlation_flips_it(weight):
    impulse = F.pad(torch.ones(1, dtype=torch.int64), (len(weight) - 1,) * 2)
    assert torch.equal(ops.convolve(impulse, weight), weight)
    assert torch.equal(ops.cross_correlate(impulse, weight), weight.flip(0))


@pytest.mark.parametrize("dtype", DTYPES)
def test_convolution_matrix_multiplies_as_the_library_convolves(dtype, device):
    for seed in range(CASES):
        inputs, settings = random_conv2d(seed, dtype, device, plain=True)
        weight, size = inputs[1], tuple(inputs[0].shape[-2:])
        del settings["groups"]
        x = torch.randn(weight.shape[1], *size, dtype=dtype, device=device)
        assert_parity(
            lambda x, w, n=size, s=settings: ops.convolution_matrix(w, n, **s) @ x.flatten(),
            lambda x, w, s=settings: F.conv2d(x, w, **s).flatten(),
            [x, weight],
        )


def test_convolution_matrix_of_one_row_and_of_one_channel():
    row = ops.convolution_matrix(torch.tensor([1, 2, 3]), 5, stride=2, padding=1)
    assert row.tolist() == [[2, 3, 0, 0, 0], [0, 1, 2, 3, 0], [0, 0, 0, 1, 2]]
    dilated = ops.convolution_matrix(torch.tensor([1, 2]), 4, dilation=2)
    assert dilated.tolist() == [[1, 0, 2, 0], [0, 1, 0, 2]]
    weight = torch.randn(3, 2)
    assert torch.equal(
        ops.convolution_matrix(weight, (4, 5)), ops.convolution_matrix(weight[None, None], (4, 5))
    )


def test_convolution_matrix_transposed_is_the_transposed_convolution():
    weight = torch.randn(3, 2, 3, 2, dtype=torch.float64)
    matrix = ops.convolution_matrix(weight, (6, 5), stride=2, padding=1)
    assert matrix.shape == (3 * 3 * 3, 2 * 6 * 5)
    y = torch.randn(3, 3, 3, dtype=torch.float64)
    up = F.conv_transpose2d(y, weight, stride=2, padding=1, output_padding=(1, 1))
    assert_close(matrix.T @ y.flatten(), up.flatten())


X, W = torch.zeros(1, 4, 6, 6), torch.zeros(2, 4, 3, 3)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.conv2d(X[0, 0], W), "input"),
        (lambda: ops.conv2d(X[:, :3], W), "input has 3 channels"),
        (lambda: ops.conv2d(X, W[0]), "weight"),
        (lambda: ops.conv2d(X, torch.zeros(2, 4, 0, 3)), "weight is empty"),
        (lambda: ops.conv2d(X, torch.zeros(2, 4, 7, 3)), "weight spans 7 pixels along axis 0"),
        (lambda: ops.conv2d(X, W, dilation=(1, 3)), "weight spans 7 pixels along axis 1"),
        (lambda: ops.conv2d(X, W, torch.zeros(3)), "bias"),
        (lambda: ops.conv2d(X, W, groups=3), "groups"),
        (lambda: ops.conv2d(X, W, groups=0), "groups"),
        (lambda: ops.conv2d(X, W, stride=0), "stride"),
        (lambda: ops.conv2d(X, W, stride=(1, 1, 1)), "stride"),
        (lambda: ops.conv2d(X, W, padding=-1), "padding"),
        (lambda: ops.conv2d(X, W, padding="full"), "padding is 'full'"),
        (lambda: ops.conv2d(X, W, stride=2, padding="same"), "padding is 'same'"),
        (lambda: ops.conv2d(X, W, dilation=0), "dilation"),
        (lambda: ops.cross_correlate(X, W), "x and weight"),
        (lambda: ops.cross_correlate(X[0, 0], W[0, 0, 0]), "x and weight"),
        (lambda: ops.convolve(X[0, 0, 0], W[0, 0]), "x and weight"),
        (lambda: ops.cross_correlate(X[0, 0, 0], W[0, 0, 0], stride=(1, 2)), "stride"),
        (lambda: ops.cross_correlate(W[0, 0], X[0, 0]), "weight spans 6"),
        (lambda: ops.convolution_matrix(W[0], (4, 4)), "weight"),
        (lambda: ops.convolution_matrix(W, (4, 4, 4)), "input_size"),
        (lambda: ops.convolution_matrix(W, 0), "input_size"),
        (lambda: ops.convolution_matrix(W, (2, 9)), "weight spans 3"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
