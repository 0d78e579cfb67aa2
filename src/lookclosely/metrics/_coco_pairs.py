"""Which detection overlaps which object of its image and class, and by how much.

D detections and G objects of a whole data set; P pairs of the two whose IoU is at least ``LEAST``.
IoU is counted in float64 by COCO's own sums, since boxes of whole pixels often land exactly on a
threshold. With a crowd it is |A ∩ B| / |A|, A the detection.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ._images import Columns, Images

LEAST = 0.5  # the lowest of the thresholds
PAIRS_AT_ONCE = 2**18


@dataclass(frozen=True)
class Things:
    """The detections or the objects of a data set: those of an image and class side by side."""

    images: Int[np.ndarray, " N"]
    labels: Int[np.ndarray, " N"]  # from 0, in the order of the labels that occur
    rows: Int[np.ndarray, " N"]  # place in its image's dict
    areas: Float[np.ndarray, " N"]
    boxes: Float[np.ndarray, "N 4"]  # all 0 where masks are compared
    scores: Float[np.ndarray, " N"]  # of detections, falling within a group; of objects all 0
    groups: Int[np.ndarray, " N"]  # image · classes + label, never falling
    order: Int[np.ndarray, " N"]  # place in the input, all images end to end

    def only(self, kept: Bool[np.ndarray, " N"] | Int[np.ndarray, " n"]) -> "Things":
        """Those that are kept, or in another order."""
        return Things(**{field.name: getattr(self, field.name)[kept] for field in fields(self)})


@dataclass(frozen=True)
class Pairs:
    """Detections and objects by number, pair by pair; those of a detection stand together."""

    found: Int[np.ndarray, " P"]
    true: Int[np.ndarray, " P"]
    iou: Float[np.ndarray, " P"]


def things(columns: Columns, classes: Int[np.ndarray, " K"], of: str, *, ranked: bool) -> Things:
    """Laid end to end, sorted by image, class, falling score if ranked, and place in the input."""
    each = np.array(columns.counts, dtype=np.int64)
    count = int(each.sum())
    image = np.repeat(np.arange(len(each)), each)
    row = np.arange(count) - np.repeat(each.cumsum() - each, each)
    label = np.searchsorted(classes, columns("labels").long().numpy())
    score = columns("scores").double().numpy() if ranked else np.zeros(count)
    group = image * len(classes) + label
    boxes, areas = np.zeros((count, 4)), _mask_areas(columns.images) if of == "masks" else None
    if areas is None:
        boxes = columns("boxes", (4,)).double().numpy()
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    everything = Things(image, label, row, areas, boxes, score, group, np.arange(count))
    return everything.only(np.lexsort((-score, group)))  # stable


def _mask_areas(images: Images) -> Float[np.ndarray, " N"]:
    areas = [image["masks"].count_nonzero(dim=(1, 2)).cpu() for image in images]
    return torch.cat([torch.zeros(0), *areas]).double().numpy()


def box_pairs(found: Things, true: Things, crowd: Bool[np.ndarray, " G"]) -> Pairs:
    """Of boxes, a few detections at a time, so that a crowded image takes little memory."""
    parts = []
    for d, g in _of_one_group(found, true):
        a, b = found.boxes[d], true.boxes[g]
        width = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
        height = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
        both = width.clip(0) * height.clip(0)
        parts.append(_enough(d, g, both, found, true, crowd))
    return _joined(parts)


def mask_pairs(
    found: Things, true: Things, crowd: Bool[np.ndarray, " G"], predictions: Images, targets: Images
) -> Pairs:
    """Of masks: one product of matrices an image counts the pixels that two have in common."""
    parts = []
    for d, g in _of_one_group(found, true):
        both = [np.zeros(0)]
        for here in np.split(np.arange(len(d)), np.flatnonzero(np.diff(found.images[d])) + 1):
            if len(here):
                image = int(found.images[d[here[0]]])
                masks = predictions[image]["masks"], targets[image]["masks"]
                both.append(_pixels_in_common(*masks, found.rows[d[here]], true.rows[g[here]]))
        parts.append(_enough(d, g, np.concatenate(both), found, true, crowd))
    return _joined(parts)


def _pixels_in_common(a: Tensor, b: Tensor, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """|a[rows] ∩ b[columns]|, pair by pair."""
    first, at = np.unique(rows, return_inverse=True)
    second, by = np.unique(columns, return_inverse=True)
    exact = torch.float32 if a.shape[-2] * a.shape[-1] < 2**24 else torch.float64
    chosen = a.cpu()[torch.from_numpy(first)], b.cpu()[torch.from_numpy(second)]
    left, right = (masks.flatten(1).to(exact) for masks in chosen)
    return (left @ right.T).numpy()[at, by]


def _of_one_group(found: Things, true: Things) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All pairs of a detection and an object of one image and class, in parts."""
    start, end = (np.searchsorted(true.groups, found.groups, side) for side in ("left", "right"))
    met = end - start
    total = met.cumsum()
    cuts = np.searchsorted(total, np.arange(PAIRS_AT_ONCE, total[-1:].sum(), PAIRS_AT_ONCE))
    for part in np.split(np.arange(len(met)), cuts):
        d = np.repeat(part, met[part])
        within = np.arange(len(d)) - np.repeat(met[part].cumsum() - met[part], met[part])
        yield d, start[d] + within


def _enough(
    d: np.ndarray, g: np.ndarray, both: np.ndarray, found: Things, true: Things, crowd: np.ndarray
) -> Pairs:
    """The pairs whose IoU reaches ``LEAST``."""
    all_pixels = np.where(crowd[g], found.areas[d], found.areas[d] + true.areas[g] - both)
    iou = np.divide(both, all_pixels, out=np.zeros(len(d)), where=both > 0)
    near = iou >= LEAST
    return Pairs(d[near], g[near], iou[near])


def _joined(parts: list[Pairs]) -> Pairs:
    columns = zip(*((part.found, part.true, part.iou) for part in parts), strict=True)
    return Pairs(*(np.concatenate(column) for column in columns))
