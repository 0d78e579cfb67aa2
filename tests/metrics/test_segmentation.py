"""Segmentation metrics against counting loops, torchmetrics, and each other."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close
from torchmetrics.functional import classification as tm
from torchmetrics.functional import segmentation as tms

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
    theirs = tms.dice_score(
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


@pytest.mark.parametrize("seed", range(40))
def test_each_image_has_its_matrix(seed: int):
    g = torch.Generator().manual_seed(seed)
    n, k = seed % 4, 2 + seed % 3
    shape = (n, 4, 5)[: 1 + seed % 3]
    pred, target = torch.randint(k, (2, *shape), generator=g)
    target = target.masked_fill(torch.rand(shape, generator=g) < 0.2, 255)
    matrices = ours.confusion_matrices(pred, target, k, 255)
    assert matrices.shape == (n, k, k)
    for i in range(n):
        assert torch.equal(matrices[i], counted(pred[i], target[i], k, 255))
    assert torch.equal(matrices.sum(0), ours.confusion_matrix(pred, target, k, 255))


ALL = (
    ours.pixel_accuracy,
    ours.mean_pixel_accuracy,
    ours.iou,
    ours.mean_iou,
    ours.dice,
    ours.precision,
    ours.recall,
    ours.f1,
)


@pytest.mark.parametrize("score", ALL, ids=lambda f: f.__name__)
def test_a_stack_of_matrices_gives_a_stack_of_scores(score: Callable[[Tensor], Tensor]):
    g = torch.Generator().manual_seed(0)
    matrices = torch.randint(5, (2, 3, 4, 4), generator=g)
    matrices[0, 1] = 0
    matrices[1, 2, 0] = matrices[1, 2, :, 0] = 0
    scores = score(matrices)
    for i in range(2):
        for j in range(3):
            assert_close(scores[i, j], score(matrices[i, j]), equal_nan=True, rtol=0, atol=0)
    assert score(matrices[:, :0]).shape[:2] == (2, 0)


def test_an_ignored_class_is_left_out_of_each_mean_of_a_stack():
    matrices = torch.tensor([[[0, 0], [2, 2]], [[0, 0], [0, 2]]])
    assert ours.mean_iou(matrices, ignore_index=0).tolist() == [0.5, 1.0]
    assert ours.mean_iou(matrices).tolist() == [0.25, 1.0]


@pytest.mark.parametrize("seed", range(40))
def test_images_agree_with_torchmetrics_one_by_one(seed: int):
    g = torch.Generator().manual_seed(seed)
    k = 2 + seed % 4
    pred, target = torch.randint(k, (2, 3, 4, 5), generator=g)
    pred[0], target[0] = 0, 0  # an image of one class, all right
    target[1] = k - 1
    matrices = ours.confusion_matrices(pred, target, k)
    options = {"include_background": True, "input_format": "index"}
    theirs = tms.mean_iou(pred, target, k, per_class=True, **options).double()
    expected = theirs.masked_fill(theirs == -1, NAN)  # their mark for a class that is nowhere
    assert_close(ours.iou(matrices), expected, equal_nan=True, rtol=0, atol=1e-6)
    mean = tms.mean_iou(pred, target, k, **options).double()
    assert_close(ours.mean_iou(matrices), mean, rtol=0, atol=1e-6)
    accuracy = tm.multiclass_accuracy(
        pred.flatten(1), target.flatten(1), k, average="micro", multidim_average="samplewise"
    )
    assert_close(ours.pixel_accuracy(matrices), accuracy.double(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_mean_pixel_accuracy_agrees_with_torchmetrics_where_every_class_is_true(seed: int):
    g = torch.Generator().manual_seed(seed)
    k = 2 + seed % 4
    target = torch.cat([torch.arange(k), torch.randint(k, (20,), generator=g)])
    pred = torch.randint(k, target.shape, generator=g)
    theirs = tm.multiclass_accuracy(pred, target, k, average="macro")
    mine = ours.mean_pixel_accuracy(ours.confusion_matrix(pred, target, k))
    assert_close(mine, theirs.double(), rtol=0, atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(counts)
def test_summed_over_the_classes_precision_recall_and_f1_are_pixel_accuracy(numbers: list[int]):
    """Each wrong pixel is one FP (of the predicted class) and one FN (of the true class)."""
    matrix = torch.tensor(numbers).reshape(4, 4)
    if not matrix.sum():
        return
    tp, fp, fn = ours._counts(matrix)
    accuracy = ours.pixel_accuracy(matrix)
    assert fp.sum() == fn.sum()
    assert_close(tp.sum() / (tp + fp).sum(), accuracy)
    assert_close(2 * tp.sum() / (2 * tp + fp + fn).sum(), accuracy)
    assert_close(tp.sum() / (tp + fp + fn).sum(), accuracy / (2 - accuracy))


def test_means_of_dice_and_iou_may_disagree():
    """For one class Dice rises with IoU; a mean over classes may still put two nets in another
    order."""
    even = torch.tensor([[9, 0, 11], [0, 9, 11], [0, 0, 0]])[:2]  # two classes of 20 pixels
    even = torch.cat([even, torch.zeros(1, 3, dtype=torch.long)])
    uneven = torch.tensor([[20, 0, 0], [0, 0, 20], [0, 0, 0]])
    for score, prefers_even in ((ours.iou, False), (ours.dice, True)):
        a, b = score(even)[:2].mean(), score(uneven)[:2].mean()
        assert (a > b) == prefers_even


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
    for shape in ((2, 3), (4, 2, 3), (3,)):
        with pytest.raises(ValueError, match="matrix must be K by K, but its shape is"):
            ours.iou(torch.zeros(shape))


def test_each_device_gives_the_same(device: torch.device):
    pred, target, k = random_maps(2)
    matrix = ours.confusion_matrix(pred, target, k, 255)
    there = ours.confusion_matrix(pred.to(device), target.to(device), k, 255)
    assert there.device.type == device.type and torch.equal(there.cpu(), matrix)
    assert_close(ours.iou(there).cpu(), ours.iou(matrix), equal_nan=True)


def test_what_is_predicted_at_ignored_pixels_is_neither_counted_nor_judged():
    pred = torch.tensor([[-7, 1, 0], [99, 1, 1]])
    target = torch.tensor([[255, 1, 1], [255, 0, 255]])
    each = ours.confusion_matrices(pred, target, 2, ignore_index=255)
    assert each.tolist() == [[[0, 0], [1, 1]], [[0, 1], [0, 0]]]
    with pytest.raises(ValueError, match="target has classes from 1 to 3"):  # 255 is not named
        ours.confusion_matrix(pred, torch.tensor([[255, 1, 3], [255, 2, 255]]), 2, ignore_index=255)
