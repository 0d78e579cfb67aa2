import itertools
import random
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from parity import CASES, DTYPES, assert_close, assert_parity
from torch import Tensor

from lookclosely import ops


def slow_interpolate(
    input: Tensor, size: tuple[int, int], mode: str, align_corners: bool
) -> Tensor:
    """Pixel by pixel, from the positions in the input that each output pixel falls on."""

    def shares(i: int, n: int, m: int) -> list[tuple[int, float]]:
        if mode == "nearest":
            return [(i * n // m, 1.0)]
        if align_corners:
            position = i * (n - 1) / (m - 1) if m > 1 else 0.0
        else:
            position = max(0.0, (i + 0.5) * n / m - 0.5)
        low = min(int(position), n - 1)
        return [(low, low + 1 - position), (min(low + 1, n - 1), position - low)]

    channels, height, width = input.shape
    out = input.new_zeros(channels, *size)
    for c, i, j in itertools.product(range(channels), *map(range, size)):
        for (row, a), (column, b) in itertools.product(
            shares(i, height, size[0]), shares(j, width, size[1])
        ):
            out[c, i, j] += a * b * input[c, row, column]
    return out


MODES = [("nearest", None), ("bilinear", False), ("bilinear", True), ("bilinear", None)]


def random_resize(seed: int):
    """The input's shape, and settings of interpolate."""
    rng = random.Random(seed)
    mode, align_corners = rng.choice(MODES)
    settings: dict = {"mode": mode, "align_corners": align_corners}
    height, width = rng.randint(2, 9), rng.randint(2, 9)
    if rng.random() < 0.5:
        settings["size"] = rng.choice([rng.randint(1, 20), (rng.randint(1, 20), height)])
    else:
        factors = [0.5, 1, 1.1, 1.5, 2, 2.03, 3, rng.uniform(0.6, 4)]
        settings["scale_factor"] = rng.choice([rng.choice(factors), tuple(rng.sample(factors, 2))])
        settings["recompute_scale_factor"] = rng.choice([None, False, True])
    return (rng.choice([0, 1, 2]), rng.randint(1, 3), height, width), settings


@pytest.mark.parametrize("dtype", DTYPES)
def test_interpolate_is_the_library_s(dtype, device):
    """On every device it is the library's on a CPU, which on CUDA rounds in other ways itself: it
    has no rule of its own for twice the size ("nearest"), nor for an axis that stays ("bilinear").
    """
    for seed in range(CASES):
        shape, settings = random_resize(seed)
        x = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)
        assert_parity(
            lambda x, s=settings: ops.interpolate(x, **s),
            lambda x, s=settings: F.interpolate(x.cpu(), **s).to(x.device),
            [x.to(device)],
        )


@pytest.mark.parametrize(("mode", "align_corners"), MODES[:3])
def test_interpolate_is_the_library_s_for_every_pair_of_sizes(mode, align_corners):
    for n in range(1, 24):
        x = torch.randn(1, 1, n, 1)
        for m in range(1, 48):
            ours = ops.interpolate(x, (m, 1), None, mode, align_corners)
            assert_close(ours, F.interpolate(x, (m, 1), None, mode, align_corners))


@pytest.mark.parametrize(("mode", "align_corners"), MODES[:3])
@pytest.mark.parametrize("size", [(8, 6), (7, 11), (2, 3), (1, 1)])
def test_interpolate_is_its_definition(mode, align_corners, size):
    x = torch.randn(1, 2, 4, 3, dtype=torch.float64)
    ours = ops.interpolate(x, size, mode=mode, align_corners=align_corners)
    assert_close(ours[0], slow_interpolate(x[0], size, mode, bool(align_corners)))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize(("mode", "align_corners"), MODES[:3])
def test_positions_are_not_rounded_to_half_precision(mode, align_corners, dtype):
    """In bfloat16 there is no 257: the far columns of a wide image would be taken for others."""
    x = torch.randn(1, 1, 4, 600).to(dtype)
    for m in (300, 599, 601, 1200):
        ours = ops.interpolate(x, (4, m), None, mode, align_corners)
        library = F.interpolate(x, (4, m), None, mode, align_corners)
        assert ours.dtype == dtype
        step = torch.finfo(dtype).eps  # the library rounds a few times on the way
        torch.testing.assert_close(ours, library, rtol=step, atol=4 * step)
        exact = F.interpolate(x.float(), (4, m), None, mode, align_corners).to(dtype)
        torch.testing.assert_close(ours, exact, rtol=step, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.bool])
def test_label_maps_of_any_type_take_the_nearest(dtype):
    x = torch.randint(2, (1, 2, 5, 4)).to(dtype)
    for size in (3, (7, 11)):
        ours = ops.interpolate(x, size)
        assert ours.dtype == dtype
        assert torch.equal(ours.float(), F.interpolate(x.float(), size))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("size", [7.5, (3.0, 3), np.float32(2)])
def test_a_size_is_whole(size):
    with pytest.raises(ValueError, match="size must be one int"):
        ops.interpolate(X, size)
    three: Any = np.int64(3)
    assert ops.interpolate(X, three).shape == (1, 2, 3, 3)


sides = st.integers(1, 9)


@given(st.floats(-3, 3), st.floats(-3, 3), sides, sides, st.integers(2, 9))
def test_bilinear_keeps_a_plane_between_the_corners(down, right, height, width, size):
    rows, columns = torch.arange(height).double(), torch.arange(width).double()
    plane = down * rows[:, None] + right * columns
    ours = ops.interpolate(plane[None, None], size, mode="bilinear", align_corners=True)[0, 0]
    rows = torch.linspace(0, height - 1, size, dtype=torch.float64)
    columns = torch.linspace(0, width - 1, size, dtype=torch.float64)
    assert_close(ours, down * rows[:, None] + right * columns)


@given(sides, sides, sides, sides, st.sampled_from(MODES))
def test_a_constant_stays_and_nothing_leaves_the_range(height, width, h, w, mode):
    x = torch.rand(1, 1, height, width, dtype=torch.float64)
    ours = ops.interpolate(x, (h, w), None, *mode)
    assert x.min() - 1e-12 <= ours.min() and ours.max() <= x.max() + 1e-12
    assert_close(ops.interpolate(x * 0 + 5, (h, w), None, *mode), ours * 0 + 5)


def test_gradients_are_right_to_second_order():
    x = torch.randn(1, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    for mode, align_corners in MODES:

        def resize(x, mode=mode, align_corners=align_corners):
            return ops.interpolate(x, (7, 3), None, mode, align_corners)

        assert torch.autograd.gradcheck(resize, x)
        assert torch.autograd.gradgradcheck(resize, x)


X = torch.zeros(1, 2, 5, 4)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.interpolate(X[0], 2), "input"),
        (lambda: ops.interpolate(X[..., :0], 2), "input"),
        (lambda: ops.interpolate(X), "size is None and scale_factor is None"),
        (lambda: ops.interpolate(X, 2, 2), "size is 2 and scale_factor is 2"),
        (lambda: ops.interpolate(X, 0), "size is 0"),
        (lambda: ops.interpolate(X, (2, 2, 2)), "size"),
        (lambda: ops.interpolate(X, 2, recompute_scale_factor=True), "recompute_scale_factor"),
        (lambda: ops.interpolate(X, 2, antialias=True), "antialias"),
        (lambda: ops.interpolate(X.byte(), 2, mode="bilinear"), r"input is torch\.uint8"),
        (lambda: ops.interpolate(X, scale_factor=-1), "scale_factor"),
        (lambda: ops.interpolate(X, scale_factor=0.1), "scale_factor"),
        (lambda: ops.interpolate(X, 2, mode="bicubic"), "mode"),
        (lambda: ops.interpolate(X, 2, align_corners=False), "align_corners"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
