"""Segmentation metrics against counting loops, torchmetrics, and each other."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close
from torchmetrics.functional import classification as tm
from torchmetrics.functional.segmentation import dice_score

from lookclosely.metrics import segmentation as ours

NAN = float("nan")


def random_maps(seed: int) -> tuple[Tensor, Tensor, int]:
    """A prediction, a truth with some pixels 255, and K; often with classes that are absent."""
    g = torch.Generator().manual_seed(seed)
    k = int(torch.randint(2, 7, (), generator=g))
    shape = [int(n) for n in torch.randint(1, 7, (seed % 4,), generator=g)]
    present = torch.randperm(k, generator=g)[: int(torch.randint(1, k + 1, (), generator=g))]
    pred = present[torch.randint(len(present), shape, generator=g)]
    other = torch.randint(k, shape, generator=g)
    target = torch.where(torch.rand(shape, generator=g) < 0.6, pred, other)
    return pred, target.masked_fill(torch.rand(shape, generator=g) < 0.15, 255), k


def counted(pred: Tensor, target: Tensor, k: int, ignore: int | None) -> Tensor:
    matrix = torch.zeros(k, k, dtype=torch.long)
    for p, t in zip(pred.flatten().tolist(), target.flatten().tolist(), strict=True):
        if t != ignore:
            matrix[t, p] += 1
    return matrix


def test_by_hand():
    target = torch.tensor([[0, 0, 0, 0], [0, 0, 1, 1]])
    pred = torch.tensor([[0, 0, 0, 1], [0, 0, 1, 0]])
    matrix = ours.confusion_matrix(pred, target, 3)
    assert matrix.tolist() == [[5, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert ours.pixel_accuracy(matrix).item() == 6 / 8
    assert ours.mean_pixel_accuracy(matrix).item() == pytest.approx((5 / 6 + 1 / 2) / 2)
    assert_close(ours.iou(matrix), torch.tensor([5 / 7, 1 / 3, NAN]).double(), equal_nan=True)
    assert ours.mean_iou(matrix).item() == pytest.approx((5 / 7 + 1 / 3) / 2)
    assert_close(ours.dice(matrix), torch.tensor([10 / 12, 1 / 2, NAN]).double(), equal_nan=True)


def test_rows_are_true_and_columns_are_predicted():
    matrix = ours.confusion_matrix(torch.tensor([1, 1, 1]), torch.tensor([0, 0, 1]), 2)
    assert matrix.tolist() == [[0, 2], [0, 1]]
    assert_close(ours.precision(matrix), torch.tensor([NAN, 1 / 3]).double(), equal_nan=True)
    assert_close(ours.recall(matrix), torch.tensor([0.0, 1.0]).double())


@pytest.mark.parametrize("seed", range(200))
def test_confusion_matrix_counts_pixels(seed: int):
    pred, target, k = random_maps(seed)
    expected = counted(pred, target, k, 255)
    assert torch.equal(ours.confusion_matrix(pred, target, k, ignore_index=255), expected)
    small = ours.confusion_matrix(pred.to(torch.uint8), target.to(torch.uint8), k, ignore_index=255)
    assert torch.equal(small, expected)
    inside = target.where(target != 255, 0)
    for ignore in (None, 0, k - 1):
        matrix = ours.confusion_matrix(pred, inside, k, ignore)
        assert torch.equal(matrix, counted(pred, inside, k, ignore))
        assert torch.equal(
            matrix, tm.multiclass_confusion_matrix(pred, inside, k, ignore_index=ignore)
        )


@pytest.mark.parametrize("seed", range(200))
def test_agrees_with_torchmetrics(seed: int):
    pred, target, k = random_maps(seed)
    matrix = ours.confusion_matrix(pred, target, k, 255)
    if not matrix.sum():
        return
    # One long image: torchmetrics wants a batch, but counts over all of it.
    arguments = (pred.flatten(), target.flatten(), k)
    options = {"ignore_index": 255, "average": None}
    for mine, theirs in (
        (ours.precision, tm.multiclass_precision),
        (ours.recall, tm.multiclass_recall),
        (ours.f1, tm.multiclass_f1_score),
        (ours.iou, tm.multiclass_jaccard_index),
    ):
        zero, one = (theirs(*arguments, **options, zero_division=z).double() for z in (0, 1))
        expected = zero.masked_fill(zero != one, NAN)  # 0/0, for which they let one choose
        assert_close(mine(matrix), expected, equal_nan=True, rtol=0, atol=1e-6)
    macro = tm.multiclass_jaccard_index(*arguments, average="macro", ignore_index=255)
    micro = tm.multiclass_accuracy(*arguments, average="micro", ignore_index=255)
    assert_close(ours.mean_iou(matrix), macro.double(), rtol=0, atol=1e-6)
    assert_close(ours.pixel_accuracy(matrix), micro.double(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_mean_iou_leaves_out_an_ignored_class_as_torchmetrics_does(seed: int):
    pred, target, k = random_maps(seed)
    target = target.where(target != 255, 0)
    matrix = ours.confusion_matrix(pred, target, k, ignore_index=0)
    theirs = tm.multiclass_jaccard_index(pred.flatten(), target.flatten(), k, ignore_index=0)
    scores = ours.iou(matrix)[1:]
    if not scores.isnan().all():  # otherwise theirs is 0/0 in some versions and 0 in others
        assert_close(ours.mean_iou(matrix, ignore_index=0), theirs.double(), rtol=0, atol=1e-6)
        assert_close(ours.mean_iou(matrix, ignore_index=0), scores.nanmean())


def test_difference_an_ignored_class_that_is_predicted_counts_unless_named():
    pred, target = torch.tensor([1, 0, 2, 0]), torch.tensor([1, 1, 2, 0])
    matrix = ours.confusion_matrix(pred, target, 3, ignore_index=0)
    assert ours.iou(matrix).tolist() == [0.0, 0.5, 1.0]
    assert ours.mean_iou(matrix).item() == 0.5
    assert ours.mean_iou(matrix, ignore_index=0).item() == 0.75
    assert ours.mean_iou(matrix, ignore_index=255).item() == 0.5


def test_difference_a_class_that_is_never_true_has_no_recall():
    pred, target = torch.tensor([0, 0, 1, 2]), torch.tensor([0, 0, 1, 1])
    matrix = ours.confusion_matrix(pred, target, 4)
    assert ours.recall(matrix).isnan().tolist() == [False, False, True, True]
    assert ours.mean_pixel_accuracy(matrix).item() == 0.75
    theirs = tm.multiclass_accuracy(pred, target, 4, average="macro")
    assert theirs.item() == pytest.approx(0.5)  # class 2, only predicted, enters as 0


def test_difference_absent_classes_are_nan_where_torchmetrics_says_zero():
    pred = target = torch.tensor([0, 0, 2])
    assert ours.iou(ours.confusion_matrix(pred, target, 3)).isnan().tolist() == [False, True, False]
    assert tm.multiclass_jaccard_index(pred, target, 3, average=None).tolist() == [1, 0, 1]


@pytest.mark.parametrize("seed", range(20))
def test_dice_agrees_with_torchmetrics_for_a_image(seed: int):
    g = torch.Generator().manual_seed(seed)
    pred, target = torch.randint(4, (2, 1, 5, 7), generator=g)
    matrix = ours.confusion_matrix(pred, target, 4)
    theirs = dice_score(
        pred, target, 4, include_background=True, average=None, input_format="index"
    )
    expected = theirs.reshape(-1).double()
    assert_close(ours.dice(matrix), expected, equal_nan=True, rtol=0, atol=1e-6)


counts = st.lists(st.integers(0, 1000), min_size=16, max_size=16)


@settings(max_examples=100, deadline=None)
@given(counts, st.integers(0, 5))
def test_identities(numbers: list[int], zeros: int):
    matrix = torch.tensor(numbers).reshape(4, 4)
    matrix[: zeros // 2], matrix[:, : zeros // 2] = 0, 0  # classes that are nowhere
    j, d, p, r = ours.iou(matrix), ours.dice(matrix), ours.precision(matrix), ours.recall(matrix)
    assert_close(d, 2 * j / (1 + j), equal_nan=True)
    assert_close(j, d / (2 - d), equal_nan=True)
    harmonic = 2 * p * r / (p + r)
    defined = ~harmonic.isnan()
    assert_close(ours.f1(matrix)[defined], harmonic[defined])
    assert torch.equal(ours.f1(matrix).isnan(), j.isnan())
    assert torch.equal(ours.iou(matrix.T).nan_to_num(-1), j.nan_to_num(-1))  # symmetric
    assert torch.equal(ours.precision(matrix.T).nan_to_num(-1), r.nan_to_num(-1))
    between = j[~j.isnan()]
    assert ((between >= 0) & (between <= d[~j.isnan()]) & (d[~j.isnan()] <= 1)).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.permutations(range(4)))
def test_names_of_classes_do_not_matter(seed: int, order: list[int]):
    g = torch.Generator().manual_seed(seed)
    pred, target = torch.randint(4, (2, 30), generator=g)
    new = torch.tensor(order)
    one = ours.iou(ours.confusion_matrix(pred, target, 4))
    two = ours.iou(ours.confusion_matrix(new[pred], new[target], 4))
    assert_close(two[new], one, equal_nan=True)


def test_matrices_add_up_but_scores_do_not():
    g = torch.Generator().manual_seed(3)
    pred, target = torch.randint(3, (2, 5, 6, 4), generator=g)
    whole = ours.confusion_matrix(pred, target, 3)
    parts = [ours.confusion_matrix(p, t, 3) for p, t in zip(pred, target, strict=True)]
    assert torch.equal(torch.stack(parts).sum(0), whole)
    mean = torch.stack([ours.mean_iou(part) for part in parts]).mean()
    assert not torch.isclose(mean, ours.mean_iou(whole))


def test_a_sum_kept_as_floats_is_a_matrix_too():
    matrix = torch.tensor([[3, 1], [2, 4]])
    assert_close(ours.iou(matrix.float()), ours.iou(matrix))


def test_large_counts_are_exact():
    matrix = torch.tensor([[2**40 + 1, 0], [1, 2**40]])
    assert ours.pixel_accuracy(matrix).item() == (2**41 + 1) / (2**41 + 2)


def test_masks_may_be_boolean():
    pred, target = torch.tensor([True, True, False]), torch.tensor([True, False, False])
    assert ours.confusion_matrix(pred, target, 2).tolist() == [[1, 1], [0, 1]]


@pytest.mark.parametrize("pixels", [torch.zeros(0, 4), torch.full((2, 3), 255)])
def test_without_a_pixel_every_score_is_nan(pixels: Tensor):
    target = pixels.long()
    matrix = ours.confusion_matrix(torch.zeros_like(target), target, 3, 255)
    assert matrix.tolist() == [[0] * 3] * 3
    for score in (ours.pixel_accuracy, ours.mean_pixel_accuracy, ours.mean_iou):
        assert score(matrix).isnan()
    for score in (ours.iou, ours.dice, ours.f1, ours.precision, ours.recall):
        assert score(matrix).isnan().all() and score(matrix).shape == (3,)


@pytest.mark.parametrize(
    ("pred", "target", "k", "message"),
    [
        (torch.zeros(2, 3), torch.zeros(3, 2), 2, r"pred has shape \(2, 3\), but target \(3, 2\)"),
        (torch.tensor([0, 2]), torch.tensor([0, 1]), 2, "pred has classes from 0 to 2"),
        (torch.tensor([0, 1]), torch.tensor([0, 255]), 2, "target has classes .* ignore_index"),
        (torch.tensor([0, -1]), torch.tensor([0, 1]), 2, "pred has classes from -1"),
        (torch.tensor([0]), torch.tensor([0]), 0, "num_classes is 0"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_bad_maps(pred: Tensor, target: Tensor, k: int, message: str):
    with pytest.raises(ValueError, match=message):
        ours.confusion_matrix(pred.long(), target.long(), k)


@pytest.mark.usefixtures("unchecked")
def test_bad_matrix():
    with pytest.raises(ValueError, match=r"matrix must be K by K, but its shape is \(2, 3\)"):
        ours.iou(torch.zeros(2, 3))


# Boundaries


def outline(mask: Tensor) -> set[tuple[int, int]]:
    """Pixels unlike the next one on the right, below, or diagonally below right."""
    rows, columns = mask.shape
    return {
        (i, j)
        for i in range(rows)
        for j in range(columns)
        for a, b in ((i, j + 1), (i + 1, j), (i + 1, j + 1))
        if mask[min(a, rows - 1), min(b, columns - 1)] != mask[i, j]
    }


def slow_boundary_f(pred: Tensor, target: Tensor, tolerance: float) -> float:
    p, t = outline(pred), outline(target)
    if not p or not t:
        return 1.0 if p == t else 0.0
    precise = sum(any(math.dist(a, b) <= tolerance for b in t) for a in p) / len(p)
    recalled = sum(any(math.dist(a, b) <= tolerance for b in p) for a in t) / len(t)
    return 2 * precise * recalled / (precise + recalled) if precise + recalled else 0.0


@pytest.mark.parametrize("tolerance", [0, 1, 1.5, 2, 3.7])
@pytest.mark.parametrize("seed", range(8))
def test_boundary_f_is_the_definition(seed: int, tolerance: float):
    g = torch.Generator().manual_seed(seed)
    coarse = torch.rand(2, 1, 3, 4, generator=g) > 0.5
    pred, target = coarse.repeat_interleave(3, 2).repeat_interleave(4, 3)[:, 0]  # (9, 16)
    pred, target = pred ^ (torch.rand(9, 16, generator=g) > 0.95), target.roll(1, seed % 2)
    expected = slow_boundary_f(pred, target, tolerance)
    assert ours.boundary_f_score(pred, target, tolerance).item() == pytest.approx(expected, 1e-12)
    assert {tuple(x) for x in ours.boundary_pixels(pred).nonzero().tolist()} == outline(pred)


def square(top: int, left: int) -> Tensor:
    mask = torch.zeros(20, 24, dtype=torch.bool)
    mask[top : top + 8, left : left + 8] = True
    return mask


def test_a_shift_within_the_tolerance_is_forgiven():
    for shift in (1, 2, 3):
        scores = [
            ours.boundary_f_score(square(5, 5), square(5, 5 + shift), r).item() for r in range(5)
        ]
        assert scores == sorted(scores)
        assert scores[shift] == 1.0 and scores[shift - 1] < 1.0


def test_boundary_f_of_empty_and_full_masks():
    empty, full, some = torch.zeros(20, 24).bool(), torch.ones(20, 24).bool(), square(5, 5)
    for nothing in (empty, full):  # the image's border is no boundary
        assert ours.boundary_f_score(nothing, nothing, 2).item() == 1.0
        assert ours.boundary_f_score(nothing, some, 2).item() == 0.0
        assert ours.boundary_f_score(some, nothing, 2).item() == 0.0
    assert ours.boundary_f_score(some, square(12, 15), 0).item() < 0.2
    assert ours.boundary_f_score(square(0, 0), square(12, 16), 1).item() == 0.0


def test_boundary_f_is_symmetric_and_blind_to_complements():
    g = torch.Generator().manual_seed(0)
    a, b = torch.rand(2, 12, 9, generator=g) > 0.5
    score = ours.boundary_f_score(a, b, 1)
    assert torch.equal(ours.boundary_f_score(b, a, 1), score)
    assert torch.equal(ours.boundary_f_score(~a, b, 1), score)


def test_boundary_f_takes_batches():
    g = torch.Generator().manual_seed(0)
    a, b = torch.rand(2, 2, 3, 12, 9, generator=g) > 0.7
    scores = ours.boundary_f_score(a, b, 1.0)
    assert scores.shape == (2, 3) and scores.dtype == torch.float64
    assert scores[1, 2] == ours.boundary_f_score(a[1, 2], b[1, 2], 1.0)
    assert ours.boundary_f_score(a[:0], b[:0], 1).shape == (0, 3)
    assert ours.boundary_f_score(a[..., :0], b[..., :0], 1).eq(1).all()


def test_each_device_gives_the_same(device: torch.device):
    pred, target, k = random_maps(2)
    matrix = ours.confusion_matrix(pred, target, k, 255)
    there = ours.confusion_matrix(pred.to(device), target.to(device), k, 255)
    assert there.device.type == device.type and torch.equal(there.cpu(), matrix)
    assert_close(ours.iou(there).cpu(), ours.iou(matrix), equal_nan=True)
    a, b = torch.rand(2, 12, 9) > 0.5
    score = ours.boundary_f_score(a.to(device), b.to(device), 1)
    assert_close(score.cpu(), ours.boundary_f_score(a, b, 1))


@pytest.mark.usefixtures("unchecked")
def test_bad_boundaries():
    mask = square(5, 5)
    with pytest.raises(ValueError, match="pred has shape"):
        ours.boundary_f_score(mask, mask.T, 1)
    for tolerance in (-1, NAN, math.inf):
        with pytest.raises(ValueError, match="tolerance is"):
            ours.boundary_f_score(mask, mask, tolerance)
