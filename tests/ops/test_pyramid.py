import itertools

import cv2
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from parity import DTYPES, assert_close, assert_parity
from torch import Tensor

from lookclosely import ops


def mirror(i: int, size: int) -> int:
    """Position i of a row, mirrored at the first and the last pixel until it is inside."""
    while not 0 <= i < size:
        i = 0 if size == 1 else -i if i < 0 else 2 * (size - 1) - i
    return i


PYRAMID_KERNEL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def slow_pyr_down(x: Tensor) -> Tensor:
    height, width = x.shape
    out = x.new_zeros((height + 1) // 2, (width + 1) // 2)
    for i, j in itertools.product(range(out.shape[0]), range(out.shape[1])):
        for m, n in itertools.product(range(-2, 3), range(-2, 3)):
            pixel = x[mirror(2 * i + m, height), mirror(2 * j + n, width)]
            out[i, j] += PYRAMID_KERNEL[m + 2] * PYRAMID_KERNEL[n + 2] * pixel
    return out


def slow_pyr_up(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Only the pixels at even places of the enlarged image count; the others are zeros."""
    out = x.new_zeros(size)
    for i, j in itertools.product(range(size[0]), range(size[1])):
        for m, n in itertools.product(range(-2, 3), range(-2, 3)):
            if (i + m) % 2 == 0 and (j + n) % 2 == 0:
                row, column = mirror(i + m, size[0]), mirror(j + n, size[1])
                weight = 4 * PYRAMID_KERNEL[m + 2] * PYRAMID_KERNEL[n + 2]
                out[i, j] += weight * x[row // 2, column // 2]
    return out


SIZES = [(8, 6), (7, 9), (5, 4), (3, 8), (2, 2), (1, 5), (4, 1), (33, 20)]
side = st.integers(1, 40)


def doubled(size: tuple[int, int]) -> tuple[int, int]:
    """The size of which ``size`` is the half."""
    return (size[0] + 1) // 2, (size[1] + 1) // 2


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_down_is_opencv_s(size, dtype, device):
    x = torch.randn(size, dtype=dtype)
    library = torch.from_numpy(cv2.pyrDown(x.numpy())).reshape(doubled(size))
    assert_close(ops.pyr_down(x.to(device)).cpu(), library)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [size for size in SIZES if 1 not in size])  # OpenCV fails at 1
def test_up_is_opencv_s_away_from_the_end_of_odd_sizes(size, dtype, device):
    x = torch.randn(doubled(size), dtype=dtype)
    library = torch.from_numpy(cv2.pyrUp(x.numpy(), dstsize=size[::-1])).reshape(size)
    ours = ops.pyr_up(x.to(device), size).cpu()
    rows, columns = (n - n % 2 for n in size)  # the last one differs where a size is odd
    assert_close(ours[:rows, :columns], library[:rows, :columns])


def test_up_mirrors_where_opencv_repeats():
    """The difference that the docstring names: the last pixel of an odd size."""
    x = torch.tensor([[0.0, 0.0, 8.0]])
    assert ops.pyr_up(x, (2, 5))[0].tolist() == [0, 0, 1, 4, 6]
    assert cv2.pyrUp(x.numpy(), dstsize=(5, 2))[0].tolist() == [0, 0, 1, 4, 7]


@pytest.mark.parametrize("size", SIZES)
def test_both_are_their_definitions_and_so_are_their_gradients(size, device):
    large = torch.randn(size, dtype=torch.float64, device=device)
    small = torch.randn(doubled(size), dtype=torch.float64, device=device)
    assert_parity(ops.pyr_down, slow_pyr_down, [large])
    assert_parity(lambda x: ops.pyr_up(x, size), lambda x: slow_pyr_up(x, size), [small])


@pytest.mark.parametrize("dtype", DTYPES)
@given(size=st.tuples(side, side), levels=st.integers(1, 7))
def test_a_laplacian_pyramid_gives_the_picture_back(dtype, size, levels):
    x = torch.rand(2, 3, *size, dtype=dtype)
    pyramid = ops.laplacian_pyramid(x, levels)
    assert [level.shape for level in pyramid] == [
        level.shape for level in ops.gaussian_pyramid(x, levels)
    ]
    assert_close(ops.reconstruct(pyramid), x)


@given(st.tuples(side, side))
def test_a_plain_picture_has_no_bands(size):
    x = torch.full((1, *size), 0.7, dtype=torch.float64)
    *bands, last = ops.laplacian_pyramid(x, 4)
    assert all(band.abs().max() < 1e-12 for band in bands)
    assert_close(last, torch.full_like(last, 0.7))


def test_levels_are_each_half_of_the_one_before_rounded_up():
    sizes = [tuple(g.shape) for g in ops.gaussian_pyramid(torch.rand(3, 21, 10), 6)]
    assert sizes == [(3, 21, 10), (3, 11, 5), (3, 6, 3), (3, 3, 2), (3, 2, 1), (3, 1, 1)]


def test_changed_bands_change_the_picture():
    """Reconstruction uses the bands, and the gradient reaches each of them."""
    x = torch.rand(9, 7, dtype=torch.float64)
    pyramid = [level.requires_grad_() for level in ops.laplacian_pyramid(x, 3)]

    def rebuilt(*levels: Tensor) -> Tensor:
        return ops.reconstruct(levels)

    assert torch.autograd.gradcheck(rebuilt, pyramid)
    for grad in torch.autograd.grad(rebuilt(*pyramid).square().sum(), pyramid):
        assert grad.abs().max() > 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_sums_in_float32(dtype):
    x = torch.rand(2, 17, 12).to(dtype)
    for shrunk, expected in (
        (ops.pyr_down(x), ops.pyr_down(x.float())),
        (ops.pyr_up(x, (33, 24)), ops.pyr_up(x.float(), (33, 24))),
    ):
        assert shrunk.dtype == dtype  # one rounding after each axis
        assert (shrunk.float() - expected).abs().max() <= 1.1 * torch.finfo(dtype).eps


def test_no_images_are_no_images():
    assert ops.pyr_down(torch.zeros(0, 3, 5, 6)).shape == (0, 3, 3, 3)
    assert ops.reconstruct(ops.laplacian_pyramid(torch.zeros(0, 5, 6), 3)).shape == (0, 5, 6)


X = torch.zeros(2, 6, 5)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.pyr_down(torch.zeros(5)), "x must be images"),
        (lambda: ops.pyr_down(torch.zeros(3, 0, 4)), "x must be images"),
        (lambda: ops.pyr_down(torch.zeros(4, 4, dtype=torch.uint8)), "x is torch.uint8"),
        (lambda: ops.pyr_up(X, (6, 5)), "size asks for 6 rows, but x has 6: give 11 or 12"),
        (lambda: ops.pyr_up(X, (11, 11)), "size asks for 11 columns"),
        (lambda: ops.gaussian_pyramid(X, 0), "levels"),
        (lambda: ops.laplacian_pyramid(X, 0), "levels"),
        (lambda: ops.reconstruct([]), "pyramid"),
        (lambda: ops.reconstruct([X, X]), "size asks for 6 rows"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
