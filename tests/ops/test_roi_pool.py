import math

import pytest
import torch
import torch.nn.functional as F
import torchvision
from hypothesis import given
from hypothesis import strategies as st
from parity import CASES, DTYPES, assert_close, assert_parity
from random_regions import Case, case
from torch import Tensor

from lookclosely import ops


@pytest.fixture(autouse=True)
def several_turns(monkeypatch):
    monkeypatch.setattr("lookclosely.ops._regions.REGIONS", 5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_roi_pool_is_the_library_s(dtype, device):
    for seed in range(CASES):
        values, *rest = case(seed, dtype, device)
        assert_parity(
            lambda x, rest=rest: ops.roi_pool(x, *rest),
            lambda x, rest=rest: torchvision.ops.roi_pool(x, *rest),
            [values],
        )


def away_from_zero(x: float) -> int:
    return int(math.copysign(math.floor(abs(x) + 0.5), x))


def slow_roi_pool(one: Case) -> Tensor:
    """Region by region, bin by bin, cell by cell."""
    (_, channels, height, width), bins = one.input.shape, one.output_size
    out = one.input.new_zeros(len(one.boxes), channels, *bins)
    for k, (number, *box) in enumerate(one.boxes.tolist()):
        x1, y1, x2, y2 = (away_from_zero(x * one.spatial_scale) for x in box)
        high, wide = max(y2 - y1 + 1, 1) / bins[0], max(x2 - x1 + 1, 1) / bins[1]
        for p in range(bins[0]):
            for q in range(bins[1]):
                rows = range(y1 + math.floor(p * high), y1 + math.ceil((p + 1) * high))
                columns = range(x1 + math.floor(q * wide), x1 + math.ceil((q + 1) * wide))
                for c in range(channels):
                    seen = [
                        one.input[int(number), c, i, j].item()
                        for i in rows
                        for j in columns
                        if 0 <= i < height and 0 <= j < width
                    ]
                    out[k, c, p, q] = max(seen, default=0)
    return out


@pytest.mark.parametrize("seed", range(20))
def test_roi_pool_is_its_definition(seed):
    one = case(seed, torch.float64)
    assert_close(ops.roi_pool(*one), slow_roi_pool(one))


@pytest.mark.parametrize("half", [0.5, 1.5, 2.5, -0.5, -1.5, 0.49999997, -0.49999997])
def test_halves_are_rounded_away_from_zero(half):
    values = torch.arange(64.0).view(1, 1, 8, 8)
    boxes = torch.tensor([[0.0, half, half, half + 3, half + 3]])
    reference = torchvision.ops.roi_pool(values, boxes, 2)
    assert torch.equal(ops.roi_pool(values, boxes, 2), reference)


def test_the_last_cell_counts():
    values = torch.arange(16.0).view(1, 1, 4, 4)
    point = torch.tensor([[0.0, 1, 1, 1, 1]])
    assert ops.roi_pool(values, point, 1).item() == 5
    two = torch.tensor([[0.0, 1, 1, 2, 2]])
    assert ops.roi_pool(values, two, 1).item() == 10


def test_a_bin_outside_is_zero():
    values = torch.full((1, 1, 4, 4), -3.0)
    boxes = torch.tensor([[0.0, 2, 0, 5, 3], [0, 9, 9, 12, 12]])
    out = ops.roi_pool(values, boxes, 2)
    assert out[0, 0].tolist() == [[-3, 0], [-3, 0]]
    assert not out[1].any()


def test_the_gradient_goes_to_the_first_of_equals(device):
    values = torch.zeros(1, 2, 4, 4, device=device, requires_grad=True)
    boxes = torch.tensor([[0.0, 0, 0, 3, 3]], device=device)
    ops.roi_pool(values, boxes, 2).sum().backward()
    assert values.grad is not None
    corners = torch.zeros(4, 4, device=device)
    corners[::2, ::2] = 1
    assert torch.equal(values.grad[0], corners.expand(2, 4, 4))


def test_a_bin_with_nan_is_nan_and_of_least_numbers_is_least():
    """The library does not see the first, and answers the least float for the second."""
    for place in ((0, 0), (1, 1)):  # first and last of the bin
        values = torch.ones(1, 2, 4, 4)
        values[0, 1, place[0], place[1]] = math.nan
        values[0, 0, :2, :2] = -math.inf
        boxes = torch.tensor([[0.0, 0, 0, 3, 3]])
        out = ops.roi_pool(values, boxes, 2)[0]
        assert out[0].tolist() == [[-math.inf, 1], [1, 1]]
        assert out[1, 0, 0].isnan() and out[1].isnan().sum() == 1
        library = torchvision.ops.roi_pool(values, boxes, 2)[0]
        assert library[1].isfinite().all() and library[0, 0, 0] == torch.finfo().min


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_spatial_pyramid_is_adaptive_pooling(dtype, device):
    generator = torch.Generator().manual_seed(0)
    for seed in range(CASES):
        height, width = torch.randint(1, 14, (2,), generator=generator).tolist()
        levels = [(4, 2, 1), (3,), (5, 1), (6, 3, 2, 1)][seed % 4]
        x = torch.randn(2, 3, height, width, generator=generator).to(device, dtype)
        x = x.relu() if seed % 2 else x

        def library(x: Tensor, levels=levels) -> Tensor:
            return torch.cat([F.adaptive_max_pool2d(x, n).flatten(1) for n in levels], dim=1)

        assert_parity(lambda x, levels=levels: ops.spatial_pyramid_pool(x, levels), library, [x])


def slow_spatial_pyramid_pool(x: Tensor, levels: tuple[int, ...]) -> list[list[float]]:
    rows = []
    for maps in x:
        row = []
        for level in levels:
            for plane in maps:
                height, width = plane.shape
                for p in range(level):
                    for q in range(level):
                        top, bottom = p * height // level, math.ceil((p + 1) * height / level)
                        left, right = q * width // level, math.ceil((q + 1) * width / level)
                        row.append(plane[top:bottom, left:right].max().item())
        rows.append(row)
    return rows


@given(st.integers(1, 9), st.integers(1, 9), st.lists(st.integers(1, 5), min_size=1, max_size=3))
def test_a_vector_is_as_long_for_every_map(height, width, levels):
    x = torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(0))
    ours = ops.spatial_pyramid_pool(x, levels)
    assert ours.shape == (2, 3 * sum(level**2 for level in levels))
    assert ours.tolist() == slow_spatial_pyramid_pool(x, tuple(levels))
    assert ops.spatial_pyramid_pool(x[:0], levels).shape == (0, ours.shape[1])


def test_the_paper_s_windows_cover_some_maps_only():
    """⌈a / n⌉ cells, ⌊a / n⌋ apart: of 13 as here, of 10 and 4 bins the last is left out."""
    for cells, covered in ((13, True), (10, False)):
        x = torch.randn(1, 1, cells, cells, generator=torch.Generator().manual_seed(0))
        x[..., -1, -1] = 9
        window, stride = math.ceil(cells / 4), cells // 4
        paper = F.max_pool2d(x, window, stride)
        ours = ops.spatial_pyramid_pool(x, [4]).view(1, 1, 4, 4)
        assert torch.equal(ours, paper) == covered
        assert ours[0, 0, 3, 3] == 9


X, R = torch.zeros(2, 4, 5, 5), torch.tensor([[0.0, 1, 1, 3, 3]])


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.roi_pool(X[0], R, 2), "input"),
        (lambda: ops.roi_pool(X.byte(), R, 2), "input is torch.uint8"),
        (lambda: ops.roi_pool(X, R[:, :4], 2), "boxes"),
        (lambda: ops.roi_pool(X, R + 2, 2), "map's number"),
        (lambda: ops.roi_pool(X, R, (0, 2)), "output_size"),
        (lambda: ops.spatial_pyramid_pool(X[0]), r"x must be .* \(4, 5, 5\)"),
        (lambda: ops.spatial_pyramid_pool(X[..., :0]), "x must be"),
        (lambda: ops.spatial_pyramid_pool(X.int()), "x is torch.int32"),
        (lambda: ops.spatial_pyramid_pool(X, ()), "levels"),
        (lambda: ops.spatial_pyramid_pool(X, (4, 0)), "levels"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
