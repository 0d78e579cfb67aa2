import math
import random
from typing import Any

import pytest
import random_boxes
import torch
from hypothesis import given
from hypothesis import strategies as st
from parity import CASES, DTYPES
from torch import Tensor
from torchvision.models.detection._utils import (
    BalancedPositiveNegativeSampler,
    Matcher,
    SSDMatcher,
)
from torchvision.models.detection.ssd import SSD

from lookclosely import ops

THRESHOLDS = [(0.7, 0.3), (0.5, 0.5), (0.5, 0.4), (0.3, 0.05)]


def overlaps(seed: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """IoUs of boxes with many ties; each true box overlaps an anchor."""
    generator = torch.Generator().manual_seed(seed)
    rng = random.Random(seed)
    anchors = random_boxes.boxes(rng.randint(1, 60), generator, whole=True, spread=30)
    truth = random_boxes.boxes(rng.randint(1, 8), generator, whole=True, spread=30)
    iou = ops.box_iou(truth, anchors).to(device, dtype)
    return iou[iou.amax(dim=1) > 0]


def slow_assign(iou: list[list[float]], high: float, low: float, keep_best: bool) -> list[int]:
    anchors = len(iou[0]) if iou else 0
    assigned = []
    for n in range(anchors):
        column = [row[n] for row in iou]
        best = max(column)
        index = column.index(best)
        kept = keep_best and any(row[n] == max(row) > 0 for row in iou)
        assigned.append(index if best >= high or kept else (-1 if best < low else -2))
    return assigned


def slow_ssd_match(iou: list[list[float]], threshold: float) -> list[int]:
    assigned = slow_assign(iou, threshold, threshold, keep_best=False)
    for m, row in enumerate(iou):
        if max(row) > 0:
            assigned[row.index(max(row))] = m
    return assigned


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("keep_best", [False, True])
def test_assignment_is_the_library_s(keep_best, dtype, device):
    for seed in range(CASES):
        iou = overlaps(seed, dtype, device)
        if not len(iou):
            continue
        high, low = THRESHOLDS[seed % len(THRESHOLDS)]
        reference = Matcher(high, low, allow_low_quality_matches=keep_best)(iou)
        ours = ops.assign(iou, high, low, keep_best)
        assert ours.dtype == torch.int64
        assert ours.tolist() == reference.tolist()


@pytest.mark.parametrize("dtype", DTYPES)
def test_ssd_s_assignment_is_the_library_s(dtype, device):
    for seed in range(CASES):
        iou = overlaps(seed, dtype, device)
        if not len(iou):
            continue
        threshold = THRESHOLDS[seed % len(THRESHOLDS)][0]
        reference = SSDMatcher(threshold)(iou.cpu())  # on CPU the last of equals wins
        assert ops.ssd_match(iou, threshold).tolist() == reference.tolist()


tenths = st.integers(0, 10).map(lambda n: n / 10)


@st.composite
def tables(draw):
    anchors = draw(st.integers(1, 6))
    return draw(st.lists(st.lists(tenths, min_size=anchors, max_size=anchors), max_size=4))


@given(tables(), st.sampled_from([(0.7, 0.3), (0.5, 0.5), (1.0, 0.0)]), st.booleans())
def test_assignment_is_its_definition(rows, thresholds, keep_best):
    if not rows:
        return
    iou = torch.tensor(rows, dtype=torch.float64)
    high, low = thresholds
    ours = ops.assign(iou, high, low, keep_best)
    assert ours.tolist() == slow_assign(rows, high, low, keep_best)
    assert ops.ssd_match(iou, high).tolist() == slow_ssd_match(rows, high)


def test_the_thresholds_belong_to_the_better_side():
    iou = torch.tensor([[0.7, 0.69, 0.3, 0.29]], dtype=torch.float64)
    assert ops.assign(iou, 0.7, 0.3).tolist() == [0, -2, -2, -1]
    assert ops.assign(iou, 0.7, 0.3, keep_best=True).tolist() == [0, -2, -2, -1]
    assert ops.assign(iou, 0.9, 0.3, keep_best=True).tolist() == [0, -2, -2, -1]


def test_all_that_overlap_a_box_most_are_kept():
    iou = torch.tensor([[0.2, 0.2, 0.1], [0.0, 0.6, 0.1]])
    assert ops.assign(iou, 0.7, 0.3, keep_best=True).tolist() == [0, 1, -1]
    # Anchor 1 is kept for box 0, but it overlaps box 1 more.


def test_a_box_that_overlaps_nothing_keeps_nothing():
    """In the library it makes every anchor positive, or takes the first default box."""
    iou = torch.tensor([[0.0, 0.0, 0.0], [0.1, 0.6, 0.2]])
    assert Matcher(0.7, 0.3, allow_low_quality_matches=True)(iou.clone()).tolist() == [1, 1, 1]
    assert ops.assign(iou, 0.7, 0.3, keep_best=True).tolist() == [-1, 1, -1]
    assert SSDMatcher(0.5)(iou.clone()).tolist() == [0, 1, -1]
    assert ops.ssd_match(iou, 0.5).tolist() == [-1, 1, -1]


def test_padding_is_assigned_to_nobody(device):
    """Zeros overlap no anchor, and with an anchor without area their IoU is 0/0."""
    truth = torch.tensor([[0.0, 0, 10, 10], [0, 0, 0, 0]], device=device)
    anchors = torch.tensor([[0.0, 0, 9, 9], [0, 0, 0, 0], [20, 20, 30, 30]], device=device)
    iou = ops.box_iou(truth, anchors)
    assert iou.isnan().any()
    for keep_best in (False, True):
        assert ops.assign(iou, 0.7, 0.3, keep_best).tolist() == [0, -1, -1]
    assert ops.ssd_match(iou).tolist() == [0, -1, -1]


@pytest.mark.parametrize("call", [lambda x: ops.assign(x, 0.7, 0.3, True), ops.ssd_match])
def test_without_an_object_all_is_background(call, device):
    assert call(torch.zeros(0, 5, device=device)).tolist() == [-1] * 5
    assert call(torch.zeros(2, 0, device=device)).shape == (0,)
    assert call(torch.zeros(3, 0, 5, device=device)).tolist() == [[-1] * 5] * 3
    assert call(torch.zeros(0, 2, 5, device=device)).shape == (0, 5)


@pytest.mark.parametrize("call", [lambda x: ops.assign(x, 0.5, 0.3, True), ops.ssd_match])
def test_a_batch_is_its_images(call, device):
    iou = (torch.rand(3, 2, 4, 9, device=device) * 10).round() / 10
    ours = call(iou)
    assert ours.shape == (3, 2, 9)
    for i in range(3):
        for j in range(2):
            assert torch.equal(ours[i, j], call(iou[i, j]))


def test_assignment_takes_overlaps_that_need_gradients():
    iou = torch.rand(2, 5, requires_grad=True)
    assert not ops.assign(iou, 0.7, 0.3).requires_grad
    assert not ops.ssd_match(iou).requires_grad


@pytest.mark.parametrize("seed", range(30))
def test_a_sample_has_as_many_as_the_library_s(seed, device):
    rng = random.Random(seed)
    images = [torch.randint(-1, 3, (40,), device=device) for _ in range(3)]
    images[2] = images[2].clamp(max=0)  # nothing positive
    size, fraction = rng.choice([0, 4, 16, 60]), rng.choice([0, 0.25, 0.5, 0.29, 1])
    reference = BalancedPositiveNegativeSampler(size, fraction)(images)
    labels = torch.stack(images)
    ours = ops.balanced_sample(labels, size, fraction)
    for kind, (mine, theirs) in enumerate(zip(ours, reference)):
        assert mine.dtype == torch.bool and mine.shape == labels.shape
        assert mine.sum(1).tolist() == [int(one.sum()) for one in theirs]
        assert ((labels[mine] > 0) if kind == 0 else (labels[mine] == 0)).all()


def test_every_sample_is_as_likely_as_every_other():
    labels = torch.tensor([0, 1, 1, 0, -1, 2, 0, 0]).expand(4000, 8)
    generator = torch.Generator().manual_seed(0)
    positive, negative = ops.balanced_sample(labels, 4, 0.5, generator=generator)
    share = positive.double().mean(0)
    assert (share[[1, 2, 5]] - 2 / 3).abs().max() < 0.03
    assert (negative.double().mean(0)[[0, 3, 6, 7]] - 1 / 2).abs().max() < 0.03
    again = ops.balanced_sample(labels, 4, 0.5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(again[0], positive) and torch.equal(again[1], negative)


@pytest.mark.parametrize("seed", range(30))
def test_hard_negatives_are_the_library_s(seed, device):
    """Of one image, by the loss that the library computes from what is negative."""
    rng = random.Random(seed)
    n, classes = 40, 4
    logits = torch.randn(2, n, classes, device=device, dtype=torch.float64)
    matched = torch.full((2, n), -1, device=device)
    for row in matched:
        row[torch.randperm(n)[: rng.randint(0, 9)]] = 0
    positive = matched >= 0
    targets = [{"boxes": torch.zeros(1, 4), "labels": torch.ones(1).long()}] * 2
    targets = [{k: v.to(device) for k, v in one.items()} for one in targets]
    library: Any = SSD.__new__(SSD)
    torch.nn.Module.__init__(library)
    library.box_coder = type("Coder", (), {"encode_single": staticmethod(lambda b, a: b.double())})
    library.neg_to_pos_ratio = 3
    outputs = {"cls_logits": logits, "bbox_regression": logits.new_zeros(2, n, 4)}
    anchors = [logits.new_zeros(n, 4)] * 2
    reference = library.compute_loss(targets, outputs, anchors, list(matched))["classification"]
    loss = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), positive.flatten().long(), reduction="none"
    ).view(2, n)
    chosen = ops.hard_negatives(loss, positive)
    ours = loss[positive | chosen].sum() / max(1, int(positive.sum()))
    torch.testing.assert_close(ours, reference)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=9), st.integers(0, 4))
def test_hard_negatives_are_their_definition(rows, ratio):
    loss = torch.tensor([[row[0] for row in rows]]).double().reshape(1, -1)
    positive = torch.tensor([[row[1] for row in rows]]).bool().reshape(1, -1)
    order = sorted((k for k, row in enumerate(rows) if not row[1]), key=lambda k: -rows[k][0])
    chosen = order[: ratio * sum(row[1] for row in rows)]
    ours = ops.hard_negatives(loss, positive, ratio)
    assert ours.dtype == torch.bool
    assert ours[0].nonzero().flatten().tolist() == sorted(chosen)


def test_positives_are_never_hard_negatives():
    """The library counts some again where negatives are too few."""
    loss, positive = torch.rand(1, 5), torch.tensor([[True, True, True, False, True]])
    assert ops.hard_negatives(loss, positive).tolist() == [[False, False, False, True, False]]
    assert not ops.hard_negatives(loss, torch.zeros_like(positive)).any()


L = torch.zeros(1, 5).long()


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.assign(torch.zeros(5), 0.7, 0.3), r"iou .* \(5,\)"),
        (lambda: ops.assign(torch.zeros(2, 5), 0.3, 0.7), "low is 0.7, above high 0.3"),
        (lambda: ops.ssd_match(torch.zeros(5)), "iou"),
        (lambda: ops.balanced_sample(L, -1, 0.5), "batch_size is -1"),
        (lambda: ops.balanced_sample(L, 4, 1.5), "positive_fraction is 1.5"),
        (lambda: ops.balanced_sample(L, 4, math.nan), "positive_fraction"),
        (lambda: ops.hard_negatives(L.float(), L[:, :3].bool()), "positive"),
        (lambda: ops.hard_negatives(L.float(), L.bool(), -1), "ratio"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
