"""Losses against torch's own, against loops, and by numerical differentiation."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import gradcheck
from torch.testing import assert_close
from torchvision.models.detection.roi_heads import fastrcnn_loss

from lookclosely import losses as ours
from lookclosely.metrics import segmentation

SIZES = [(4, 3), (2, 5, 7), (3, 2, 4, 6), (1, 4, 3, 1), (2, 3, 2, 3, 4), (2, 1, 3, 3)]
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
DTYPES = pytest.mark.parametrize("dtype", list(TOLERANCE), ids=str)


def same(mine: Callable[..., Tensor], theirs: Callable[..., Tensor], *inputs: Tensor) -> None:
    """Values, and gradients with respect to every input, agree."""
    tolerance = TOLERANCE[inputs[0].dtype]
    results = []
    for f in (mine, theirs):
        leaves = [x.clone().requires_grad_() for x in inputs]
        value = f(*leaves)
        slope = torch.linspace(1, 2, value.numel(), dtype=value.dtype).reshape(value.shape)
        results.append((value.detach(), *torch.autograd.grad((value * slope).sum(), leaves)))
    for a, b in zip(*results, strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype
        assert_close(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)


def draw(seed: int, size: tuple[int, ...], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    g = torch.Generator().manual_seed(seed)
    logits = torch.randn(size, generator=g, dtype=dtype) * 3
    return logits, torch.randint(size[1], (size[0], *size[2:]), generator=g)


# Cross-entropy


@DTYPES
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("size", SIZES)
def test_cross_entropy_is_torchs(size: tuple[int, ...], reduction: str, dtype: torch.dtype):
    for seed in range(6):
        logits, target = draw(seed, size, dtype)
        g = torch.Generator().manual_seed(seed)
        weight = torch.rand(size[1], generator=g, dtype=dtype) if seed % 2 else None
        ignore = (-100, 255, 0)[seed % 3]
        target = target.where(torch.rand(target.shape, generator=g) < 0.8, ignore)
        options = {"weight": weight, "ignore_index": ignore, "reduction": reduction}
        same(
            lambda x, y=target, o=options: ours.cross_entropy(x, y, **o),
            lambda x, y=target, o=options: F.cross_entropy(x, y, **o),
            logits,
        )


@DTYPES
def test_cross_entropy_of_one_sample(dtype: torch.dtype):
    logits, target = torch.tensor([2.0, -1.0, 0.5], dtype=dtype), torch.tensor(2)
    same(lambda x: ours.cross_entropy(x, target), lambda x: F.cross_entropy(x, target), logits)


@DTYPES
@pytest.mark.parametrize("seed", range(5))
def test_pixel_weights_by_a_loop(seed: int, dtype: torch.dtype):
    logits, target = draw(seed, (2, 3, 4, 5), dtype)
    target[0, 0, :2] = -100
    g = torch.Generator().manual_seed(seed)
    weight, pixels = (torch.rand(s, generator=g, dtype=dtype) for s in ((3,), target.shape))

    def loop(x: Tensor) -> Tensor:
        total, norm = x.new_zeros(()), 0.0
        for n, i, j in (target != -100).nonzero().tolist():
            k = int(target[n, i, j])
            w = weight[k] * pixels[n, i, j]
            total = total - w * (x[n, k, i, j] - x[n, :, i, j].logsumexp(0))
            norm = norm + w
        return total / norm

    same(lambda x: ours.cross_entropy(x, target, weight=weight, pixel_weight=pixels), loop, logits)


@DTYPES
def test_equal_pixel_weights_change_nothing(dtype: torch.dtype):
    logits, target = draw(0, (2, 3, 4, 5), dtype)
    for value in (1.0, 7.0):
        weights = torch.full(target.shape, value, dtype=dtype)
        same(
            lambda x, w=weights: ours.cross_entropy(x, target, pixel_weight=w),
            lambda x: F.cross_entropy(x, target),
            logits,
        )


def test_a_pixel_of_weight_zero_is_as_if_ignored():
    logits, target = draw(0, (1, 3, 4, 5), torch.float64)
    off = torch.rand(target.shape, generator=torch.Generator().manual_seed(1)) < 0.5
    weighted = ours.cross_entropy(logits, target, pixel_weight=(~off).double())
    assert_close(weighted, ours.cross_entropy(logits, target.masked_fill(off, -100)))


def test_cross_entropy_of_nothing():
    logits, target = draw(0, (2, 3, 4), torch.float64)
    nothing = torch.full_like(target, -100)
    assert ours.cross_entropy(logits, nothing).isnan()
    assert ours.cross_entropy(logits, nothing, reduction="sum") == 0
    assert ours.cross_entropy(logits[:0], target[:0]).isnan()
    assert ours.cross_entropy(logits[:0], target[:0], reduction="none").shape == (0, 4)


def test_cross_entropy_of_extreme_logits():
    logits = torch.tensor([[1e4, -1e4, 0.0], [-math.inf, 0.0, 1.0]]).double()
    target = torch.tensor([1, 0])
    assert ours.cross_entropy(logits[:1], target[:1]).item() == 2e4
    assert ours.cross_entropy(logits[1:], target[1:]).item() == math.inf
    assert ours.cross_entropy(logits, torch.tensor([1, -100])).item() == 2e4  # inf is not counted


def test_targets_may_be_small_integers():
    logits, target = draw(0, (2, 3, 4), torch.float64)
    small = ours.cross_entropy(logits, target.to(torch.uint8))
    assert_close(small, F.cross_entropy(logits, target))


def test_class_156_of_unsigned_bytes_is_not_ignored():
    """As unsigned bytes, 156 and −100 are the same eight bits."""
    logits = torch.randn(1, 200, 3, dtype=torch.float64)
    target = torch.tensor([[0, 156, 199]])
    small = target.to(torch.uint8)
    assert_close(ours.cross_entropy(logits, small), F.cross_entropy(logits, target))
    assert_close(ours.dice_loss(logits, small), ours.dice_loss(logits, target))
    boxes = torch.ones(3, 4).double()
    loss = ours.multi_task_loss(logits[0].T, boxes, small[0], 0 * boxes, background=-100)
    assert loss.localization.item() == 2.0


# Dice


def slow_dice(logits: Tensor, target: Tensor, smooth: float, ignore: int = -100) -> Tensor:
    losses = []
    for scores, truth in zip(logits, target, strict=True):
        places = [tuple(p) for p in (truth != ignore).nonzero().tolist()]
        for k in range(logits.shape[1]):
            p = [scores[(slice(None), *x)].softmax(0)[k] for x in places]
            g = [float(truth[x] == k) for x in places]
            both = sum(a * b for a, b in zip(p, g, strict=True))
            each = sum(a * a + b * b for a, b in zip(p, g, strict=True))
            losses.append(1 - (2 * both + smooth) / (each + smooth) + 0 * scores.sum())
    return torch.stack(losses).mean()


@DTYPES
@pytest.mark.parametrize("smooth", [0.0, 1.0, 10])
@pytest.mark.parametrize("size", SIZES[1:5])
def test_dice_by_a_loop(size: tuple[int, ...], smooth: float, dtype: torch.dtype):
    logits, target = draw(1, size, dtype)
    target[0, 0] = 255
    target = target.where(target != 1, 0)  # class 1 is absent
    same(
        lambda x: ours.dice_loss(x, target, smooth=smooth, ignore_index=255),
        lambda x: slow_dice(x, target, smooth, 255),
        logits,
    )


@pytest.mark.parametrize("seed", range(20))
def test_dice_of_certain_predictions_is_the_metric(seed: int):
    g = torch.Generator().manual_seed(seed)
    pred, target = torch.randint(4, (2, 1, 6, 7), generator=g)
    certain = (F.one_hot(pred, 4).movedim(-1, 1).double() * 2 - 1) * 1e3
    expected = segmentation.dice(segmentation.confusion_matrix(pred, target, 4))
    assert_close(ours.dice_loss(certain, target, smooth=0), 1 - expected.mean())


def test_dice_of_the_truth_is_zero_and_of_the_opposite_one():
    target = torch.tensor([[[0, 0, 1], [1, 1, 0]]])
    logits = (F.one_hot(target, 2).movedim(-1, 1).double() * 2 - 1) * 1e3
    assert ours.dice_loss(logits, target).item() == pytest.approx(0)
    assert ours.dice_loss(logits, 1 - target, smooth=0).item() == pytest.approx(1)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_without_smoothing_an_absent_class_costs_one(p: float):
    """12 pixels of class 0, each predicted with p; class 1 is absent, and gets q = 1 − p."""
    logits = torch.tensor([p, 1 - p]).double().log().reshape(1, 2, 1, 1).expand(1, 2, 3, 4)
    target, q = torch.zeros(1, 3, 4, dtype=torch.long), 1 - p
    present = 1 - 24 * p / (12 * p * p + 12)
    rough = ours.dice_loss(logits, target, smooth=0).item()
    assert rough == pytest.approx((present + 1) / 2)
    present = 1 - (24 * p + 1) / (12 * p * p + 13)
    smooth = ours.dice_loss(logits, target).item()
    assert smooth == pytest.approx((present + 1 - 1 / (12 * q * q + 1)) / 2)


def test_dice_does_not_care_what_is_ignored():
    logits, target = draw(0, (2, 3, 4, 5), torch.float64)
    target[:, 1:3] = -100
    kept = ours.dice_loss(logits[:, :, [0, 3]], target[:, [0, 3]])
    assert_close(ours.dice_loss(logits, target), kept)
    logits[:, :, 1:3] = 50.0
    assert_close(ours.dice_loss(logits, target), kept)
    assert ours.dice_loss(logits, torch.full_like(target, -100)).item() == 0
    assert ours.dice_loss(logits, torch.full_like(target, -100), smooth=0.0).isnan()


@pytest.mark.parametrize("loss", [ours.cross_entropy, ours.dice_loss])
def test_gradients_by_differences(loss: Callable[..., Tensor]):
    logits, target = draw(0, (2, 3, 2, 3), torch.float64)
    target[0, 0, 0] = -100
    assert gradcheck(lambda x: loss(x, target), logits.requires_grad_())


def test_losses_work_on_each_device(device: torch.device):
    logits, target = draw(0, (2, 3, 4, 5), torch.float64)
    target[0, 0] = -100
    weight, pixels = torch.rand(3).double(), torch.rand(2, 4, 5).double()
    x, y, w, p = (tensor.to(device) for tensor in (logits, target, weight, pixels))
    for here, there in (
        (
            ours.cross_entropy(logits, target, weight=weight, pixel_weight=pixels),
            ours.cross_entropy(x, y, weight=w, pixel_weight=p),
        ),
        (ours.dice_loss(logits, target), ours.dice_loss(x, y)),
        (ours.smooth_l1_loss(logits, -logits), ours.smooth_l1_loss(x, -x)),
    ):
        assert there.device.type == device.type
        assert_close(there.cpu(), here)


# Smooth L1


@DTYPES
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("beta", [0, 0.0, 1 / 9, 0.5, 1.0, 2])
def test_smooth_l1_is_torchs(beta: float, reduction: str, dtype: torch.dtype):
    g = torch.Generator().manual_seed(0)
    for size in ((4, 3), (7,), (), (0, 4)):
        x, y = torch.randn(2, *size, generator=g, dtype=dtype)
        if size == (7,):  # the corners: no difference, and one of exactly beta
            x[:3], y[:3] = torch.tensor([0.0, beta, -beta]), 0.0
        options = {"reduction": reduction, "beta": beta}
        same(
            lambda a, b, o=options: ours.smooth_l1_loss(a, b, **o),
            lambda a, b, o=options: F.smooth_l1_loss(a, b, **o),
            x,
            y,
        )


# Multi-task loss


def answers(seed: int, dtype: torch.dtype, n: int = 5) -> tuple[Tensor, ...]:
    """Scores of 4 classes, boxes, classes (1 to 3, and the background 0), target boxes."""
    g = torch.Generator().manual_seed(seed)
    logits, (boxes, targets) = (
        torch.randn(*s, generator=g, dtype=dtype) for s in ((n, 4), (2, n, 4))
    )
    return logits, boxes, torch.randint(4, (n,), generator=g), targets


@DTYPES
@pytest.mark.parametrize("seed", range(5))
def test_multi_task_loss_is_torchvisions(seed: int, dtype: torch.dtype):
    logits, boxes, classes, targets = answers(seed, dtype)
    regression = partial(ours.smooth_l1_loss, beta=1 / 9)

    def theirs(x: Tensor, b: Tensor) -> Tensor:
        parts = fastrcnn_loss(x, b.repeat(1, 4), [classes], [targets])  # one box for each class
        return torch.stack([parts[0] + 3 * parts[1], *parts])

    def mine(x: Tensor, b: Tensor) -> Tensor:
        options = {"weight": 3, "regression": regression, "background": 0}
        return torch.stack(ours.multi_task_loss(x, b, classes, targets, **options))

    same(mine, theirs, logits, boxes)


@DTYPES
@pytest.mark.parametrize("library", [F.mse_loss, F.l1_loss, F.smooth_l1_loss])
def test_multi_task_loss_by_a_loop(library: Callable[..., Tensor], dtype: torch.dtype):
    logits, boxes, classes, targets = answers(1, dtype)

    def loop(x: Tensor, b: Tensor) -> Tensor:
        total = x.new_zeros(())
        for n, k in enumerate(classes.tolist()):
            total = total + x[n].logsumexp(0) - x[n, k]
            for i in range(4):
                total = total + 0.5 * library(b[n, i], targets[n, i])
        return total / len(x)

    options = {"weight": 0.5, "regression": library}
    same(
        lambda x, b: ours.multi_task_loss(x, b, classes, targets, **options).total,
        loop,
        logits,
        boxes,
    )


def test_the_background_pays_for_no_box():
    logits, boxes, classes, targets = answers(0, torch.float64)
    nothing = torch.zeros_like(classes)
    loss = ours.multi_task_loss(logits, boxes, nothing, targets, background=0)
    assert loss.localization == 0 and loss.total == loss.classification
    assert ours.multi_task_loss(logits, boxes, nothing, targets).localization > 0
    free = ours.multi_task_loss(logits, boxes, classes, targets, weight=0)
    assert free.total == free.classification and free.localization > 0


def test_what_the_background_has_for_a_box_reaches_no_gradient():
    logits, boxes, _, targets = answers(0, torch.float64)
    classes = torch.tensor([0, 1, 0, 2, 0])
    wanted = ours.multi_task_loss(logits, boxes.requires_grad_(), classes, targets, background=0)
    (gradient,) = torch.autograd.grad(wanted.total, boxes)
    targets[0], targets[2] = torch.nan, torch.inf
    loss = ours.multi_task_loss(logits, boxes, classes, targets, background=0)
    assert torch.equal(torch.stack(loss), torch.stack(wanted))
    assert torch.equal(torch.autograd.grad(loss.total, boxes)[0], gradient)


def test_multi_task_loss_of_nothing():
    loss = ours.multi_task_loss(*answers(0, torch.float32, n=0))
    assert all(part.isnan() for part in loss)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"targets": torch.zeros(5, 3)}, r"targets has shape \(5, 3\), but \(5, 4\)"),
        ({"boxes": torch.zeros(4, 4), "targets": torch.zeros(4, 4)}, r"boxes has shape \(4, 4\)"),
        ({"weight": -1}, "weight is -1: it must be 0 or more"),
        ({"classes": torch.full((5,), 4)}, "target has class 4, but logits have 4 classes"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_bad_input_of_the_multi_task_loss(change: dict[str, Any], message: str):
    names = ("logits", "boxes", "classes", "targets")
    good = dict(zip(names, answers(0, torch.float32), strict=True))
    with pytest.raises(ValueError, match=message):
        ours.multi_task_loss(**{**good, **change})


# Bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, y: ours.cross_entropy(x, y + 1), "target has class 3, but logits have 3 cl"),
        (lambda x, y: ours.cross_entropy(x, y - 1), "target has class -1"),
        (lambda x, y: ours.cross_entropy(x, y[:, 1:]), r"target has shape \(2, 3\), but \(2, 4"),
        (lambda x, y: ours.cross_entropy(x, y[:1]), r"target has shape \(1, 4\), but \(2, 4"),
        (lambda x, y: ours.cross_entropy(x.sum(), y), "logits is a single number"),
        (lambda x, y: ours.cross_entropy(x, y, weight=torch.ones(4)), r"weight has shape \(4,\)"),
        (
            lambda x, y: ours.cross_entropy(x, y, pixel_weight=torch.ones(4)),
            r"pixel_weight has shape \(4,\), but \(2, 4\)",
        ),
        (lambda x, y: ours.cross_entropy(x, y, reduction="avg"), "reduction is 'avg'"),
        (lambda x, y: ours.cross_entropy(x, y + 0.9), r"target is torch\.float32: give whole num"),
        (lambda x, y: ours.dice_loss(x, y.half()), r"target is torch\.float16: give whole num"),
        (lambda x, y: ours.dice_loss(x[:, :1], y), r"logits have shape \(2, 1, 4\)"),
        (lambda x, y: ours.dice_loss(x, y + 1), "target has class 3"),
        (lambda x, y: ours.dice_loss(x, y, smooth=-1), "smooth is -1"),
        (lambda x, y: ours.dice_loss(x, y, smooth=math.nan), "smooth is nan"),
        (lambda x, y: ours.smooth_l1_loss(x, x[:1]), r"target has shape \(1, 3, 4\), but \(2, 3"),
        (lambda x, y: ours.smooth_l1_loss(x, x, beta=-1), "beta is -1"),
        (lambda x, y: ours.smooth_l1_loss(x, x, reduction="avg"), "reduction is 'avg'"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_bad_input(call: Callable[[Tensor, Tensor], Tensor], message: str):
    logits, _ = draw(0, (2, 3, 4), torch.float32)
    target = torch.tensor([[0, 1, 2, 0], [2, 1, 0, 0]])
    with pytest.raises(ValueError, match=message):
        call(logits, target)
