"""Matching of instances against sets of pixels and all possible pairings."""

import itertools
import time

import pytest
import torch
from torch import Tensor

from lookclosely.metrics import instances as ours


def random_labels(seed: int, noise: float) -> tuple[Tensor, Tensor]:
    """Two label maps of the same blobs; labels have gaps, and some blobs are split or missing."""
    g = torch.Generator().manual_seed(seed)
    coarse = torch.randint(7, (3, 4), generator=g) * torch.tensor([0, 1, 1, 1])
    true = coarse.repeat_interleave(3, 0).repeat_interleave(3, 1) * 3  # (9, 12)
    wrong = torch.rand(true.shape, generator=g) < noise
    return torch.where(wrong, torch.randint(9, true.shape, generator=g), true), true


def random_masks(seed: int) -> tuple[Tensor, Tensor]:
    """Overlapping masks, a few of them empty."""
    g = torch.Generator().manual_seed(seed)
    n, m = (int(x) for x in torch.randint(0, 6, (2,), generator=g))
    true = torch.rand(m, 5, 6, generator=g) > 0.5
    pred = torch.rand(n, 5, 6, generator=g) > 0.7
    for i in range(min(n, m)):
        pred[i] |= true[i]
    pred[1:2], true[2:3] = False, False
    return pred, true


def pixel_sets(instances: Tensor) -> list[set[int]]:
    if instances.ndim == 3:
        return [set(mask.flatten().nonzero().flatten().tolist()) for mask in instances]
    labels = [x for x in instances.unique().tolist() if x]
    return [set((instances == x).flatten().nonzero().flatten().tolist()) for x in labels]


def slow_iou(pred: Tensor, true: Tensor) -> list[list[float]]:
    sets = pixel_sets(pred), pixel_sets(true)
    return [[len(a & b) / max(1, len(a | b)) for b in sets[1]] for a in sets[0]]


def best_pairing(table: list[list[float]], threshold: float) -> tuple[int, float]:
    """Most pairs above the threshold, then the greatest sum of IoUs, by trying every pairing."""
    if not table or not table[0]:
        return 0, 0.0
    if len(table) > len(table[0]):
        table = [list(column) for column in zip(*table, strict=True)]
    best = (0, 0.0)
    for columns in itertools.permutations(range(len(table[0])), len(table)):
        hits = [row[j] for row, j in zip(table, columns, strict=True) if row[j] > threshold]
        best = max(best, (len(hits), sum(hits)))
    return best


@pytest.mark.parametrize("seed", range(40))
def test_iou_is_that_of_sets(seed: int):
    maps, masks = random_labels(seed, 0.2), random_masks(seed)
    for pred, true in (maps, masks):
        iou = ours.instance_iou(pred, true)
        expected = torch.tensor(slow_iou(pred, true)).reshape(iou.shape).double()
        torch.testing.assert_close(iou, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_a_label_map_is_the_stack_of_its_masks(seed: int):
    pred, true = random_labels(seed, 0.1)
    layers = [(x == x.unique()[x.unique() > 0][:, None, None]) for x in (pred, true)]
    expected = ours.instance_iou(pred, true)
    for a, b in itertools.product((pred, layers[0]), (true, layers[1])):
        assert torch.equal(ours.instance_iou(a, b), expected)
    assert torch.equal(ours.instance_iou(pred.to(torch.uint8), true.int()), expected)


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.3, 0.5, 0.75])
@pytest.mark.parametrize("seed", range(30))
def test_matching_is_the_best_pairing(seed: int, threshold: float):
    for pred, true in (random_labels(seed, 0.05), random_masks(seed)):
        matches = ours.match_instances(pred, true, threshold)
        table = slow_iou(pred, true)
        pairs = list(zip(matches.pred.tolist(), matches.true.tolist(), strict=True))
        assert len(set(matches.pred.tolist())) == len(set(matches.true.tolist())) == len(pairs)
        assert [table[i][j] for i, j in pairs] == pytest.approx(matches.iou.tolist())
        assert all(table[i][j] > threshold for i, j in pairs)
        assert matches.tp == len(pairs)
        assert matches.fp == len(pixel_sets(pred)) - len(pairs)
        assert matches.fn == len(pixel_sets(true)) - len(pairs)
        if len(table) <= 7:
            count, total = best_pairing(table, threshold)
            assert (matches.tp, matches.iou.sum().item()) == (count, pytest.approx(total))


def test_by_hand():
    true = torch.tensor([[1, 1, 1, 0, 2, 2], [1, 1, 1, 0, 2, 2]])
    pred = torch.tensor([[9, 9, 0, 4, 4, 0], [9, 9, 9, 4, 4, 0]])
    matches = ours.match_instances(pred, true)
    # Label 4 comes before 9. It shares 2 of 6 pixels with instance 1; 9 shares 5 of 6 with 0.
    assert (matches.pred.tolist(), matches.true.tolist()) == ([1], [0])
    assert matches.iou.tolist() == [5 / 6]
    assert (matches.tp, matches.fp, matches.fn) == (1, 1, 1)
    assert ours.instance_f1(matches.tp, matches.fp, matches.fn) == 0.5


def test_half_is_not_enough():
    true, halves = torch.tensor([[1, 1]]), torch.tensor([[1, 2]])
    assert ours.match_instances(halves, true).tp == 0
    below = ours.match_instances(halves, true, 0.49)  # both are candidates, one is taken
    assert (below.tp, below.fp, below.fn) == (1, 1, 0)


def test_more_pairs_come_before_a_better_one():
    """Greedy matching would take the pair with IoU 0.55 and leave two instances alone."""
    x = torch.arange(45)
    true = torch.stack([x < 30, (x >= 30) & (x < 40)])[:, None]  # two masks of one row
    pred = torch.stack([(x >= 8) & (x < 40), x < 8])[:, None]
    assert ours.instance_iou(pred, true).flatten().tolist() == [22 / 40, 10 / 32, 8 / 30, 0]
    matches = ours.match_instances(pred, true, 0.25)
    assert (matches.pred.tolist(), matches.true.tolist()) == ([0, 1], [1, 0])


def test_nothing_there_and_nothing_found():
    empty, one = torch.zeros(4, 5).long(), torch.zeros(4, 5).long()
    one[1, 2] = 7
    no_masks = torch.zeros(0, 4, 5).bool()
    for nothing in (empty, no_masks):
        found = ours.match_instances(nothing, nothing)
        assert (found.tp, found.fp, found.fn) == (0, 0, 0)
        missed, invented = ours.match_instances(nothing, one), ours.match_instances(one, nothing)
        assert (missed.tp, missed.fp, missed.fn) == (0, 0, 1)
        assert (invented.tp, invented.fp, invented.fn) == (0, 1, 0)
    assert ours.match_instances(empty[:0], empty[:0]).tp == 0
    # A mask without a pixel is still a claim that something is there.
    assert ours.match_instances(torch.zeros(1, 4, 5).bool(), one).fp == 1


def test_labels_may_be_huge_and_cover_everything():
    labels = torch.tensor([[10**15, 10**15], [3, 3]])
    assert ours.match_instances(labels, labels).iou.tolist() == [1.0, 1.0]


def test_f1_is_the_harmonic_mean():
    for tp, fp, fn in itertools.product(range(1, 5), range(4), range(4)):
        p, r = tp / (tp + fp), tp / (tp + fn)
        assert ours.instance_f1(tp, fp, fn) == pytest.approx(2 * p * r / (p + r))
    assert ours.instance_f1(0, 2, 3) == 0.0
    assert ours.instance_f1(0, 0, 0) == 1.0


def test_a_hundred_nuclei_take_milliseconds():
    labels = torch.zeros(256, 256, dtype=torch.long)
    for i in range(100):
        top, left = 25 * (i // 10), 25 * (i % 10)
        labels[top : top + 20, left : left + 20] = i + 1
    ours.match_instances(labels, labels)  # imports scipy
    start = time.process_time()
    matches = ours.match_instances(labels.roll(3, 0), labels)
    assert time.process_time() - start < 1  # 10 ms on an idle core
    assert matches.tp == 100 and matches.iou.tolist() == pytest.approx([17 / 23] * 100)


def test_each_device_gives_the_same(device: torch.device):
    for pred, true in (random_labels(1, 0.1), random_masks(1)):
        here, there = (
            ours.match_instances(a, b)
            for a, b in ((pred, true), (pred.to(device), true.to(device)))
        )
        assert there.pred.tolist() == here.pred.tolist() and there.tp == here.tp


@pytest.mark.usefixtures("unchecked")
def test_bad_input():
    labels = torch.zeros(4, 5).long()
    with pytest.raises(ValueError, match=r"pred_masks are \(4, 5\), but true_masks \(5, 4\)"):
        ours.match_instances(labels, labels.T)
    with pytest.raises(ValueError, match="true_masks has the label -1"):
        ours.match_instances(labels, labels - 1)
    with pytest.raises(ValueError, match=r"iou_threshold is 1\.0"):
        ours.match_instances(labels, labels, 1.0)
    grey = torch.full((2, 4, 5), 255, dtype=torch.uint8)
    with pytest.raises(ValueError, match=r"pred_masks is torch\.uint8: give bool, such as"):
        ours.match_instances(grey, labels)
    with pytest.raises(ValueError, match=r"true_masks is torch\.float32: give bool"):
        ours.match_instances(grey > 0, grey / 255)
    with pytest.raises(
        ValueError, match=r"true_masks is torch\.float32: give a label map of whole"
    ):
        ours.match_instances(labels, torch.rand(4, 5))
    with pytest.raises(ValueError, match="tp, fp and fn are 1, -1 and 0"):
        ours.instance_f1(1, -1, 0)
