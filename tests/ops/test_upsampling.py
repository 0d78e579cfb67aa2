import itertools
import random

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from parity import CASES, DTYPES, assert_close, assert_parity
from torch import Tensor

from lookclosely import ops


def slow_conv_transpose2d(
    input: Tensor, weight: Tensor, stride: int, padding: int, extra: int, dilation: int
) -> Tensor:
    """One image, one group: each pixel stamps the kernel; then the padding is cut off."""
    (c_in, height, width), (_, c_out, kh, kw) = input.shape, weight.shape
    full_height = (height - 1) * stride + dilation * (kh - 1) + 1 + extra
    full_width = (width - 1) * stride + dilation * (kw - 1) + 1 + extra
    out = input.new_zeros(c_out, full_height, full_width)
    for c, o, i, j, u, v in itertools.product(*map(range, (c_in, c_out, height, width, kh, kw))):
        out[o, i * stride + u * dilation, j * stride + v * dilation] += (
            input[c, i, j] * weight[c, o, u, v]
        )
    return out[:, padding : full_height - padding, padding : full_width - padding]


def slow_overlap_1d(kernel_size: int, stride: int, size: int) -> list[int]:
    counts = [0] * ((size - 1) * stride + kernel_size)
    for i in range(size):
        for u in range(kernel_size):
            counts[i * stride + u] += 1
    return counts


def random_transpose(seed: int, dtype: torch.dtype, device: torch.device):
    """Arguments of conv_transpose2d: (input, weight, bias) or (input, weight), and the settings."""
    rng = random.Random(seed)
    groups = rng.choice([1, 1, 2, 3])
    stride, dilation = rng.choice([1, 2, 3, (1, 3), (2, 1)]), rng.choice([1, 1, 2, (2, 1)])
    step = min(max(s, d) for s, d in zip(pair(stride), pair(dilation), strict=True))
    settings = {
        "stride": stride,
        "padding": rng.choice([0, 1, (0, 1)]),
        "output_padding": rng.randint(0, step - 1),
        "groups": groups,
        "dilation": dilation,
    }
    batch = rng.choice([(), (0,), (1,), (2,)])
    c_in, c_out = groups * rng.randint(1, 2), rng.randint(1, 3)
    kernel = rng.randint(1, 4), rng.randint(1, 3)
    shapes = [
        (*batch, c_in, rng.randint(3, 6), rng.randint(3, 5)),
        (c_in, c_out, *kernel),
        (c_out * groups,),
    ]
    generator = torch.Generator().manual_seed(seed)
    tensors = [torch.randn(s, generator=generator, dtype=dtype).to(device) for s in shapes]
    return tensors[: rng.randint(2, 3)], settings


def pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value


@pytest.mark.parametrize("dtype", DTYPES)
def test_conv_transpose2d_is_the_library_s(dtype, device):
    for seed in range(CASES):
        inputs, settings = random_transpose(seed, dtype, device)
        assert_parity(
            lambda *x, s=settings: ops.conv_transpose2d(*x, **s),
            lambda *x, s=settings: F.conv_transpose2d(*x, **s),
            inputs,
        )


def test_conv_transpose2d_takes_the_library_s_positional_arguments():
    x, weight, bias = torch.randn(1, 4, 5, 6), torch.randn(4, 3, 3, 2), torch.randn(6)
    arguments = (x, weight, bias, (2, 3), (1, 0), (1, 2), 2, (2, 1))
    assert_close(ops.conv_transpose2d(*arguments), F.conv_transpose2d(*arguments))


@pytest.mark.parametrize(
    ("stride", "padding", "extra", "dilation"),
    [(1, 0, 0, 1), (2, 0, 0, 1), (2, 1, 1, 1), (3, 1, 2, 1), (1, 1, 1, 2), (4, 0, 0, 1)],
)
def test_conv_transpose2d_is_its_definition(stride, padding, extra, dilation):
    x = torch.randn(2, 3, 4, dtype=torch.float64)
    weight = torch.randn(2, 3, 3, 2, dtype=torch.float64)
    ours = ops.conv_transpose2d(
        x, weight, stride=stride, padding=padding, output_padding=extra, dilation=dilation
    )
    slow = slow_conv_transpose2d(x, weight, stride, padding, extra, dilation)
    assert_close(ours, slow)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [(7, 8), (8, 6)])
def test_conv_transpose2d_is_the_gradient_of_conv2d(stride, size):
    """The vector–Jacobian product of conv2d, once output_padding says which input size is meant."""
    x = torch.randn(1, 2, *size, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 2, 3, 3, dtype=torch.float64)
    y = F.conv2d(x, weight, stride=stride, padding=1)
    extra = tuple((n + 2 - 3) % stride for n in size)
    (gradient,) = torch.autograd.grad(y, x, y.detach())
    ours = ops.conv_transpose2d(y.detach(), weight, None, stride, 1, extra)
    assert_close(ours, gradient)


def test_conv_transpose2d_gradients_are_right_to_second_order():
    x = torch.randn(1, 4, 3, 2, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(4, 1, 2, 3, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(2, dtype=torch.float64, requires_grad=True)

    def conv_transpose2d(x, weight, bias):
        return ops.conv_transpose2d(x, weight, bias, (2, 1), 1, (1, 0), 2, (1, 2))

    assert torch.autograd.gradcheck(conv_transpose2d, (x, weight, bias))
    assert torch.autograd.gradgradcheck(conv_transpose2d, (x, weight, bias))


small = st.integers(1, 5)


@given(small, small, small)
def test_overlap_map_of_a_row_counts_the_stamps(kernel_size, stride, size):
    counts = ops.overlap_map(kernel_size, stride, size)
    assert counts.dtype == torch.int64
    assert counts.tolist() == slow_overlap_1d(kernel_size, stride, size)


@given(st.tuples(small, small), st.tuples(small, small) | small, st.tuples(small, small))
def test_overlap_map_is_what_ones_stamped_with_ones_add_up_to(kernel_size, stride, size):
    ones, kernel = torch.ones(1, 1, *size), torch.ones(1, 1, *kernel_size)
    summed = F.conv_transpose2d(ones, kernel, stride=stride)[0, 0]
    assert torch.equal(ops.overlap_map(kernel_size, stride, size), summed.long())


@given(small, small)
def test_overlap_is_even_where_the_stride_divides_the_kernel(times, stride):
    kernel_size = times * stride
    counts = ops.overlap_map(kernel_size, stride, size=12)
    interior = counts[kernel_size - stride : len(counts) - (kernel_size - stride)]
    assert set(interior.tolist()) == {times}


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("dtype", DTYPES)
def test_bilinear_kernel_interpolates_away_from_the_border(factor, dtype, device):
    x = torch.randn(2, 3, 5, 6, dtype=dtype, device=device)
    kernel = ops.bilinear_kernel(factor, dtype=dtype).to(device)
    weight = kernel.expand(3, 1, *kernel.shape)
    ours = ops.conv_transpose2d(x, weight, stride=factor, padding=factor // 2, groups=3)
    library = F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
    assert ours.shape == library.shape
    inside = (..., slice(factor, -factor), slice(factor, -factor))
    assert_close(ours[inside], library[inside])


def test_bilinear_kernel_is_the_published_one():
    assert ops.bilinear_kernel(1).tolist() == [[1.0]]
    row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4  # upsample_filt(4) of the FCN code
    assert torch.equal(ops.bilinear_kernel(2), torch.outer(row, row))
    row = torch.tensor([1.0, 2.0, 3.0, 2.0, 1.0]) / 3
    assert_close(ops.bilinear_kernel(3), torch.outer(row, row))


X, W = torch.zeros(1, 4, 5, 5), torch.zeros(4, 2, 3, 3)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.conv_transpose2d(X[0, 0], W), "input"),
        (lambda: ops.conv_transpose2d(X[..., :0], W), "input"),
        (lambda: ops.conv_transpose2d(X, W[0]), "weight"),
        (lambda: ops.conv_transpose2d(X, W[:3]), "weight"),
        (lambda: ops.conv_transpose2d(X, W[..., :0]), "weight"),
        (lambda: ops.conv_transpose2d(X, W, torch.zeros(3)), "bias"),
        (lambda: ops.conv_transpose2d(X, W, groups=3), "groups"),
        (lambda: ops.conv_transpose2d(X, W, groups=0), "groups"),
        (lambda: ops.conv_transpose2d(X, W, stride=0), "stride"),
        (lambda: ops.conv_transpose2d(X, W, padding=-1), "padding"),
        (lambda: ops.conv_transpose2d(X, W, padding=(0, 4)), "padding is .* 7 rows"),
        (lambda: ops.conv_transpose2d(X, W, output_padding=1), "output_padding"),
        (lambda: ops.conv_transpose2d(X, W, stride=(1, 2), output_padding=1), "output_padding"),
        (lambda: ops.conv_transpose2d(X, W, dilation=(1, 0)), "dilation"),
        (lambda: ops.overlap_map(0, 1, 4), "kernel_size"),
        (lambda: ops.overlap_map(3, 0, 4), "stride"),
        (lambda: ops.overlap_map(3, 1, 0), "size"),
        (lambda: ops.overlap_map(3, 1, (4, 4, 4)), "size"),
        (lambda: ops.bilinear_kernel(0), "factor"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
