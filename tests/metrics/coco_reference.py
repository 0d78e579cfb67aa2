"""pycocotools' twelve numbers for our lists of dicts, and random data that meet its rules."""

import contextlib
import io
from typing import Any

import numpy as np
import torch
from pycocotools import mask as coding
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch import Tensor

Images = list[dict[str, Tensor]]
NAMES = ("ap", "ap50", "ap75", "aps", "apm", "apl", "ar1", "ar10", "ar100", "ars", "arm", "arl")


def coded(image: dict[str, Tensor], k: int, iou_type: str) -> dict[str, Any]:
    """One object in COCO's own words."""
    entry: dict[str, Any] = {"category_id": int(image["labels"][k])}
    if iou_type == "segm":
        mask = np.asfortranarray(image["masks"][k].numpy().astype(np.uint8))
        entry["segmentation"] = coding.encode(mask)
        area = float(mask.sum())
    else:
        x1, y1, x2, y2 = image["boxes"][k].double().tolist()
        entry["bbox"] = [x1, y1, x2 - x1, y2 - y1]
        area = (x2 - x1) * (y2 - y1)
    if "scores" in image:
        return entry | {"score": float(image["scores"][k])}
    crowd = int(image["iscrowd"][k]) if "iscrowd" in image else 0
    return entry | {
        "area": float(image["area"][k]) if "area" in image else area,
        "iscrowd": crowd,
    }


def entries(images: Images, iou_type: str) -> list[dict[str, Any]]:
    return [
        {"image_id": i, **coded(image, k, iou_type)}
        for i, image in enumerate(images)
        for k in range(len(image["labels"]))
    ]


def loaded(targets: Images, iou_type: str, holder: Any = COCO) -> Any:
    """Targets as pycocotools holds them, numbered from 1: an object 0 would never be found."""
    rows, truth = entries(targets, iou_type), holder()
    dataset: Any = {
        "images": [{"id": i, "height": 1000, "width": 1000} for i in range(len(targets))],
        "annotations": [{"id": 1 + n, **row} for n, row in enumerate(rows)],
        "categories": [{"id": k} for k in sorted({row["category_id"] for row in rows})],
    }
    truth.dataset = dataset
    truth.createIndex()
    return truth


def evaluated(truth: Any, rows: list[dict[str, Any]], iou_type: str, evaluator: Any) -> Any:
    """The evaluation, all done, from loading the detections to the twelve numbers."""
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = evaluator(truth, truth.loadRes(rows), iouType=iou_type)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def pycocotools(predictions: Images, targets: Images, iou_type: str = "bbox") -> COCOeval:
    with contextlib.redirect_stdout(io.StringIO()):
        truth = loaded(targets, iou_type)
    return evaluated(truth, entries(predictions, iou_type), iou_type, COCOeval)


def twelve(predictions: Images, targets: Images, iou_type: str = "bbox") -> dict[str, float]:
    """By our names, NaN where there is no object to find: pycocotools says −1."""
    stats = np.asarray(pycocotools(predictions, targets, iou_type).stats)
    return dict(zip(NAMES, np.where(stats < 0, np.nan, stats).tolist()))


class Chance:
    """Random data of one seed. What is rare elsewhere is common: ties, crowds, exact thresholds."""

    def __init__(self, seed: int) -> None:
        self.seed, self.generator = seed, torch.Generator().manual_seed(seed)

    def whole(self, high: int, *size: int) -> Tensor:
        return torch.randint(high, size, generator=self.generator)

    def share(self, *size: int) -> Tensor:
        return torch.rand(size, generator=self.generator)

    def boxes(self, count: int) -> Tensor:
        """From 1 to about 150 pixels wide, the small ones more often; some of 32² and 96²."""
        corner, extent = self.share(count, 2) * 150, 1 + self.share(count, 2) ** 2 * 150
        exact = torch.tensor([32.0, 96.0])[self.whole(2, count, 1)].expand(-1, 2)
        extent = torch.where(self.share(count, 1) < 0.1, exact, extent)
        boxes = torch.cat([corner, corner + extent], dim=1)
        return boxes.round() if self.seed % 3 else boxes

    def near(self, boxes: Tensor, count: int) -> Tensor:
        """Each close to one of the boxes, or equal to it."""
        moved = boxes[self.whole(len(boxes), count)]
        shift = torch.randn(count, 4, generator=self.generator) * 6 * self.share(count, 1) ** 2
        moved = moved + (shift.round() if self.seed % 3 else shift)
        return torch.cat([moved[:, :2], torch.maximum(moved[:, 2:], moved[:, :2] + 1)], dim=1)

    def image(self, classes: int, most: int, extra: int) -> tuple[dict, dict]:
        objects, found = int(self.whole(most + 1)), int(self.whole(extra + 1))
        true = self.boxes(objects)
        stray = self.boxes(int(self.whole(4)))
        boxes = torch.cat([self.near(true, found), stray]) if objects else stray
        scores = self.share(len(boxes))
        scores = scores if self.seed % 2 else (scores * 8).round() / 8
        target = {"boxes": true, "labels": 1 + self.whole(classes, objects)}
        if self.seed % 4:
            target["iscrowd"] = (self.share(objects) < 0.2).long()
        if self.seed % 5:
            sizes = torch.tensor([0.0, 32.0**2, 96.0**2, 5.0**2, 200.0**2])
            target["area"] = sizes[self.whole(5, objects)]
        labels = 1 + self.whole(classes + (self.seed % 2), len(boxes))
        return {"boxes": boxes, "labels": labels, "scores": scores}, target

    def data(self) -> tuple[Images, Images]:
        """A few images, every eighth time with more than 100 detections of a class in one."""
        many = self.seed % 8 == 0
        pairs = [
            self.image(1 if many else 3, 30 if many else 6, 260 if many else 14)
            for _ in range(1 + int(self.whole(6)))
        ]
        predictions, targets = zip(*pairs)
        return list(predictions), list(targets)


def with_masks(images: Images, generator: torch.Generator, size: tuple[int, int]) -> Images:
    """The same objects as masks in images of ``size``: ellipses in their boxes, with holes."""
    rows, columns = (torch.arange(n)[None] + 0.5 for n in size)
    result = []
    for image in images:
        x1, y1, x2, y2 = image["boxes"][:, :, None].unbind(1)
        x = (2 * columns - x1 - x2) / (x2 - x1)
        y = (2 * rows - y1 - y2) / (y2 - y1)
        inside = x[:, None] ** 2 + y[:, :, None] ** 2 < 1
        inside &= torch.rand(inside.shape, generator=generator) > 0.02
        rest = {k: v for k, v in image.items() if k != "boxes"}
        result.append(rest | {"masks": inside})
    return result
