"""Recall of proposals against a loop, and by hand."""

import math

import pytest
import torch
from coco_reference import Chance
from torch import Tensor

from lookclosely.metrics import proposal_recall

A, B, FAR = [0.0, 0, 10, 10], [20.0, 20, 30, 30], [60.0, 60, 70, 70]


def slow_iou(a: list[float], b: list[float]) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def slow_recall(proposals: list[Tensor], targets: list[dict], k: int, threshold: float) -> float:
    found = [
        any(slow_iou(box, true) >= threshold for box in boxes.double().tolist()[:k])
        for boxes, target in zip(proposals, targets, strict=True)
        for true in target["boxes"].double().tolist()
    ]
    return sum(found) / len(found) if found else math.nan


@pytest.mark.parametrize("seed", range(60))
def test_recall_is_its_definition(seed: int):
    predictions, targets = Chance(seed).data()
    targets = [{"boxes": t["boxes"]} for t in targets]
    boxes = [p["boxes"] for p in predictions]
    for k, threshold in ((1, 0.5), (3, 0.5), (10, 0.7), (1000, 1.0), (1000, 0.05)):
        expected = slow_recall(boxes, targets, k, threshold)
        found = proposal_recall(boxes, targets, k=k, iou_threshold=threshold)
        assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_scores_rank_and_equal_ones_keep_their_order():
    target = {"boxes": torch.tensor([A])}
    dicts = {"boxes": torch.tensor([FAR, B, A]), "scores": torch.tensor([0.1, 0.9, 0.9])}
    recalls = [proposal_recall([dicts], [target], k=k, iou_threshold=0.5) for k in (1, 2)]
    assert recalls == [0.0, 1.0]
    without = {"boxes": dicts["boxes"]}
    assert proposal_recall([without], [target], k=2, iou_threshold=0.5) == 0.0


def test_the_threshold_is_enough_and_one_box_may_find_two():
    half = torch.tensor([[0.0, 0, 10, 5]])
    target = {"boxes": torch.tensor([A, A])}
    assert proposal_recall([half], [target], k=1, iou_threshold=0.5) == 1.0
    assert proposal_recall([half], [target], k=1, iou_threshold=0.501) == 0.0


@pytest.mark.parametrize("key", ["difficult", "iscrowd"])
def test_what_is_difficult_or_a_crowd_is_not_asked_for(key: str):
    target = {"boxes": torch.tensor([A, B, FAR]), key: torch.tensor([0, 1, 0])}
    found = proposal_recall([torch.tensor([A])], [target], k=9, iou_threshold=0.5)
    assert found == 1 / 2


def test_nothing():
    none, target = torch.zeros(0, 4), {"boxes": torch.tensor([A])}
    assert proposal_recall([none], [target], k=5, iou_threshold=0.5) == 0.0
    assert math.isnan(proposal_recall([target], [{"boxes": none}], k=5, iou_threshold=0.5))
    assert math.isnan(proposal_recall([], [], k=5, iou_threshold=0.5))


def test_each_device_and_gradients(device: torch.device):
    boxes = torch.tensor([A, B], device=device, requires_grad=True)
    target = {"boxes": torch.tensor([A, FAR])}
    assert proposal_recall([boxes], [target], k=5, iou_threshold=0.5) == 0.5


def test_bad_arguments(unchecked: None):
    good, target = torch.tensor([A]), {"boxes": torch.tensor([A])}
    for arguments, message in (
        ({"k": 0, "iou_threshold": 0.5}, "k is 0: give at least 1"),
        ({"k": 1, "iou_threshold": 0.0}, "iou_threshold is 0.0"),
        ({"k": 1, "iou_threshold": math.nan}, "iou_threshold is nan"),
    ):
        with pytest.raises(ValueError, match=message):
            proposal_recall([good], [target], **arguments)
    for proposals, targets, message in (
        ([good], [], "proposals has 1 images, but targets 0"),
        ([good[0]], [target], r"proposals\[0\] has shape \(4,\): it must be \(N, 4\)"),
        ([{"scores": good}], [target], r"proposals\[0\] has no 'boxes'"),
        ([target | {"scores": torch.ones(2)}], [target], r"proposals\[0\]\['scores'\] has shape"),
        ([good * math.inf], [target], r"proposals\[0\] has a coordinate that is not finite"),
        ([good], [{}], r"targets\[0\] has no 'boxes'"),
        ([good], [target | {"iscrowd": torch.ones(2)}], r"targets\[0\]\['iscrowd'\] has shape"),
    ):
        with pytest.raises(ValueError, match=message):
            proposal_recall(proposals, targets, k=1, iou_threshold=0.5)
