"""The data set of the detectors: boxes that fit, mirrors that turn all alike, true scores."""

import math
from dataclasses import replace
from itertools import islice

import pytest
import torch
from torch import nn

from lookclosely.data import scenes
from lookclosely.ops import Targets
from lookclosely.tasks import detection as task
from lookclosely.train import fit

CONFIGS = {
    "D0": task.D0,
    "EASY": task.EASY,
    "WIDE": task.WIDE,
    "CROWD": task.CROWD,
    "HELD_OUT": task.HELD_OUT,
}


@pytest.mark.parametrize("name", CONFIGS)
def test_padded_targets_are_the_scenes(name: str):
    config = CONFIGS[name]
    images, targets = task.examples("val", 12, config)
    assert images.shape == (12, 3, *config.size) and 0 <= images.min() < images.max() <= 1
    assert targets.masks is None and targets.keypoints is None
    for index in range(12):
        scene = scenes.draw(index, seed=1, config=config)
        count = len(scene.classes)
        assert config.objects[0] <= count <= config.objects[1] or name == "CROWD"
        assert torch.equal(images[index], scene.image)
        assert torch.equal(targets.boxes[index, :count], scene.full_boxes)
        named = [task.class_names(config)[k] for k in targets.labels[index, :count].tolist()]
        assert named == list(scene.names)
        assert not targets.labels[index, count:].any() and not targets.boxes[index, count:].any()


def test_labels_are_numbered_without_gaps():
    labels = task.examples("val", 40, task.EASY).targets.labels
    assert sorted(labels.unique().tolist()) == [0, 1, 2, 3]
    assert task.class_names() == scenes.CLASSES


def test_variants_are_what_they_are_for():
    assert task.WIDE.scale[1] / task.WIDE.scale[0] == pytest.approx(6)
    assert task.CROWD.objects == (6, 12)
    assert len(task.HELD_OUT.classes) == 4 and set(task.HELD_OUT.textures) < set(scenes.TEXTURES)
    kept = replace(task.CROWD, objects=task.D0.objects, scale=task.D0.scale)
    assert kept == task.D0
    assert task.SIZES == {"train": 3_000, "val": 300, "test": 1_000}


def test_splits_differ_and_are_the_same_each_time():
    first, other = task.examples("val", 3), task.examples("test", 3)
    assert not torch.equal(first.images, other.images)
    task.examples.cache_clear()
    assert torch.equal(task.examples("val", 3).images, first.images)
    assert len(task.examples("val").images) == 300


@pytest.fixture(scope="module")
def visible() -> task.Examples:
    people = replace(task.D0, classes=("figure", "star"))
    return task.examples("val", 24, people, visible=True)


def tight(masks: torch.Tensor) -> torch.Tensor:
    """Boxes round masks that are not empty."""
    rows, columns = masks.any(-1).float(), masks.any(-2).float()
    first = [columns.argmax(-1), rows.argmax(-1)]
    last = [
        masks.shape[-1] - columns.flip(-1).argmax(-1),
        masks.shape[-2] - rows.flip(-1).argmax(-1),
    ]
    return torch.stack(first + last, dim=-1).float()


def known(part: torch.Tensor | None) -> torch.Tensor:
    assert part is not None
    return part


def test_visible_boxes_are_tight_around_masks(visible):
    _, targets = visible
    there = targets.labels > 0
    assert targets.masks.dtype == torch.bool and targets.keypoints.shape[2:] == (14, 3)
    assert torch.equal(tight(known(targets.masks)[there]), targets.boxes[there])
    assert not known(targets.masks)[~there].any() and not known(targets.keypoints)[~there].any()


def test_mirrors_turn_image_boxes_masks_and_joints_alike(visible):
    which = torch.arange(24) % 2 == 0
    images, targets = task.mirrored(visible, which)
    there = targets.labels > 0
    assert torch.equal(images[0], visible.images[0].flip(-1))
    assert torch.equal(images[1], visible.images[1])
    assert torch.equal(tight(known(targets.masks)[there]), targets.boxes[there])
    assert not targets.boxes[~there].any() and not known(targets.keypoints)[~there].any()
    seen = known(targets.keypoints)[..., 2] > 0
    assert seen.any() and not known(targets.keypoints)[~seen].any()
    twice = task.mirrored(task.Examples(images, targets), which)
    for before, after in zip(visible.targets, twice.targets, strict=True):
        torch.testing.assert_close(after, before)


def test_left_and_right_change_places(visible):
    """In the mirror the joint that was a right ankle is a left one, and where it should be."""
    everyone = torch.ones(24, dtype=torch.bool)
    mirrored = task.mirrored(visible, everyone)
    before, after = known(visible.targets.keypoints), known(mirrored.targets.keypoints)
    for name, other in (("right ankle", "left ankle"), ("left elbow", "right elbow")):
        old, new = before[:, :, scenes.JOINTS.index(name)], after[:, :, scenes.JOINTS.index(other)]
        seen = old[..., 2] > 0
        assert seen.any() and torch.equal(seen, new[..., 2] > 0)
        torch.testing.assert_close(new[seen][:, 0], 96 - old[seen][:, 0])
        assert torch.equal(new[seen][:, 1:], old[seen][:, 1:])
    head = scenes.JOINTS.index("head top")
    assert torch.equal(before[:, :, head, 1], after[:, :, head, 1])
    assert sorted(task.MIRRORED_JOINTS) == list(range(14))


def test_an_epoch_has_every_scene_once_and_mirrors_half():
    data = task.examples("val", 10, task.EASY)
    whole = {tuple(image.flatten().tolist()) for image in data.images}
    whole_mirrored = {tuple(image.flip(-1).flatten().tolist()) for image in data.images}
    stream = task.batches(data, 5, seed=0)
    epoch = [tuple(i.flatten().tolist()) for b in islice(stream, 2) for i in b.images]
    assert all(image in whole or image in whole_mirrored for image in epoch)
    assert 0 < sum(image in whole_mirrored for image in epoch) < 10
    again = next(task.batches(data, 5, seed=0))
    assert torch.equal(again.images, next(task.batches(data, 5, seed=0)).images)
    assert not torch.equal(again.images, next(task.batches(data, 5, seed=1)).images)
    for size in (0, 11):
        with pytest.raises(ValueError, match=f"size is {size} for 10 scenes: give 1 to 10"):
            next(task.batches(data, size, seed=0))


class Oracle(nn.Module):
    """Knows the truth: answers the objects of the images that it has seen."""

    def __init__(self, data: task.Examples) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(()))
        self.known = {self.key(i): t for i, t in zip(data.images, task.truths(data), strict=True)}

    @staticmethod
    def key(image: torch.Tensor) -> float:
        return float(image.double().sum())

    def forward(self, images: torch.Tensor, targets: Targets | None = None, *, proposals=None):
        if targets is not None:
            there = (targets.labels > 0).sum()
            return {"first": (self.bias - 1) ** 2, "second": 0 * there * self.bias}
        if proposals is not None:
            return [self.answer(boxes, torch.ones(len(boxes)).long()) for boxes in proposals]
        found = (self.known[self.key(image)] for image in images)
        return [self.answer(t["boxes"], t["labels"]) for t in found]

    def answer(self, boxes: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"boxes": boxes, "labels": labels, "scores": torch.linspace(1, 0.5, len(boxes))}


def test_scores_are_1_for_the_truth_and_fall_with_every_mistake():
    data = task.examples("val", 30)
    found = task.detections(Oracle(data), data.images, batch=7)
    assert len(found) == 30
    perfect = task.scores(found, data)
    names = ["ap", "ap50", "ap75", "ar20", "ap_small", "ap_middle", "ap_large"]
    assert perfect == pytest.approx(dict.fromkeys(names, 1.0))
    moved = [{**image, "boxes": image["boxes"] + 4} for image in found]
    shifted = task.scores(moved, data)
    assert shifted["ap"] < 0.6 and shifted["ap_small"] < shifted["ap_large"]
    cut = task.scores([{k: v[:1] for k, v in image.items()} for image in found], data)
    assert cut["ar20"] < 0.7


def test_scores_of_masks(visible):
    truth = task.truths(visible)
    found = [{**t, "scores": torch.linspace(1, 0.5, len(t["labels"]))} for t in truth]
    assert task.scores(found, visible, iou_type="segm")["ap"] == pytest.approx(1.0)
    worse = [{**t, "masks": t["masks"].roll(3, -1)} for t in found]
    assert task.scores(worse, visible, iou_type="segm")["ap"] < 0.7


def test_only_the_20_best_of_an_image_count_for_ar20():
    data = task.examples("val", 6)
    truth = task.truths(data)
    strays = torch.tensor([[0.0, 0.0, 2.0, 2.0]]).expand(20, 4)
    kinds = 1 + torch.arange(20) % 7
    found = [
        {
            "boxes": torch.cat([strays, t["boxes"]]),
            "labels": torch.cat([kinds, t["labels"]]),
            "scores": torch.linspace(1, 0, 20 + len(t["labels"])),
        }
        for t in truth
    ]
    assert task.scores(found, data)["ar20"] == 0.0
    better = [{**f, "scores": -f["scores"]} for f in found]
    assert task.scores(better, data)["ar20"] == pytest.approx(1.0)


def test_terciles_are_thirds():
    data = task.examples("val", 100)
    low, high = task.terciles(data)
    sides = [(b[2] - b[0]) * (b[3] - b[1]) for t in task.truths(data) for b in t["boxes"].tolist()]
    sides = [math.sqrt(area) for area in sides]
    assert 10 < low < high < 60
    assert sum(side <= low for side in sides) / len(sides) == pytest.approx(1 / 3, abs=0.02)
    assert sum(side <= high for side in sides) / len(sides) == pytest.approx(2 / 3, abs=0.02)


def test_recalls_rise_with_k_and_proposals_reach_the_model():
    data = task.examples("val", 8)
    proposals = [torch.cat([torch.zeros(1, 4), t["boxes"]]) for t in task.truths(data)]
    found = task.recalls(proposals, data, ks=(1, 2, 7))
    assert found[1] == 0.0 < found[2] < found[7] == 1.0
    answers = task.detections(Oracle(data), data.images, proposals=proposals, batch=3)
    assert [len(a["boxes"]) for a in answers] == [len(boxes) for boxes in proposals]


def test_a_detector_is_trained_by_the_sum_of_its_losses():
    data = task.examples("val", 8, task.EASY)
    model = Oracle(data)
    history = fit(model, task.loss, task.batches(data, 4, seed=0), steps=30, lr=0.1)
    assert history.loss[0] == pytest.approx(1.0) and history.loss[-1] < 0.5
