"""COCO's scores beside pycocotools' and, with peers, faster-coco-eval's: rows of the benchmark.

Ours is timed from lists of tensors to the twelve numbers, theirs from ``loadRes`` on: the truth is
loaded and, of masks, coded before.
"""

import contextlib
import importlib
import io
from collections.abc import Callable
from typing import Any

import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from lookclosely import metrics
from metrics.coco_reference import Images, entries, evaluated, loaded, with_masks

CLASSES = 7
Pairs = list[tuple[Images, Images]]


def data(images: int, side: float, largest: float, seed: int = 0) -> tuple[Images, Images]:
    """About seven detections an image of seven classes: near the objects, twice on some, astray."""
    generator = torch.Generator().manual_seed(seed)
    predictions, targets = [], []
    for _ in range(images):
        count = int(torch.randint(8, (), generator=generator))
        true, labels = _boxes(count, side, largest, generator)
        source = torch.arange(count).repeat_interleave(
            torch.randint(3, (count,), generator=generator)
        )
        near = true[source] + 4 * torch.randn(len(source), 4, generator=generator)
        near[:, 2:] = torch.maximum(near[:, 2:], near[:, :2] + 1)
        stray, kinds = _boxes(count, side, largest, generator)
        boxes, labels_found = torch.cat([near, stray]), torch.cat([labels[source], kinds])
        scores = torch.rand(len(boxes), generator=generator)
        predictions.append({"boxes": boxes, "labels": labels_found, "scores": scores})
        targets.append({"boxes": true, "labels": labels})
    return predictions, targets


def _boxes(
    count: int, side: float, largest: float, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    corner = torch.rand(count, 2, generator=generator) * side
    extent = 4 + torch.rand(count, 2, generator=generator) ** 2 * largest
    labels = torch.randint(1, CLASSES + 1, (count,), generator=generator)
    return torch.cat([corner, corner + extent], dim=1), labels


def boxes_and_masks() -> dict[str, tuple[Images, Images]]:
    """The inputs: 5,000 images with about 35,000 boxes; 500 of 96 × 96 pixels with masks."""
    generator = torch.Generator().manual_seed(0)
    small = data(500, side=80, largest=40)
    masks = tuple(with_masks(images, generator, (96, 96)) for images in small)
    return {"bbox": data(5_000, side=400, largest=150), "segm": (masks[0], masks[1])}


def ours(iou_type: str) -> Callable[[Images, Images], metrics.CocoScores]:
    return lambda predictions, targets: metrics.coco_evaluate(
        predictions, targets, iou_type=iou_type
    )


def theirs(given: tuple[Images, Images], iou_type: str, holder: Any, evaluator: Any) -> Callable:
    """Another package's evaluation of the same data, which is loaded here."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = loaded(given[1], iou_type, holder)
    rows = entries(given[0], iou_type)
    return lambda *_: evaluated(truth, [dict(row) for row in rows], iou_type, evaluator).stats


def others(given: tuple[Images, Images], iou_type: str, peer: bool) -> dict[str, Callable]:
    packages = {"pycocotools": (COCO, COCOeval)}
    if peer:
        faster = importlib.import_module("faster_coco_eval")
        packages["faster_coco_eval"] = (faster.COCO, faster.COCOeval_faster)
    return {name: theirs(given, iou_type, *package) for name, package in packages.items()}
