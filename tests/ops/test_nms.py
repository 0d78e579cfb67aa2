import math
import random
import sys

import pytest
import random_boxes
import torch
import torchvision
from hypothesis import given
from hypothesis import strategies as st
from parity import CASES, DTYPES, assert_close
from random_boxes import slow_iou
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from lookclosely import ops


def slow_nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> list[int]:
    """Greedy, one box after another. Exact unless an IoU is within rounding of the threshold."""
    rows, order = boxes.tolist(), sorted(range(len(scores)), key=lambda i: -scores[i].item())
    kept: list[int] = []
    for i in order:
        if all(slow_iou(rows[i], rows[j]) <= iou_threshold for j in kept):
            kept.append(i)
    return kept


def slow_soft_nms(
    boxes: Tensor,
    scores: Tensor,
    sigma: float,
    iou_threshold: float,
    score_threshold: float,
    method: str,
) -> tuple[list[int], list[float]]:
    """The published loop (its line "with one line of code"), on lists, without its +1."""
    rows, left = boxes.tolist(), dict(enumerate(scores.tolist()))
    kept, kept_scores = [], []
    while left:
        best = max(left, key=lambda i: left[i])
        score = left.pop(best)
        if score <= score_threshold:
            break
        kept.append(best)
        kept_scores.append(score)
        for i in left:
            overlap = slow_iou(rows[best], rows[i])
            if method == "gaussian":
                left[i] *= math.exp(-overlap * overlap / sigma)
            elif overlap > iou_threshold:
                left[i] *= 1 - overlap if method == "linear" else 0
    return kept, kept_scores


MODULE = sys.modules["lookclosely.ops.nms"]  # ops.nms is the function


def library_nms(boxes, scores, iou_threshold):
    """torchvision's on CPU, for tensors on any device: its CUDA kernel rounds otherwise."""
    return torchvision.ops.nms(boxes.cpu(), scores.cpu(), iou_threshold)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nms_is_the_library_s(dtype, device):
    for seed in range(CASES):
        boxes, scores = random_boxes.scene(seed, most=400)  # some more than one block
        boxes, scores = boxes.to(device, dtype), scores.to(device, dtype)
        threshold = random.Random(seed).choice([0, 0.1, 0.3, 0.5, 0.7, 1, random.random()])
        ours = ops.nms(boxes, scores, threshold)
        assert ours.dtype == torch.int64
        assert ours.tolist() == library_nms(boxes, scores, threshold).tolist()


@pytest.mark.parametrize("seed", range(3))
def test_nms_is_the_library_s_for_many_boxes(seed, device):
    boxes, scores = random_boxes.mixture(5000, seed)
    ours = ops.nms(boxes.to(device), scores.to(device), 0.5)
    assert ours.tolist() == library_nms(boxes, scores, 0.5).tolist()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("tenths", range(1, 10))
def test_an_iou_of_exactly_the_threshold(tenths, dtype, device):
    """An IoU of k/10 in float32 is more than the number k/10 for k = 1–4, 6, 8."""
    boxes = torch.tensor([[0, 0, 10, 1], [0, 0, tenths, 1]], dtype=dtype, device=device)
    scores = torch.tensor([0.9, 0.8], dtype=dtype, device=device)
    ours = ops.nms(boxes, scores, tenths / 10)
    assert ours.tolist() == library_nms(boxes, scores, tenths / 10).tolist()
    suppressed = dtype == torch.float32 and tenths in (1, 2, 3, 4, 6, 8)
    assert len(ours) == (1 if suppressed else 2)


def test_a_suppressed_box_suppresses_nothing(device):
    """A chain: each box covers the next, so every other one stays."""
    left = torch.arange(300, device=device) * 4.0
    boxes = torch.stack([left, left * 0, left + 10, left * 0 + 1], dim=1)
    scores = torch.linspace(1, 0.1, 300, device=device)
    assert ops.nms(boxes, scores, 0.4).tolist() == list(range(0, 300, 2))


def test_equal_scores_are_taken_in_input_order(device):
    boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0], [9.0, 0.0, 12.0, 4.0]], device=device).repeat(
        150, 1
    )
    scores = torch.full((300,), 0.5, device=device)
    assert ops.nms(boxes, scores, 0.5).tolist() == [0, 1]


@pytest.mark.parametrize("threshold", [-0.5, 0, 0.5, 1, 1.5])
def test_degenerate_boxes_are_as_in_the_library(threshold):
    point, line, inverted = [3.0] * 4, [0.0, 2.0, 5.0, 2.0], [6.0, 1.0, 2.0, 4.0]
    odd = [point, line, inverted, [float("nan")] * 4, [0.0, 0.0, float("inf"), 1.0]]
    plain, _ = random_boxes.mixture(200)
    boxes = torch.cat([torch.tensor(odd * 2), plain / 50])  # odd ones first: more than one block
    scores = torch.linspace(1, 0, len(boxes))
    ours = ops.nms(boxes, scores, threshold)
    assert ours.tolist() == library_nms(boxes, scores, threshold).tolist()


def test_nms_takes_boxes_that_need_gradients():
    boxes, scores = random_boxes.mixture(200)
    expected = ops.nms(boxes, scores, 0.5)
    assert torch.equal(ops.nms(boxes.requires_grad_(), scores.requires_grad_(), 0.5), expected)


coordinate, side = st.integers(0, 20), st.integers(1, 12)
box = st.builds(lambda x, y, w, h: [x, y, x + w, y + h], coordinate, coordinate, side, side)
scenes = st.lists(st.tuples(box, st.integers(1, 9)), max_size=12).map(
    lambda rows: (
        torch.tensor([r[0] for r in rows]).reshape(-1, 4).double(),
        torch.tensor([r[1] for r in rows]).double() / 10,
    )
)
thresholds = st.sampled_from([0.0512, 0.2512, 0.5012, 0.7512])  # no IoU of such boxes is near


@given(scenes, thresholds)
def test_nms_is_its_definition(scene, threshold):
    boxes, scores = scene
    assert ops.nms(boxes, scores, threshold).tolist() == slow_nms(boxes, scores, threshold)


@given(scenes, thresholds)
def test_what_nms_promises(scene, threshold):
    boxes, scores = scene
    kept = ops.nms(boxes, scores, threshold)
    iou = ops.box_iou(boxes, boxes)
    assert (scores[kept].diff() <= 0).all()
    assert (iou[kept][:, kept].fill_diagonal_(0) <= threshold).all()
    for j in set(range(len(boxes))) - set(kept.tolist()):
        assert ((iou[kept, j] > threshold) & (scores[kept] >= scores[j])).any()
    again = ops.nms(boxes[kept], scores[kept], threshold)
    assert again.tolist() == list(range(len(kept)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_batched_nms_is_the_library_s(dtype, device):
    """On whole coordinates ≥ 0, where the library's shift of the classes is exact."""
    for seed in range(CASES):
        boxes, scores = random_boxes.scene(seed)
        boxes = (boxes.round() + 200).to(device, dtype)
        scores = scores.to(device, dtype)
        idxs = torch.randint(0, 4, (len(boxes),), device=device)
        threshold = random.Random(seed).choice([0.1, 0.3, 0.5, 0.7])
        ours = ops.batched_nms(boxes, scores, idxs, threshold)
        library = torchvision.ops.batched_nms(boxes.cpu(), scores.cpu(), idxs.cpu(), threshold)
        assert ours.tolist() == library.tolist()


def test_batched_nms_is_the_library_s_for_many_boxes(device):
    boxes, scores = random_boxes.mixture(3000)
    idxs = torch.randint(0, 20, (3000,))
    ours = ops.batched_nms(boxes.to(device), scores.to(device), idxs.to(device), 0.5)
    assert ours.tolist() == torchvision.ops.batched_nms(boxes, scores, idxs, 0.5).tolist()


def one_class_after_the_other(boxes, scores, idxs, threshold):
    """What batched_nms is: a turn of nms for each class."""
    stays = torch.zeros(len(boxes), dtype=torch.bool)
    for idx in idxs.unique():
        members = (idxs == idx).nonzero().squeeze(1)
        stays[members[ops.nms(boxes[members], scores[members], threshold)]] = True
    by_score = scores.argsort(descending=True, stable=True)
    return by_score[stays[by_score]]


@pytest.mark.parametrize("few", [0, 4])  # with 0, a table even of one class
@pytest.mark.parametrize(
    "shares", [[1], [1, 1], [8, 4, 2, 1], [300] + [1] * 200, [1] * 40, [1, 0.1] * 5]
)
def test_batched_nms_is_a_turn_for_each_class(shares, few, device, monkeypatch):
    """Few classes and many, equal and skewed, of more and of less than one block; with ties."""
    monkeypatch.setattr(MODULE, "FEW", few)
    for seed, n in enumerate((3, 150, 1500)):
        boxes, scores = random_boxes.mixture(n, seed)
        idxs = 7 - 3 * torch.multinomial(torch.tensor(shares).double(), n, replacement=True)
        boxes, scores = boxes * 0.3, (scores * 50).round() / 50
        boxes[::9, 2:] = boxes[::9, :2]  # some without area
        expected = one_class_after_the_other(boxes, scores, idxs, 0.4)
        ours = ops.batched_nms(boxes.to(device), scores.to(device), idxs.to(device), 0.4)
        assert ours.tolist() == expected.tolist()


class Counted(TorchDispatchMode):
    """How many of torch's operations are run; those that wait for a GPU are among them."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += 1
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("n", [40, 300])
def test_batched_nms_takes_as_many_operations_for_many_classes_as_for_some(n, monkeypatch):
    monkeypatch.setattr("lookclosely.ops.boxes.PAIRS_AT_ONCE", 2**30)  # blocks are for the cache
    boxes, scores = random_boxes.mixture(n)
    counts = []
    for classes in (5, 100):
        idxs = torch.arange(classes).repeat_interleave(n)
        with Counted() as operations:
            ops.batched_nms(boxes.repeat(classes, 1), scores.repeat(classes), idxs, 0.5)
        counts.append(operations.count)
    assert counts[0] == counts[1]


def test_classes_do_not_meet_at_negative_coordinates():
    """Here ours differs from the library: its shift, max + 1, is 0 if the largest corner is −1."""
    boxes = torch.tensor([[-9.0, -9.0, -1.0, -1.0], [-9.0, -9.0, -1.0, -1.0]])
    scores, idxs = torch.tensor([0.9, 0.8]), torch.tensor([0, 1])
    assert ops.batched_nms(boxes, scores, idxs, 0.5).tolist() == [0, 1]
    assert torchvision.ops.batched_nms(boxes, scores, idxs, 0.5).tolist() == [0]


@given(scenes, thresholds, st.integers(-40, 0), st.randoms(use_true_random=False))
def test_batched_nms_is_nms_of_each_class(scene, threshold, shift, rng):
    boxes, scores = scene[0] + shift, scene[1]
    idxs = torch.tensor([rng.randint(-2, 1) for _ in scores], dtype=torch.int64)
    kept = ops.batched_nms(boxes, scores, idxs, threshold)
    assert (scores[kept].diff() <= 0).all()
    for idx in idxs.unique():
        members = (idxs == idx).nonzero().squeeze(1)
        alone = members[ops.nms(boxes[members], scores[members], threshold)]
        assert kept[idxs[kept] == idx].tolist() == alone.tolist()


@pytest.mark.parametrize("method", ["gaussian", "linear", "hard"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_soft_nms_is_the_published_loop(method, dtype, device):
    for seed in range(CASES):
        generator = torch.Generator().manual_seed(seed)
        boxes = random_boxes.boxes(seed % 20, generator, spread=25).to(device, dtype)
        scores = torch.rand(seed % 20, generator=generator).to(device, dtype)
        rng = random.Random(seed)
        settings = {
            "sigma": rng.choice([0.1, 0.5, 2.0]),
            "iou_threshold": rng.choice([0.2, 0.3, 0.6]),
            "score_threshold": rng.choice([0.0, 0.001, 0.1]),
            "method": method,
        }
        kept, new = ops.soft_nms(boxes, scores, **settings)
        slow_kept, slow_new = slow_soft_nms(boxes, scores, **settings)
        assert kept.tolist() == slow_kept
        assert_close(new.cpu(), torch.tensor(slow_new, dtype=dtype))


@pytest.mark.parametrize("method", ["gaussian", "linear", "hard"])
def test_soft_nms_of_too_many_boxes_to_keep_all_weights(method, monkeypatch):
    boxes, scores = random_boxes.mixture(80)
    expected = ops.soft_nms(boxes, scores, method=method)
    monkeypatch.setattr(MODULE, "PAIRS_KEPT", 0)
    for ours, at_once in zip(ops.soft_nms(boxes, scores, method=method), expected, strict=True):
        assert torch.equal(ours, at_once)


def test_soft_nms_defaults_are_cornernet_s():
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 5.0], [20.0, 0.0, 30.0, 10.0]])
    scores = torch.tensor([0.9, 0.8, 0.5])
    kept, new = ops.soft_nms(boxes, scores)
    assert kept.tolist() == [0, 2, 1]
    assert_close(new, torch.tensor([0.9, 0.5, 0.8 * 0.60653066]))  # exp(−0.5² / 0.5)
    kept, _ = ops.soft_nms(boxes, scores, sigma=0.02)
    assert kept.tolist() == [0, 2]  # 0.8·exp(−12.5) is below 0.001


@given(scenes, thresholds)
def test_hard_soft_nms_is_nms(scene, threshold):
    boxes, scores = scene
    kept, new = ops.soft_nms(boxes, scores, iou_threshold=threshold, method="hard")
    assert kept.tolist() == ops.nms(boxes, scores, threshold).tolist()
    assert torch.equal(new, scores[kept])


@given(scenes, st.sampled_from(["gaussian", "linear"]))
def test_what_soft_nms_promises(scene, method):
    boxes, scores = scene
    before = scores.clone()
    kept, new = ops.soft_nms(boxes, scores, method=method)
    assert torch.equal(scores, before)
    assert len(set(kept.tolist())) == len(kept) == len(new)
    assert (new <= scores[kept]).all() and (new > 0.001).all()
    assert (new.diff() <= 0).all()


def test_soft_nms_keeps_points_apart():
    """Boxes without area have no IoU (0/0): they do not weaken each other."""
    kept, new = ops.soft_nms(torch.full((3, 4), 2.0), torch.tensor([0.2, 0.9, 0.4]))
    assert kept.tolist() == [1, 2, 0]
    assert_close(new, torch.tensor([0.9, 0.4, 0.2]))


@pytest.mark.parametrize("method", ["gaussian", "linear"])
def test_soft_nms_scores_have_right_gradients(method):
    generator = torch.Generator().manual_seed(0)
    boxes = random_boxes.boxes(6, generator, spread=20).requires_grad_()
    scores = torch.rand(6, generator=generator, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda b, s: ops.soft_nms(b, s, method=method)[1], (boxes, scores)
    )


B, S = torch.zeros(3, 4), torch.zeros(3)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.nms(B[0], S, 0.5), r"boxes must have shape \(N, 4\)"),
        (lambda: ops.nms(B[:, :3], S, 0.5), "boxes"),
        (lambda: ops.nms(B, S[:2], 0.5), r"scores must be \(3,\)"),
        (lambda: ops.nms(B, S[:, None], 0.5), "scores"),
        (lambda: ops.batched_nms(B[None], S, S.long(), 0.5), "boxes"),
        (lambda: ops.batched_nms(B, S[:2], S.long(), 0.5), "scores"),
        (lambda: ops.batched_nms(B, S, S[:2].long(), 0.5), "idxs"),
        (lambda: ops.soft_nms(B.T, S), "boxes"),
        (lambda: ops.soft_nms(B, S[:1]), "scores"),
        (lambda: ops.soft_nms(B, S - 1), "scores go down to -1"),
        (lambda: ops.soft_nms(B, S, sigma=0), "sigma"),
        (lambda: ops.soft_nms(B, S, score_threshold=-0.1), "score_threshold"),
        (lambda: ops.soft_nms(B, S, method="soft"), "method is 'soft'"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
