"""Tasks whose answer is a fixed list of numbers: one box, 14 joints, one cell of a blood image.

Coordinates are shares of the image's width and height, so that training has no units; scores are
measured in pixels where that matters. Seeds 0, 1 and 2 of the scenes are the training, validation
and test set.

Shapes: N images, H × W pixels, D coordinates.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from lookclosely import ops
from lookclosely.data import bccd, scenes

SIZE = 48
OBJECTS = ("disc", "triangle", "star", "cross")
SCENES = scenes.Config(
    size=(SIZE, SIZE),
    objects=(1, 1),
    classes=OBJECTS,
    scale=(0.3, 0.8),
    colours=("yellow", "blue"),
    textures=("plain",),
)
FIGURES = scenes.Config(
    size=(SIZE, SIZE),
    objects=(1, 1),
    classes=("figure",),
    scale=(0.4, 0.64),
    colours=("yellow", "blue"),
    textures=("plain",),
)
CELLS = ("WBC", "Platelets")
Split = Literal["train", "val", "test"]


class Answers(NamedTuple):
    """Images centred on 0, a class each, and coordinates as shares of the image."""

    images: Float[Tensor, "N 3 H W"]
    classes: Int[Tensor, " N"]
    coordinates: Float[Tensor, "N D"]


@lru_cache(maxsize=8)
def objects(split: Split, count: int) -> Answers:
    """Scenes with one object: its class (an index into OBJECTS) and its box (cx, cy, w, h)."""
    drawn = _draw(split, count, SCENES)
    kinds = [OBJECTS.index(scene.names[0]) for scene in drawn]
    corners = torch.stack([scene.full_boxes[0] for scene in drawn])
    return _answers(drawn, kinds, ops.box_convert(corners / SIZE, "xyxy", "cxcywh"))


@lru_cache(maxsize=8)
def figures(split: Split, count: int) -> Answers:
    """Scenes with one figure: x and y of its 14 joints, in the order of ``scenes.JOINTS``."""
    drawn = _draw(split, count, FIGURES)
    joints = torch.stack([scene.keypoints[0, :, :2].flatten() for scene in drawn])
    return _answers(drawn, [0] * count, joints / SIZE)


def _draw(split: Split, count: int, config: scenes.Config) -> list[scenes.Scene]:
    seed = ("train", "val", "test").index(split)
    return [scenes.draw(index, seed=seed, config=config) for index in range(count)]


def _answers(drawn: list[scenes.Scene], kinds: list[int], coordinates: Tensor) -> Answers:
    images = torch.stack([scene.image for scene in drawn]) - 0.5
    return Answers(images, torch.tensor(kinds), coordinates)


@lru_cache(maxsize=4)
def cells(split: Split, each: int, window: int = 240, factor: int = 5) -> Answers:
    """Windows of blood images with exactly one white cell or platelet, made ``factor`` smaller.

    ``each`` windows are drawn at random round each such cell, so that it lies anywhere inside; one
    that touches another such cell is drawn again, ten times at most. The class is an index into
    CELLS, the box is (cx, cy, w, h). Red cells are there too, and are not asked for.
    """
    generator = torch.Generator().manual_seed(0)
    images, kinds, boxes = [], [], []
    for item in bccd.load(split):
        stained = item.boxes[item.classes > 1]
        for k, kind in enumerate(item.classes[item.classes > 1].tolist()):
            for _ in range(each):
                if (corner := _corner(stained, k, window, generator)) is None:
                    continue
                x, y = corner
                cut = item.image[None, :, y : y + window, x : x + window]
                images.append(F.avg_pool2d(cut, factor)[0] - 0.5)
                boxes.append((stained[k] - torch.tensor([x, y, x, y])) / window)
                kinds.append(kind - 2)
    coordinates = ops.box_convert(torch.stack(boxes), "xyxy", "cxcywh")
    return Answers(torch.stack(images), torch.tensor(kinds), coordinates)


def _corner(
    boxes: Float[Tensor, "n 4"], k: int, window: int, generator: torch.Generator
) -> tuple[int, int] | None:
    """Left upper corner of a window that holds box k and touches no other, or None."""
    ranges = []
    for low, high, side in zip(boxes[k, :2].tolist(), boxes[k, 2:].tolist(), (640, 480)):
        ranges.append((max(0, int(high) - window), min(int(low), side - window) + 1))
    if any(first >= end for first, end in ranges):
        return None  # larger than the window
    x1, y1, x2, y2 = boxes.unbind(1)
    for _ in range(10):
        x, y = (int(torch.randint(a, b, (), generator=generator)) for a, b in ranges)
        touched = (x1 < x + window) & (x2 > x) & (y1 < y + window) & (y2 > y)
        if touched.sum() == 1:
            return x, y
    return None


def batches(data: Answers, size: int, seed: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Batches without end, drawn with replacement."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        chosen = torch.randint(len(data.images), (size,), generator=generator)
        yield data.images[chosen], data.classes[chosen], data.coordinates[chosen]


@torch.no_grad()
def predict(model: nn.Module, images: Float[Tensor, "N 3 H W"]) -> tuple[Tensor, Tensor]:
    """Scores (N, K) and coordinates (N, D), without gradients."""
    model.eval()
    parts = [model(part) for part in images.split(200)]
    return torch.cat([s for s, _ in parts]), torch.cat([c for _, c in parts])


def pair_iou(pred: Float[Tensor, "N 4"], target: Float[Tensor, "N 4"]) -> Float[Tensor, " N"]:
    """IoU of each predicted box (cx, cy, w, h) with its own target; one without area scores 0."""
    pairs = ops.box_iou(pred[:, None], target[:, None], fmt="cxcywh")[:, 0, 0]
    return pairs.where((pred[:, 2:] > 0).all(1), 0)


def scores(
    logits: Float[Tensor, "N K"], boxes: Float[Tensor, "N 4"], data: Answers
) -> dict[str, float]:
    """Class accuracy, mean IoU, and localisation accuracy: class right *and* IoU at least 0.5."""
    right = logits.argmax(1) == data.classes
    iou = pair_iou(boxes, data.coordinates)
    return {
        "accuracy": float(right.float().mean()),
        "iou": float(iou.mean()),
        "localization": float((right & (iou >= 0.5)).float().mean()),
    }
