"""The one data set of all detectors: scenes with boxes, their batches, loss, answers and scores.

``D0`` and variants of it, so that numbers of different chapters can be compared. Seeds 0, 1 and 2
of the scenes are the training, validation and test set: settings are chosen on validation, and what
a claim reports is measured on test.

A box is that of the whole object, also where another hides a part of it. With ``visible=True`` it
is tight around what is seen, and masks and joints are there too: networks that draw masks learn
from those.

Shapes: n scenes, B of them in a batch, at most N objects in one, H × W pixels, 14 joints.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from lookclosely import metrics
from lookclosely.data import scenes
from lookclosely.ops import Targets

D0 = scenes.Config(size=(96, 96), objects=(1, 6), scale=(0.15, 0.45))
"""14 to 60 pixels, seven classes, all textures."""

EASY = replace(
    D0,
    size=(64, 64),
    objects=(1, 3),
    classes=("disc", "ring", "cross"),
    scale=(0.25, 0.5),
    textures=("plain",),
)
"""Learned in front of the reader, in seconds: classes that differ in topology, not in corners."""

WIDE = replace(D0, scale=(0.1, 0.6), classes=("disc", "triangle", "ring", "cross"))
"""The largest six times as large as the smallest: for pyramids."""

CROWD = replace(D0, objects=(6, 12), scale=(0.1, 0.3))
"""Many small objects, of which neighbours overlap."""

HELD_OUT = replace(
    D0, classes=("disc", "square", "star", "cross"), textures=("plain", "striped", "dotted")
)
"""Four classes and three textures; ``D0`` has more of both, for what was never trained on."""

SIZES = {"train": 3_000, "val": 300, "test": 1_000}
MIRRORED_JOINTS = tuple(
    scenes.JOINTS.index(name.replace("right", "L").replace("left", "right").replace("L", "left"))
    for name in scenes.JOINTS
)
"""Which joint each one is in the mirror: the right ankle is a left one there."""

Split = Literal["train", "val", "test"]
Detections = list[dict[str, Tensor]]


class Examples(NamedTuple):
    """Images with values from 0 to 1, and their objects, padded to the same number in each."""

    images: Float[Tensor, "n 3 H W"]
    targets: Targets


def class_names(config: scenes.Config = D0) -> tuple[str, ...]:
    """The name of each label: "background" is 0, the classes of a config begin with 1."""
    return ("background", *config.classes)


@lru_cache(maxsize=6)
def examples(
    split: Split, count: int | None = None, config: scenes.Config = D0, *, visible: bool = False
) -> Examples:
    """The first ``count`` scenes of a split: all of them, SIZES, where it is None.

    Drawn once: the same tensors come back, so change copies only.

    Args:
        visible: boxes of what is seen, with masks and joints; otherwise of the whole objects.
    """
    seed, count = list(SIZES).index(split), SIZES[split] if count is None else count
    drawn = [scenes.draw(index, seed=seed, config=config) for index in range(count)]
    most = max((len(scene.classes) for scene in drawn), default=0)
    images = torch.stack([scene.image for scene in drawn])
    labels = torch.zeros(len(scenes.CLASSES), dtype=torch.long)  # of a class of CLASSES
    for label, name in enumerate(class_names(config)):
        labels[scenes.CLASSES.index(name)] = label
    kinds = _padded([labels[scene.classes] for scene in drawn], most)
    if not visible:
        return Examples(images, Targets(_padded([s.full_boxes for s in drawn], most), kinds))
    boxes, masks, joints = (
        _padded(rows, most)
        for rows in zip(*((s.boxes, s.instances, s.keypoints) for s in drawn), strict=True)
    )
    return Examples(images, Targets(boxes, kinds, masks, joints))


def _padded(rows: Sequence[Tensor], most: int) -> Tensor:
    """Rows of several images as one tensor (n, most, ...), filled up with 0."""
    whole = rows[0].new_zeros(len(rows), most, *rows[0].shape[1:])
    for place, row in zip(whole, rows, strict=True):
        place[: len(row)] = row
    return whole


def chosen(data: Examples, index: Int[Tensor, " B"]) -> Examples:
    """Some of the scenes."""
    boxes, labels, *more = data.targets
    extra = (None if part is None else part[index] for part in more)
    return Examples(data.images[index], Targets(boxes[index], labels[index], *extra))


def mirrored(data: Examples, which: Bool[Tensor, " B"]) -> Examples:
    """Some of the scenes left to right: image, boxes, masks and joints alike.

    What was a figure's right hand is a left one in the mirror, so joints change places too. Nothing
    is turned upside down: figures stand. Padding stays 0.
    """
    images, (boxes, labels, masks, joints) = data
    width = images.shape[-1]
    images = torch.where(which[:, None, None, None], images.flip(-1), images)
    x1, y1, x2, y2 = boxes.unbind(-1)
    turned = torch.stack([width - x2, y1, width - x1, y2], dim=-1) * (labels > 0)[..., None]
    boxes = torch.where(which[:, None, None], turned, boxes)
    if masks is not None:
        masks = torch.where(which[:, None, None, None], masks.flip(-1), masks)
    if joints is not None:
        x, y, seen = joints[:, :, list(MIRRORED_JOINTS)].unbind(-1)
        turned = torch.stack([(width - x) * (seen > 0), y, seen], dim=-1)
        joints = torch.where(which[:, None, None, None], turned, joints)
    return Examples(images, Targets(boxes, labels, masks, joints))


def batches(data: Examples, size: int, seed: int) -> Iterator[Examples]:
    """Batches without end for ``train.fit``, half of the scenes mirrored.

    Every scene comes once before any comes again; an epoch's last few that make no whole batch are
    left out of it.

    Raises:
        ValueError: there are fewer scenes than ``size``.
    """
    count = len(data.images)
    if not 1 <= size <= count:
        raise ValueError(f"size is {size} for {count} scenes: give 1 to {count}")
    generator = torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(count, generator=generator)
        for index in order[: count - count % size].split(size):
            which = torch.rand(size, generator=generator) < 0.5
            yield mirrored(chosen(data, index), which)


def loss(model: nn.Module, batch: Examples) -> Float[Tensor, ""]:
    """The sum of a detector's losses."""
    images, targets = batch
    return torch.stack(list(model(images, targets).values())).sum()


@torch.no_grad()
def detections(
    model: nn.Module,
    images: Float[Tensor, "n 3 H W"],
    *,
    proposals: Sequence[Float[Tensor, "_ 4"]] | None = None,
    batch: int = 50,
) -> Detections:
    """What a detector answers to each image, on the device of the model; without gradients."""
    model.eval()
    device = next(model.parameters()).device
    found: Detections = []
    for start in range(0, len(images), batch):
        part = images[start : start + batch].to(device)
        given: dict[str, Any] = {}
        if proposals is not None:
            given["proposals"] = [boxes.to(device) for boxes in proposals[start : start + batch]]
        found += model(part, **given)
    return found


def truths(data: Examples) -> Detections:
    """The objects of each scene as the metrics take them: without padding."""
    boxes, labels, masks, _ = data.targets
    parts = {"boxes": boxes, "labels": labels} | ({} if masks is None else {"masks": masks})
    return [
        {key: part[i, labels[i] > 0] for key, part in parts.items()} for i in range(len(labels))
    ]


def terciles(data: Examples) -> tuple[float, float]:
    """Sides in pixels below which a third, and two thirds, of the objects are: roots of areas.

    COCO's own limits, 32 and 96, make every object of these scenes small or medium.
    """
    boxes, there = data.targets.boxes, data.targets.labels > 0
    sides = (boxes[..., 2:] - boxes[..., :2]).prod(-1).sqrt()[there]
    low, high = sides.double().quantile(torch.tensor([1 / 3, 2 / 3]).double()).tolist()
    return low, high


def scores(
    found: Detections, data: Examples, *, iou_type: Literal["bbox", "segm"] = "bbox"
) -> dict[str, float]:
    """AP, AP50 and AP75 as COCO has them, recall of the 20 best, and AP by size.

    ``ar20``: mean recall over COCO's thresholds, where of each image the 20 best detections of all
    classes count. ``ap_small ap_middle ap_large``: AP of the ``terciles`` of these scenes' objects.
    """
    truth = truths(data)
    whole = metrics.coco_evaluate(found, truth, iou_type=iou_type)
    few = metrics.coco_evaluate([_best(image, 20) for image in found], truth, iou_type=iou_type)
    thirds = metrics.ap_by_size(found, truth, terciles(data), iou_type=iou_type)
    of_size = dict(zip(("ap_small", "ap_middle", "ap_large"), thirds, strict=True))
    return {"ap": whole.ap, "ap50": whole.ap50, "ap75": whole.ap75, "ar20": few.ar100} | of_size


def _best(image: dict[str, Tensor], most: int) -> dict[str, Tensor]:
    order = image["scores"].argsort(descending=True, stable=True)[:most]
    return {key: part[order] for key, part in image.items()}


def recalls(
    proposals: Sequence[Float[Tensor, "_ 4"]],
    data: Examples,
    *,
    ks: Sequence[int] = (1, 5, 10, 20, 50, 100),
    iou_threshold: float = 0.5,
) -> dict[int, float]:
    """Recall of the first k proposals of each image, for several k."""
    truth = truths(data)
    return {
        k: metrics.proposal_recall(proposals, truth, k=k, iou_threshold=iou_threshold) for k in ks
    }
