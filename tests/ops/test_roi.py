import math
from typing import Any

import pytest
import torch
import torchvision
from hypothesis import given
from hypothesis import strategies as st
from parity import CASES, DTYPES, assert_close
from random_regions import Case, case
from torch import Tensor
from torchvision.ops.poolers import LevelMapper

from lookclosely import ops

WAYS = {"products": math.inf, "gathered": 0}  # what a gathered cell is said to cost


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """Each of the two ways to add up the cells."""
    monkeypatch.setattr("lookclosely.ops._regions.GATHERING", WAYS[request.param])
    monkeypatch.setattr("lookclosely.ops._regions.REGIONS", 5)  # several turns
    monkeypatch.setattr("lookclosely.ops._regions.CHANNELS", 3)


def assert_same(ours, library, one: Case, *more) -> None:
    """Values and the gradient of the features, to the rounding of sums in another order."""
    results = []
    for function in (ours, library):
        leaf = one.input.detach().clone().requires_grad_()
        out = function(leaf, one.boxes, one.output_size, one.spatial_scale, *more)
        assert out.is_contiguous()
        weights = torch.rand(out.shape, generator=torch.Generator().manual_seed(0)).to(out)
        (gradient,) = torch.autograd.grad((out * weights).sum(), leaf)
        results.append((out.detach(), gradient))
    rtol, atol = (1e-4, 2e-5) if one.input.dtype == torch.float32 else (1e-10, 1e-10)
    for mine, theirs in zip(*results, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=rtol, atol=atol)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("ratio", [0, -1, 2])
def test_roi_align_is_the_library_s(ratio, aligned, dtype, device, way):
    for seed in range(CASES):
        one = case(seed, dtype, device)
        assert_same(ops.roi_align, torchvision.ops.roi_align, one, ratio, aligned)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ratio", [0, -1, 2])
def test_ps_roi_align_is_the_library_s(ratio, dtype, device):
    for seed in range(CASES):
        one = case(seed, dtype, device, per_bin=1 + seed % 2)
        library: Any = torchvision.ops.ps_roi_align
        right = library(*one, ratio).isfinite().flatten(1).all(1)
        one = one._replace(boxes=one.boxes[right])  # without samples theirs is 0/0
        assert_same(ops.ps_roi_align, library, one, ratio)


def bilinear(plane: list[list[float]], y: float, x: float) -> float:
    height, width = len(plane), len(plane[0])
    if not (-1 <= y <= height and -1 <= x <= width):
        return 0.0
    y, x = (min(max(place, 0), n - 1) for place, n in ((y, height), (x, width)))
    top, left = min(int(y), max(height - 2, 0)), min(int(x), max(width - 2, 0))
    total = 0.0
    for i in range(top, min(top + 2, height)):
        for j in range(left, min(left + 2, width)):
            total += (1 - abs(y - i)) * (1 - abs(x - j)) * plane[i][j]
    return total


def slow_bin(
    plane: list[list[float]], box: list[float], bins: tuple[int, int], place: tuple[int, int],
    ratio: int,
) -> float:  # fmt: skip
    """The mean of the samples of one bin; ``box`` in cells, counted from the first centre."""
    total, count = 0.0, 1
    sides = [(box[3] - box[1]) / bins[0], (box[2] - box[0]) / bins[1]]
    grid = [ratio if ratio > 0 else max(math.ceil(side), 0) for side in sides]
    for s in range(grid[0]):
        for t in range(grid[1]):
            y = box[1] + (place[0] + (s + 0.5) / grid[0]) * sides[0]
            x = box[0] + (place[1] + (t + 0.5) / grid[1]) * sides[1]
            total += bilinear(plane, y, x)
    count = max(grid[0] * grid[1], 1)
    return total / count


def slow_roi_align(one: Case, ratio: int, aligned: bool, position_sensitive: bool = False):
    """Region by region, channel by channel, bin by bin."""
    bins = one.output_size
    channels = one.input.shape[1] // (bins[0] * bins[1] if position_sensitive else 1)
    out = one.input.new_zeros(len(one.boxes), channels, *bins)
    for k, (number, *box) in enumerate(one.boxes.tolist()):
        box = [x * one.spatial_scale - (0.5 if aligned else 0) for x in box]
        if not aligned:
            box = box[:2] + [max(box[n + 2], box[n] + 1) for n in (0, 1)]
        for c in range(channels):
            for p in range(bins[0]):
                for q in range(bins[1]):
                    channel = (c * bins[0] + p) * bins[1] + q if position_sensitive else c
                    plane = one.input[int(number), channel].tolist()
                    out[k, c, p, q] = slow_bin(plane, box, bins, (p, q), ratio)
    return out


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("ratio", [0, 2])
def test_they_are_their_definitions(seed, ratio, way):
    one = case(seed, torch.float64)
    for aligned in (False, True):
        ours = ops.roi_align(*one, ratio, aligned)
        assert_close(ours, slow_roi_align(one, ratio, aligned))
    one = case(seed, torch.float64, per_bin=2)
    assert_close(ops.ps_roi_align(*one, ratio), slow_roi_align(one, ratio, True, True))


def test_the_first_value_of_a_ramp(device):
    ramp = torch.arange(25.0, device=device).view(1, 1, 5, 5)
    box = torch.tensor([[0.0, 1, 1, 3, 3]], device=device)
    assert ops.roi_align(ramp, box, 4)[0, 0, 0, 0] == 7.5
    assert ops.roi_align(ramp, box, 4, aligned=True)[0, 0, 0, 0] == 4.5


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("aligned", [False, True])
def test_boxes_have_the_gradient_of_finite_differences(seed, aligned, way):
    """The library gives none. Away from where a sample meets a centre, the slope is exact."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(2, 2, 7, 8, generator=generator, dtype=torch.float64)
    corners = torch.rand(2, 4, generator=generator, dtype=torch.float64)
    boxes = torch.cat([corners[0] * 5, corners[0] * 5 + 1.3 + corners[1] * 4]).view(2, 2, 2)
    boxes = torch.cat([torch.tensor([[0.0], [1.0]]), boxes.transpose(0, 1).reshape(2, 4)], dim=1)
    weights = torch.randn(2, 2, 2, 3, generator=generator, dtype=torch.float64)

    def total(rois: Tensor, warped: bool) -> Tensor:
        if warped:
            return (ops.roi_warp(values, rois, (2, 3)) * weights).sum()
        return (ops.roi_align(values, rois, (2, 3), 0.9, 2, aligned) * weights).sum()

    for warped in (False, True):
        leaf = boxes.clone().requires_grad_()
        (slope,) = torch.autograd.grad(total(leaf, warped), leaf)
        assert slope[:, 0].abs().max() == 0  # the map's number
        step = 1e-7
        for k in range(2):
            for n in range(1, 5):
                shift = torch.zeros_like(boxes)
                shift[k, n] = step
                more, less = total(boxes + shift, warped), total(boxes - shift, warped)
                torch.testing.assert_close(
                    slope[k, n], (more - less) / (2 * step), rtol=1e-4, atol=1e-6
                )


def slow_roi_warp(values: Tensor, rois: Tensor, size: tuple[int, int]) -> Tensor:
    """The sum over all cells of κ(y − i) · F[i, j] · κ(x − j)."""
    out = values.new_zeros(len(rois), values.shape[1], *size)
    for k, (number, x1, y1, x2, y2) in enumerate(rois.tolist()):
        for p in range(size[0]):
            for q in range(size[1]):
                y = y1 + (p + 0.5) * (y2 - y1) / size[0] - 0.5
                x = x1 + (q + 0.5) * (x2 - x1) / size[1] - 0.5
                for i in range(values.shape[2]):
                    for j in range(values.shape[3]):
                        share = max(0, 1 - abs(y - i)) * max(0, 1 - abs(x - j))
                        out[k, :, p, q] += share * values[int(number), :, i, j]
    return out


@pytest.mark.parametrize("seed", range(30))
def test_roi_warp_is_its_definition(seed, way):
    values, boxes, size, _ = case(seed, torch.float64)
    assert_close(ops.roi_warp(values, boxes, size), slow_roi_warp(values, boxes, size))


def test_roi_warp_of_the_whole_map_is_the_map(device, way):
    values = torch.randn(2, 3, 5, 7, device=device)
    rois = torch.tensor([[1.0, 0, 0, 7, 5], [0, 0, 0, 7, 5]], device=device)
    assert_close(ops.roi_warp(values, rois, (5, 7)), values.flip(0))
    within = torch.tensor([[0.0, 1.2, 0.9, 5.5, 4.1]], device=device)
    align = ops.roi_align(values, within, 3, sampling_ratio=1, aligned=True)
    assert_close(ops.roi_warp(values, within, 3), align)


@given(st.integers(0, 10**6), st.sampled_from([0, 1, 2, 3]), st.booleans())
def test_what_roi_align_promises(seed, ratio, aligned):
    values, boxes, size, scale = case(seed, torch.float64)
    out = ops.roi_align(values, boxes, size, scale, ratio, aligned)
    assert_close(ops.roi_align(values * 3, boxes, size, scale, ratio, aligned), 3 * out)  # linear
    flat = torch.ones_like(values)
    shares = ops.roi_align(flat, boxes, size, scale, ratio, aligned)
    assert ((shares >= -1e-12) & (shares <= 1 + 1e-12)).all()  # a mean, of some zeros
    assert (out <= values.amax().clamp(min=0) + 1e-9).all()
    order = torch.randperm(len(boxes), generator=torch.Generator().manual_seed(seed))
    again = ops.roi_align(values, boxes[order], size, scale, ratio, aligned)
    assert_close(again, out[order])


def test_a_list_has_the_regions_of_each_map(device):
    values = torch.randn(3, 2, 6, 6, device=device)
    boxes = [torch.rand(n, 4, device=device) * 6 for n in (2, 0, 3)]
    joined = torch.cat([torch.nn.functional.pad(b, (1, 0), value=n) for n, b in enumerate(boxes)])
    for name in ("roi_align", "roi_pool", "roi_warp"):
        function = getattr(ops, name)
        assert torch.equal(function(values, boxes, 2), function(values, joined, 2))


@pytest.mark.parametrize("name", ["roi_align", "ps_roi_align", "roi_pool", "roi_warp"])
def test_no_region_gives_nothing(name, device, way):
    values = torch.randn(2, 4, 5, 5, device=device, requires_grad=True)
    out = getattr(ops, name)(values, torch.zeros(0, 5, device=device), 2)
    assert out.shape == (0, 1 if name == "ps_roi_align" else 4, 2, 2)
    out.sum().backward()
    assert values.grad is not None and not values.grad.any()


def test_a_region_without_area():
    """Aligned and adaptive, there is nothing to sample; the library divides 0 by 0 in one case."""
    values = torch.ones(1, 4, 5, 5)
    point = torch.tensor([[0.0, 2, 2, 2, 2]])
    assert ops.roi_align(values, point, 2, aligned=True).eq(0).all()
    assert ops.roi_align(values, point, 2).eq(1).all()  # at least one cell wide
    assert torchvision.ops.ps_roi_align(values, point, 2).isnan().all()
    assert ops.ps_roi_align(values, point, 2).eq(0).all()


@pytest.mark.parametrize("odd", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_shows_where_it_has_weight(odd, way):
    values = torch.ones(2, 3, 6, 6)
    values[0, 1, 0, 0] = odd
    boxes = torch.tensor([[0.0, 2, 2, 5, 5], [1, 0, 0, 6, 6], [0, 0, 0, 4, 4]])
    out = ops.roi_align(values, boxes, 2, aligned=True)
    touched = torch.zeros(3, 3, 2, 2, dtype=torch.bool)
    touched[2, 1, 0, 0] = True
    assert torch.equal(~out.isfinite(), touched)
    assert (out[~touched] == 1).all()
    assert math.isnan(odd) or out[2, 1, 0, 0] == odd


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", ["roi_align", "ps_roi_align", "roi_pool", "roi_warp"])
def test_half_precision_is_summed_in_full(name, dtype, device, way):
    values, boxes, _, _ = case(5, torch.float32, device, per_bin=2)
    values = torch.randn(3, 8, 9, 9, device=device).to(dtype)
    half = getattr(ops, name)(values, boxes, 2)
    assert half.dtype == dtype
    assert torch.equal(half, getattr(ops, name)(values.float(), boxes, 2).to(dtype))
    with torch.autocast(device.type, torch.bfloat16):
        assert torch.equal(getattr(ops, name)(values, boxes, 2), half)


@pytest.mark.parametrize("name", ["roi_align", "roi_pool"])
def test_half_precision_is_near_the_library_s(name, device):
    for seed in range(20):
        one = case(seed, torch.float16, device)
        one = one._replace(boxes=one.boxes.round(), spatial_scale=1.0)
        ours, library = (getattr(x, name)(*one) for x in (ops, torchvision.ops))
        torch.testing.assert_close(ours, library, rtol=1e-2, atol=1e-2)


def test_gradients_of_the_features_are_right(way):
    values, boxes, size, scale = case(10, torch.float64)
    values.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: ops.roi_align(x, boxes, size, scale), values)
    values, boxes, size, scale = case(10, torch.float64, per_bin=1)
    values.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: ops.ps_roi_align(x, boxes, size, scale), values)


@pytest.mark.parametrize("canonical", [224, 27.0])
def test_levels_are_the_library_s(canonical, device):
    for seed in range(CASES):
        generator = torch.Generator().manual_seed(seed)
        corner = torch.rand(9, 2, generator=generator) * 100
        side = torch.rand(9, 2, generator=generator) ** 3 * 1500
        boxes = torch.cat([corner, corner + side], dim=1).to(device)
        reference = LevelMapper(2, 5, int(canonical))([boxes]) + 2
        ours = ops.assign_levels(boxes, 2, 5, int(canonical))
        assert ours.dtype == torch.int64
        assert torch.equal(ours, reference)


def test_levels_are_the_paper_s():
    sides = torch.tensor([1.0, 56, 111, 112, 223, 224, 447, 448, 2000])
    boxes = torch.stack([sides * 0, sides * 0, sides, sides], dim=1)
    assert ops.assign_levels(boxes, 2, 5).tolist() == [2, 2, 2, 3, 3, 4, 4, 5, 5]
    loop = [min(max(math.floor(4 + math.log2(side / 27)), 2), 6) for side in sides.tolist()]
    assert ops.assign_levels(boxes, 2, 6, canonical_size=27).tolist() == loop
    empty = torch.tensor([[3, 3, 3, 3], [5, 5, 4, 9], [0, 0, 60, 60]])
    assert ops.assign_levels(empty, 2, 5).tolist() == [2, 2, 2]  # also of whole numbers
    assert ops.assign_levels(boxes.view(3, 3, 4), 2, 5).shape == (3, 3)


X, R = torch.zeros(2, 4, 5, 5), torch.tensor([[0.0, 1, 1, 3, 3]])


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.roi_align(X[0], R, 2), r"input .* \(4, 5, 5\)"),
        (lambda: ops.roi_align(X[..., :0], R, 2), "input"),
        (lambda: ops.roi_align(X.int(), R, 2), "input is torch.int32"),
        (lambda: ops.roi_align(X, R[:, 1:], 2), r"boxes must be \(K, 5\)"),
        (lambda: ops.roi_align(X, [R], 2), r"boxes must have shape \(N, 4\)"),
        (lambda: ops.roi_align(X, [], 2), "boxes is an empty list"),
        (lambda: ops.roi_align(X, R + 2, 2), "map's number that is not one of 0 to 1"),
        (lambda: ops.roi_align(X, R - 0.5, 2), "map's number"),
        (lambda: ops.roi_align(X, [R[:, 1:]] * 3, 2), "map's number"),
        (lambda: ops.roi_align(X, R * torch.tensor([1, math.inf, 1, 1, 1]), 2), "not finite"),
        (lambda: ops.roi_align(X, R, 0), "output_size is 0"),
        (lambda: ops.roi_align(X, R, (2, 2, 2)), "output_size"),
        (lambda: ops.ps_roi_align(X, R, 3), "4 channels, no multiple of 3 × 3 bins"),
        (lambda: ops.roi_warp(X, R + 2, 2), "map's number"),
        (lambda: ops.assign_levels(R, 2, 5), "boxes"),
        (lambda: ops.assign_levels(R[:, 1:], 5, 2), "min_level is 5"),
        (lambda: ops.assign_levels(R[:, 1:] * math.nan, 2, 5), "NaN"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
