import itertools
import math

import pytest
import random_boxes
import torch
import torchvision
from hypothesis import given
from hypothesis import strategies as st
from parity import CASES, DTYPES, assert_close, assert_parity
from random_boxes import slow_iou

from lookclosely import ops


def slow_generalized_iou(a: list[float], b: list[float]) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height
    around = (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))
    return width * height / union - (around - union) / around


FORMATS = ("xyxy", "xywh", "cxcywh")


def two_sets(seed: int, dtype: torch.dtype, device: torch.device):
    (a, _), (b, _) = random_boxes.scene(seed, most=12), random_boxes.scene(seed + CASES, most=12)
    return a.to(device, dtype), b.to(device, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["box_iou", "generalized_box_iou"])
def test_overlaps_are_the_library_s(name, dtype, device):
    ours, library = getattr(ops, name), getattr(torchvision.ops, name)
    for seed in range(CASES):
        assert_parity(ours, library, two_sets(seed, dtype, device))


@pytest.mark.parametrize("name", ["box_iou", "generalized_box_iou"])
def test_overlaps_in_blocks_are_overlaps_at_once(name, monkeypatch):
    a, b = random_boxes.mixture(70, 1)[0].requires_grad_(), random_boxes.mixture(30, 2)[0]
    pairs = (a, b), (a[:, None], b.expand(70, 30, 4)), (a[:0], b), (a, b[:0])
    whole = [getattr(ops, name)(*pair) for pair in pairs]
    (slope,) = torch.autograd.grad(whole[0].sum(), a)
    monkeypatch.setattr("lookclosely.ops.boxes.PAIRS_AT_ONCE", 100)
    for pair, expected in zip(pairs, whole, strict=True):
        assert torch.equal(getattr(ops, name)(*pair), expected)
    assert torch.equal(torch.autograd.grad(getattr(ops, name)(a, b).sum(), a)[0], slope)


@pytest.mark.parametrize("dtype", DTYPES)
def test_area_and_clipping_are_the_library_s(dtype, device):
    for seed in range(CASES):
        boxes, _ = two_sets(seed, dtype, device)
        assert_parity(ops.box_area, torchvision.ops.box_area, [boxes])
        size = (seed % 40, 25)
        assert_parity(
            lambda x, size=size: ops.clip_boxes_to_image(x, size),
            lambda x, size=size: torchvision.ops.clip_boxes_to_image(x, size),
            [boxes],
        )
        least = seed / 10
        small = ops.remove_small_boxes(boxes, least)
        assert_close(small, torchvision.ops.remove_small_boxes(boxes, least))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("in_fmt", "out_fmt"), list(itertools.product(FORMATS, FORMATS)))
def test_formats_are_the_library_s(in_fmt, out_fmt, dtype, device):
    for seed in range(CASES):
        boxes, _ = two_sets(seed, dtype, device)
        assert_parity(
            lambda x: ops.box_convert(x, in_fmt, out_fmt),
            lambda x: torchvision.ops.box_convert(x, in_fmt, out_fmt),
            [boxes],
        )


@pytest.mark.parametrize("fmt", FORMATS)
def test_area_and_iou_read_every_format(fmt):
    for seed in range(CASES):
        a, b = two_sets(seed, torch.float64, torch.device("cpu"))
        written_a, written_b = (torchvision.ops.box_convert(x, "xyxy", fmt) for x in (a, b))
        assert_close(ops.box_area(written_a, fmt), torchvision.ops.box_area(a))
        assert_close(ops.box_iou(written_a, written_b, fmt), torchvision.ops.box_iou(a, b))


def test_overlaps_are_their_definitions():
    generator = torch.Generator().manual_seed(0)
    a, b = random_boxes.boxes(12, generator), random_boxes.boxes(9, generator)
    for ours, slow in (
        (ops.box_iou, slow_iou),
        (ops.generalized_box_iou, slow_generalized_iou),
    ):
        loop = [[slow(x, y) for y in b.tolist()] for x in a.tolist()]
        assert_close(ours(a, b), torch.tensor(loop, dtype=torch.float64))


@pytest.mark.parametrize("name", ["box_iou", "generalized_box_iou"])
def test_batches_broadcast(name):
    ours, library = getattr(ops, name), getattr(torchvision.ops, name)
    generator = torch.Generator().manual_seed(0)
    a = random_boxes.boxes(2 * 5, generator).view(2, 1, 5, 4)
    b = random_boxes.boxes(3 * 4, generator).view(3, 4, 4)
    assert ours(a, b).shape == (2, 3, 5, 4)
    # Pair by pair: torchvision 0.21 knows no batches.
    pairs = [torch.stack([library(one[0], other) for other in b]) for one in a]
    assert_close(ours(a, b), torch.stack(pairs))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int64, torch.float16])
def test_narrow_types_do_not_overflow(dtype):
    """The library subtracts before it widens, so that its uint8 boxes apart seem to overlap.

    It also keeps narrow types, in which a width and a height added to a corner would wrap around.
    """
    boxes = torch.tensor([[0, 0, 100, 100], [20, 30, 120, 110], [0, 0, 10, 10]])
    narrow = boxes.to(dtype)
    assert ops.box_area(narrow).tolist() == [10_000, 8_000, 100]
    for name in ("box_iou", "generalized_box_iou"):
        ours, library = getattr(ops, name), getattr(torchvision.ops, name)
        assert_close(ours(narrow, narrow), library(boxes, boxes))
    for fmt in ("xywh", "cxcywh"):
        ours, library = (
            f(narrow, "xyxy", fmt) for f in (ops.box_convert, torchvision.ops.box_convert)
        )
        wide = library if library.is_floating_point() else library.long()
        assert_close(ours, wide)
    far = torch.tensor([[200, 20, 240, 30]]).to(dtype)
    assert ops.box_convert(far, "xyxy", "cxcywh").tolist() == [[220, 25, 40, 10]]
    assert ops.box_convert(far, "xywh", "xyxy").tolist() == [[200, 20, 440, 50]]


def test_areas_of_large_boxes_fit():
    for dtype in (torch.int32, torch.uint16, torch.int64):
        boxes = torch.tensor([[0, 0, 50_000, 50_000]]).to(dtype)
        assert ops.box_area(boxes).tolist() == [2_500_000_000]
        assert ops.box_iou(boxes, boxes).tolist() == [[1]]


def test_degenerate_and_inverted_boxes_are_as_in_the_library():
    point, line = [3.0, 3.0, 3.0, 3.0], [0.0, 2.0, 5.0, 2.0]
    inverted, box = [6.0, 1.0, 2.0, 4.0], [0.0, 0.0, 5.0, 5.0]
    boxes = torch.tensor([point, line, inverted, box, [-math.inf, 0, math.inf, 1], [math.nan] * 4])
    for name in ("box_iou", "generalized_box_iou"):
        assert_close(getattr(ops, name)(boxes, boxes), getattr(torchvision.ops, name)(boxes, boxes))
    iou = ops.box_iou(boxes, boxes)
    assert iou[0, 0].isnan() and iou[0, 1].isnan()  # 0/0
    assert iou[0, 3] == 0
    assert_close(ops.box_area(boxes), torchvision.ops.box_area(boxes))


def test_widths_are_not_counted_in_pixels():
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0], [1.0, 0.0, 2.0, 1.0]])
    assert ops.box_area(boxes).tolist() == [1, 1]  # with +1 it would be 4
    assert ops.box_iou(boxes, boxes).tolist() == [[1, 0], [0, 1]]  # they touch, and share nothing


def test_a_new_tensor_comes_back():
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    assert ops.box_convert(boxes, "xyxy", "xyxy").data_ptr() != boxes.data_ptr()
    before = boxes.clone()
    ops.box_iou(boxes, boxes)
    ops.generalized_box_iou(boxes, boxes)
    ops.clip_boxes_to_image(boxes, (0, 0))
    assert torch.equal(boxes, before)


@pytest.mark.parametrize("name", ["box_iou", "generalized_box_iou"])
def test_gradients_are_right_to_second_order(name):
    generator = torch.Generator().manual_seed(0)
    a = random_boxes.boxes(4, generator, spread=20).requires_grad_()
    b = random_boxes.boxes(3, generator, spread=20).requires_grad_()
    assert torch.autograd.gradcheck(getattr(ops, name), (a, b))
    assert torch.autograd.gradgradcheck(getattr(ops, name), (a, b))


coordinate = st.integers(-30, 30)
side = st.integers(1, 20)
box = st.builds(lambda x, y, w, h: [x, y, x + w, y + h], coordinate, coordinate, side, side)
box_sets = st.lists(box, max_size=6).map(lambda rows: torch.tensor(rows).reshape(-1, 4).double())


@given(box_sets, box_sets)
def test_what_holds_for_all_boxes(a, b):
    iou, giou = ops.box_iou(a, b), ops.generalized_box_iou(a, b)
    assert iou.shape == giou.shape == (len(a), len(b))
    assert ((iou >= 0) & (iou <= 1)).all()
    assert ((giou > -1) & (giou <= iou + 1e-12)).all()
    assert torch.equal(iou, ops.box_iou(b, a).T)
    assert_close(ops.box_iou(a * 3 + 7, b * 3 + 7), iou)  # neither scale nor place matters
    assert_close(ops.box_iou(a, a).diagonal(), torch.ones(len(a)).double())


@given(box_sets, st.tuples(st.sampled_from(FORMATS), st.sampled_from(FORMATS)))
def test_formats_round_trip(boxes, formats):
    there = ops.box_convert(boxes, "xyxy", formats[0])
    across = ops.box_convert(there, formats[0], formats[1])
    assert torch.equal(ops.box_convert(across, formats[1], "xyxy"), boxes)


@given(box_sets, st.tuples(st.integers(0, 20), st.integers(0, 20)))
def test_clipped_boxes_lie_in_the_image(boxes, size):
    clipped = ops.clip_boxes_to_image(boxes, size)
    limits = torch.tensor([size[1], size[0], size[1], size[0]])
    assert ((clipped >= 0) & (clipped <= limits)).all()
    assert torch.equal(ops.clip_boxes_to_image(clipped, size), clipped)


B = torch.zeros(3, 4)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.box_area(torch.zeros(3, 5)), r"boxes .* \(3, 5\)"),
        (lambda: ops.box_area(torch.tensor(1.0)), "boxes"),
        (lambda: ops.box_area(B, "xyxyr"), "fmt is 'xyxyr'"),
        (lambda: ops.box_iou(B[0], B), "boxes1"),
        (lambda: ops.box_iou(B, B.T), "boxes2"),
        (lambda: ops.box_iou(B, B, fmt="yxyx"), "fmt"),
        (lambda: ops.generalized_box_iou(B, B[:, :3]), "boxes2"),
        (lambda: ops.box_convert(B, "xyxy", "cxcywhr"), "out_fmt"),
        (lambda: ops.box_convert(B, "ltrb", "xyxy"), "in_fmt"),
        (lambda: ops.box_convert(B[:, :2], "xyxy", "xywh"), "boxes"),
        (lambda: ops.clip_boxes_to_image(B[:, :2], (4, 4)), "boxes"),
        (lambda: ops.clip_boxes_to_image(B, (4, -4)), "size"),
        (lambda: ops.remove_small_boxes(B[None], 1), "boxes"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
