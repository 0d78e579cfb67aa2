import math
import random

import pytest
import random_boxes
import torch
from hypothesis import given
from hypothesis import strategies as st
from parity import CASES, DTYPES, assert_close, assert_parity
from torch import Tensor
from torchvision.models.detection._utils import BoxCoder

from lookclosely import ops

WEIGHTS = [(1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0), (1.0, 2.0, 3.0, 4.0)]


def pairs(
    seed: int, dtype: torch.dtype, device: torch.device | str = "cpu", n: int | None = None
) -> tuple[Tensor, Tensor]:
    """As many boxes as proposals."""
    rng, generator = random.Random(seed), torch.Generator().manual_seed(seed)
    n = rng.choice([0, 1, rng.randint(2, 30)]) if n is None else n
    both = [random_boxes.boxes(n, generator, whole=rng.random() < 0.5) for _ in range(2)]
    return both[0].to(device, dtype), both[1].to(device, dtype)


def slow_encode(box: list[float], proposal: list[float], weights: tuple) -> list[float]:
    sides = [(b[2] - b[0], b[3] - b[1]) for b in (box, proposal)]
    centres = [((b[0] + b[2]) / 2, (b[1] + b[3]) / 2) for b in (box, proposal)]
    moved = [(centres[0][k] - centres[1][k]) / sides[1][k] for k in range(2)]
    grown = [math.log(sides[0][k] / sides[1][k]) for k in range(2)]
    return [weight * number for weight, number in zip(weights, moved + grown, strict=True)]


def slow_decode(delta: list[float], proposal: list[float], weights: tuple) -> list[float]:
    delta = [number / weight for number, weight in zip(delta, weights, strict=True)]
    corners = [0.0] * 4
    for k in range(2):
        side = proposal[k + 2] - proposal[k]
        centre = (proposal[k] + proposal[k + 2]) / 2 + delta[k] * side
        side *= math.exp(min(delta[k + 2], math.log(1000 / 16)))
        corners[k], corners[k + 2] = centre - side / 2, centre + side / 2
    return corners


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("weights", WEIGHTS)
def test_coding_is_the_library_s(weights, dtype, device):
    library = BoxCoder(weights)
    for seed in range(CASES):
        boxes, proposals = pairs(seed, dtype, device)
        assert_parity(
            lambda b, p: ops.encode_boxes(b, p, weights), library.encode_single, [boxes, proposals]
        )
        deltas = torch.randn(boxes.shape, dtype=dtype, device=device) * weights[0]
        assert_parity(
            lambda d, p: ops.decode_boxes(d, p, weights), library.decode_single, [deltas, proposals]
        )


@pytest.mark.parametrize("dtype", DTYPES)
def test_corrections_of_several_classes_are_the_library_s(dtype, device):
    library = BoxCoder(WEIGHTS[1])
    for seed in range(20):
        _, proposals = pairs(seed, dtype, device)
        deltas = torch.randn(len(proposals), 12, dtype=dtype, device=device)
        ours = ops.decode_boxes(deltas.unflatten(1, (3, 4)), proposals[:, None], WEIGHTS[1])
        assert ours.shape == (len(proposals), 3, 4)
        assert_close(ours.flatten(1), library.decode_single(deltas, proposals))


@pytest.mark.parametrize("weights", WEIGHTS)
def test_coding_is_its_definition(weights):
    boxes, proposals = pairs(4, torch.float64, n=12)
    rows = list(zip(boxes.tolist(), proposals.tolist()))
    loop = [slow_encode(box, proposal, weights) for box, proposal in rows]
    assert_close(
        ops.encode_boxes(boxes, proposals, weights), torch.tensor(loop, dtype=torch.float64)
    )
    deltas = torch.randn_like(boxes) * 4
    rows = list(zip(deltas.tolist(), proposals.tolist()))
    loop = [slow_decode(delta, proposal, weights) for delta, proposal in rows]
    assert_close(
        ops.decode_boxes(deltas, proposals, weights), torch.tensor(loop, dtype=torch.float64)
    )


def test_a_box_grows_at_most_62_and_a_half_times():
    """The bound holds from above only: a box may shrink to nothing."""
    unit = torch.tensor([[-0.5, -0.5, 0.5, 0.5]], dtype=torch.float64)
    rows = [[0, 0, 100, 9], [0, 0, -100, -9], [0, 0, 4.1, 4.2]]
    deltas = torch.tensor(rows, dtype=torch.float64)
    boxes = ops.decode_boxes(deltas, unit)
    sides = boxes[:, 2:] - boxes[:, :2]
    assert_close(sides[0], torch.tensor([62.5, 62.5]).double())
    assert_close(sides[1], torch.tensor([-100, -9]).double().exp())
    assert_close(sides[2], torch.tensor([math.exp(4.1), 62.5], dtype=torch.float64))


def test_boxes_without_area_are_as_in_the_library():
    boxes = torch.tensor([[0.0, 0, 4, 4], [2, 2, 2, 5], [0, 0, 0, 0], [0, 0, 0, 0]])
    proposals = torch.tensor([[1.0, 1, 1, 3], [0, 0, 4, 4], [0, 0, 4, 4], [0, 0, 0, 0]])
    library = BoxCoder(WEIGHTS[0])
    ours = ops.encode_boxes(boxes, proposals)
    assert_close(ours, library.encode_single(boxes, proposals))
    assert ours[2, 2] == -math.inf and ours[3].isnan().all()  # padding


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int64])
def test_whole_numbers_do_not_wrap(dtype):
    boxes = torch.tensor([[200, 20, 240, 30], [0, 0, 10, 90]])
    proposals = torch.tensor([[250, 0, 255, 200], [100, 100, 200, 110]])
    floats = ops.encode_boxes(boxes.float(), proposals.float())
    assert_close(ops.encode_boxes(boxes.to(dtype), proposals.to(dtype)), floats)
    assert_close(ops.decode_boxes(floats, proposals.to(dtype)), boxes.float())


def test_half_precision_is_computed_in_full():
    boxes, proposals = pairs(4, torch.float16, n=12)
    ours = ops.encode_boxes(boxes, proposals)
    assert ours.dtype == torch.float16
    assert torch.equal(ours, ops.encode_boxes(boxes.float(), proposals.float()).half())
    deltas = torch.randn(len(proposals), 4).half()
    assert ops.decode_boxes(deltas, proposals).dtype == torch.float16
    there = ops.decode_boxes(deltas, proposals.float() + 2000)  # a network in half, boxes in full
    assert_close(there, ops.decode_boxes(deltas.float(), proposals.float() + 2000))


coordinate, side = st.integers(-50, 50), st.integers(1, 60)
box = st.builds(lambda x, y, w, h: [x, y, x + w, y + h], coordinate, coordinate, side, side)
rows = st.lists(st.tuples(box, box), max_size=6)


@given(rows, st.sampled_from(WEIGHTS))
def test_what_is_encoded_is_decoded(rows, weights):
    boxes, proposals = (
        torch.tensor([row[k] for row in rows]).reshape(-1, 4).double() for k in range(2)
    )
    deltas = ops.encode_boxes(boxes, proposals, weights)
    assert_close(ops.decode_boxes(deltas, proposals, weights), boxes)
    assert_close(ops.encode_boxes(boxes * 3 + 7, proposals * 3 + 7, weights), deltas)
    assert (ops.encode_boxes(proposals, proposals, weights) == 0).all()


def test_batches_broadcast():
    generator = torch.Generator().manual_seed(0)
    boxes = random_boxes.boxes(6, generator).view(2, 3, 4)
    anchors = random_boxes.boxes(3, generator)
    ours = ops.encode_boxes(boxes, anchors)
    assert ours.shape == (2, 3, 4)
    assert_close(ours[1], ops.encode_boxes(boxes[1], anchors))
    assert_close(ops.decode_boxes(ours, anchors), boxes)


def test_gradients_are_right_to_second_order():
    boxes, proposals = pairs(4, torch.float64, n=4)
    given = [boxes.requires_grad_(), proposals.requires_grad_()]
    assert torch.autograd.gradcheck(ops.encode_boxes, given)
    assert torch.autograd.gradgradcheck(ops.encode_boxes, given)
    deltas = torch.randn(4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(ops.decode_boxes, (deltas, given[1]))


B = torch.ones(3, 4)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.encode_boxes(B[:, :3], B), r"boxes .* \(3, 3\)"),
        (lambda: ops.encode_boxes(B, B[:, :3]), "proposals"),
        (lambda: ops.encode_boxes(B, B, (10, 5)), r"weights is \(10, 5\)"),
        (lambda: ops.decode_boxes(torch.ones(3, 12), B), r"deltas .* \(3, 12\)"),
        (lambda: ops.decode_boxes(B, B.T), "proposals"),
        (lambda: ops.decode_boxes(B, B, (1.0,) * 5), "weights"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
