"""Which detections are correct? Boxes are matched to the truth by the rules of PASCAL VOC.

Predictions and targets are lists with one dict an image, in one order, as torchvision's detectors
return them and torchmetrics takes them (D detections and G objects, different in each image):

    prediction  boxes (D, 4), scores (D,), labels (D,)
    target      boxes (G, 4), labels (G,) and, where there are any, difficult (G,)

Boxes are (x1, y1, x2, y2). An image without boxes has ``boxes`` of shape (0, 4).
All is counted on the CPU and in float64, so that an IoU of 1/2 is 1/2.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lookclosely.ops import box_iou

from ._images import Columns, Images, columns_of


@dataclass(frozen=True)
class Matches:
    """What became of each detection of a data set; image by image, in the order of the input.

    A detection that is neither correct nor ignored is a false positive.

    Attributes:
        scores: confidence of each detection.
        labels: its class.
        images: index of its image.
        objects: index, in that image's target, of the object that it was matched to; −1 if none.
        correct: whether it is a true positive.
        ignored: whether it counts neither as right nor as wrong (its object is difficult).
        positives: for each class that is predicted or true, how many objects there are to find.
    """

    scores: Float[Tensor, " D"]
    labels: Int[Tensor, " D"]
    images: Int[Tensor, " D"]
    objects: Int[Tensor, " D"]
    correct: Bool[Tensor, " D"]
    ignored: Bool[Tensor, " D"]
    positives: dict[int, int]


def voc_match(
    predictions: Images,
    targets: Images,
    *,
    iou_threshold: float = 0.5,
    inclusive_pixels: bool = False,
) -> Matches:
    """Match detections to objects as PASCAL VOC does.

    A detection looks only at the object of its class that it overlaps most (the first of equals).
    If their IoU does not exceed the threshold, it is a false positive. If the object is difficult,
    it is ignored. If a detection with a higher score is matched to that object too, it is a
    duplicate and a false positive, even where another object is free. Otherwise it is correct.
    Among equal scores the first in the input wins.

    Args:
        predictions, targets: see the top of this module.
        iou_threshold: from 0 to below 1.
        inclusive_pixels: False takes (x2, y2) for the far edge, so that a box is x2 − x1 wide, as
            everywhere in this book. True takes it for the last pixel inside, as VOC's files have
            it: a box is x2 − x1 + 1 wide.

    Raises:
        ValueError: names the image and the entry that is missing or malformed.

    Source: Everingham et al. 2010, section 4.2, equation 3 ("must exceed 50%"). The Python
    evaluation of Fast R-CNN does the same; the devkit's MATLAB lets an IoU equal to the threshold
    pass.
    """
    if not 0 <= iou_threshold < 1:
        raise ValueError(f"iou_threshold is {iou_threshold}: it must be from 0 to below 1")
    columns = columns_of(predictions, targets, extra=("difficult",))
    found, truth = (_flatten(each, inclusive_pixels) for each in columns)
    scores, difficult = columns[0]("scores").double(), columns[1]("difficult").bool()

    pairs = zip(found.split(), truth.split(), strict=True)
    objects = [_best_object(d, t, iou_threshold) for d, t in pairs]
    objects = torch.cat([torch.zeros(0, dtype=torch.long), *objects])
    # Number the objects through the data set; the number after the last stands for "none".
    first = torch.tensor([0, *truth.counts]).cumsum(0)
    slot = torch.where(objects >= 0, first[found.images] + objects, first[-1])

    ignored = torch.cat([difficult, torch.tensor([False])])[slot]
    correct = (objects >= 0) & ~ignored & _is_best(scores, slot)
    classes = torch.cat([truth.labels, found.labels]).unique().tolist()
    positives = {k: int(((truth.labels == k) & ~difficult).sum()) for k in classes}
    return Matches(scores, found.labels, found.images, objects, correct, ignored, positives)


def _best_object(
    detections: tuple[Tensor, Tensor], objects: tuple[Tensor, Tensor], threshold: float
) -> Tensor:
    """For each detection of an image, the object that it overlaps most; −1 if not enough: (D,)."""
    (boxes, labels), (true_boxes, true_labels) = detections, objects
    iou = box_iou(boxes, true_boxes).nan_to_num(0.0)  # two boxes without area: 0/0
    iou = iou.masked_fill(labels[:, None] != true_labels, 0.0)
    best, index = F.pad(iou, (0, 1)).max(dim=1)  # a column of zeros: there may be no object
    return index.masked_fill(best <= threshold, -1)


def _is_best(scores: Tensor, slot: Tensor) -> Tensor:
    """Whether a detection comes first, by falling score, among those with the same slot: (D,)."""
    order = scores.argsort(descending=True, stable=True)
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order))
    least = place.new_full((int(slot.max()) + 1 if len(slot) else 0,), len(order))
    least = least.scatter_reduce(0, slot, place, "amin")
    return place == least[slot]


@dataclass(frozen=True)
class _Flat:
    """The boxes of all images, one below the other."""

    boxes: Tensor  # (B, 4)
    labels: Tensor  # (B,)
    images: Tensor  # (B,)
    counts: list[int]  # boxes in each image

    def split(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Boxes and labels of each image."""
        return zip(self.boxes.split(self.counts), self.labels.split(self.counts), strict=True)


def _flatten(columns: Columns, inclusive_pixels: bool) -> _Flat:
    boxes, labels = columns("boxes", (4,)).double(), columns("labels").long()
    if inclusive_pixels:
        boxes = boxes + torch.tensor([0.0, 0.0, 1.0, 1.0])  # from the last pixel to the far edge
    each = torch.tensor(columns.counts, dtype=torch.long)
    index = torch.arange(len(each)).repeat_interleave(each)
    return _Flat(boxes, labels, index, columns.counts)
