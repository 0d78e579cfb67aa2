import math
import random
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from parity import CASES, assert_close
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator

from lookclosely import ops


def some_anchors(seed: int) -> tuple[list, list]:
    rng = random.Random(seed)
    scales = [rng.choice([8, 16.5, 32, rng.uniform(4, 600)]) for _ in range(rng.randint(1, 4))]
    ratios = [rng.choice([0.5, 1.0, 2.0, rng.uniform(0.1, 9)]) for _ in range(rng.randint(1, 4))]
    return scales, ratios


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_anchors_of_a_cell_are_the_library_s(dtype, device):
    library = AnchorGenerator()
    for seed in range(CASES):
        scales, ratios = some_anchors(seed)
        reference = library.generate_anchors(scales, ratios, dtype, device)
        ours = ops.generate_anchors(scales, ratios, dtype, device)
        assert ours.device.type == device.type
        assert torch.equal(ours, reference)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_anchors_of_a_grid_are_the_library_s(dtype, device):
    for seed in range(CASES):
        rng = random.Random(seed)
        scales, ratios = some_anchors(seed)
        grid, stride = [(rng.randint(0, 9), rng.randint(0, 9)), (rng.randint(1, 32), 7)]
        library = AnchorGenerator((tuple(scales),), (tuple(ratios),))
        library.set_cell_anchors(dtype, device)
        (reference,) = library.grid_anchors([list(grid)], [[torch.tensor(s) for s in stride]])
        ours = ops.grid_anchors(grid, stride, ops.generate_anchors(scales, ratios, dtype, device))
        assert torch.equal(ours, reference)


@pytest.mark.parametrize("clip", [True, False])
def test_default_boxes_are_the_library_s(clip):
    for seed in range(CASES):
        rng = random.Random(seed)
        levels = range(rng.randint(1, 4))
        ratios: list[list] = [[rng.choice([2, 3, 0.7])] * rng.randint(0, 2) for _ in levels]
        scales = [rng.uniform(0.05, 1.3) for _ in [*levels, None]]
        size = (rng.randint(10, 300), rng.randint(10, 300))
        grids = [(rng.randint(1, 8), rng.randint(1, 8)) for _ in levels]
        library = DefaultBoxGenerator(ratios, scales=scales, clip=clip)
        images = SimpleNamespace(tensors=torch.zeros(1, 3, *size), image_sizes=[size])
        (reference,) = library(images, [torch.zeros(1, 1, *grid) for grid in grids])
        assert_close(ops.default_boxes(size, grids, ratios, scales, clip=clip), reference)


def test_anchors_of_a_cell_are_their_definition():
    rows = []
    for ratio in (0.5, 1.0, 2.0):
        for scale in (10.0, 20.0):
            w, h = scale / math.sqrt(ratio), scale * math.sqrt(ratio)
            rows.append([round(-w / 2), round(-h / 2), round(w / 2), round(h / 2)])
    assert ops.generate_anchors([10, 20], [0.5, 1, 2]).tolist() == rows
    tall = ops.generate_anchors([64], [4.0])[0]
    assert tall.tolist() == [-16, -64, 16, 64]  # the ratio is height / width


def test_halves_are_rounded_to_even():
    assert ops.generate_anchors([5], [1.0]).tolist() == [[-2, -2, 2, 2]]
    assert ops.generate_anchors([7], [1.0]).tolist() == [[-4, -4, 4, 4]]


def test_a_grid_goes_row_by_row_cell_by_cell_anchor_by_anchor():
    cell = torch.tensor([[-1.0, -2.0, 1.0, 2.0], [-3.0, -3.0, 3.0, 3.0]])
    ours = ops.grid_anchors((2, 3), (10, 20), cell).tolist()
    loop = []
    for i in range(2):
        for j in range(3):
            for x1, y1, x2, y2 in cell.tolist():
                x, y = 20 * j, 10 * i  # on the cell's corner: no half cell is added
                loop.append([x + x1, y + y1, x + x2, y + y2])
    assert ours == loop
    assert ops.grid_anchors(4, 8, cell).shape == (4 * 4 * 2, 4)


def test_default_boxes_are_their_definition():
    ours = ops.default_boxes((100, 200), [(1, 2)], [[4]], [0.2, 0.8])
    loop = []
    for x in (50, 150):  # the middle of each cell
        for w, h in ((0.2, 0.2), (0.4, 0.4), (0.4, 0.1), (0.1, 0.4)):
            w, h = w * 200 / 2, h * 100 / 2
            loop.append([x - w, 50 - h, x + w, 50 + h])
    assert_close(ours, torch.tensor(loop))
    assert ops.default_boxes((50, 50), [], [], [0.5]).shape == (0, 4)


@given(
    st.tuples(st.integers(0, 5), st.integers(0, 5)),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.lists(st.floats(2, 300), min_size=1, max_size=3),
    st.lists(st.floats(0.2, 5), min_size=1, max_size=3),
)
def test_what_holds_for_all_anchors(grid, stride, scales, ratios):
    cell = ops.generate_anchors(scales, ratios)
    anchors = ops.grid_anchors(grid, stride, cell)
    assert len(anchors) == grid[0] * grid[1] * len(scales) * len(ratios)
    centres = (anchors[:, :2] + anchors[:, 2:]) / 2
    assert (centres % torch.tensor([stride[1], stride[0]]) == 0).all()
    assert torch.equal(cell[:, :2], -cell[:, 2:])
    areas = ops.box_area(cell).view(len(ratios), len(scales)).sqrt()
    assert ((areas - torch.tensor(scales)).abs() <= 1.5 + 1.3 * torch.tensor(scales) ** 0.5).all()


CELL = torch.zeros(2, 4)
HALVES: Any = (2, 2.5)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.generate_anchors([32, 0], [1.0]), r"scales is \[32.0, 0.0\]"),
        (lambda: ops.generate_anchors([32], [1.0, -2]), "aspect_ratios is"),
        (lambda: ops.generate_anchors(torch.ones(1, 1), [1.0]), "scales"),
        (lambda: ops.grid_anchors((2, 3, 4), 8, CELL), "grid_size"),
        (lambda: ops.grid_anchors(HALVES, 8, CELL), "grid_size"),
        (lambda: ops.grid_anchors((2, -3), 8, CELL), "grid_size"),
        (lambda: ops.grid_anchors((2, 3), (8, 0), CELL), "stride"),
        (lambda: ops.grid_anchors((2, 3), 8, CELL[:, :3]), "cell_anchors"),
        (lambda: ops.default_boxes((9, 9), [(1, 1)], [[2]], [0.2]), "1 scales do not agree"),
        (lambda: ops.default_boxes((9, 9), [(1, 1)], [], [0.2, 0.3]), "0 aspect_ratios"),
        (lambda: ops.default_boxes((9, 9), [(1, 1)], [[2]], [0.2, -1]), "must be positive"),
        (lambda: ops.default_boxes((9, 9), [(1, 1)], [[0]], [0.2, 1]), "must be positive"),
        (lambda: ops.default_boxes((9, 9), [(0, 1)], [[2]], [0.2, 1]), "grid_sizes"),
        (lambda: ops.default_boxes((9, 9, 9), [(1, 1)], [[2]], [0.2, 1]), "image_size"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
