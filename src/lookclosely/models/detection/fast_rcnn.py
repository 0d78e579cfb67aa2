"""Fast R-CNN: one pass over the image, then a few layers for each proposed region of its maps.

Girshick, "Fast R-CNN", ICCV 2015. A backbone makes maps of the whole image. Each proposal is cut
out of them as a grid of bins; two fully connected layers see the bins, and two more answer: a score
for every class and the background, and for every class a correction of the proposal.

    L = CE(scores, u) + [u > 0] · Σ smooth L1(corrections of class u, target) / regions

Departures. Regions are pooled by any function with ``roi_align``'s arguments; where the backbone
gives several maps, by ``assign_levels``, as Feature Pyramid Networks do. Negatives are proposals
with IoU below 0.5, as in torchvision, where the paper wants 0.1 at least. The smooth L1 loss bends
at 1/9, as there, with weights (10, 10, 5, 5); the paper's bends at 1.

Shapes: B images, N objects of one (padded), R regions of one, K of all, C classes with the
background, P × P bins.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from lookclosely import ops
from lookclosely.losses import smooth_l1_loss

WEIGHTS = (10.0, 10.0, 5.0, 5.0)
BEND = 1 / 9  # of the smooth L1 loss

Pool = Callable[..., Tensor]  # (map, boxes of each image, bins, scale) -> (K, channels, P, P)
Regions = Sequence[Float[Tensor, "_ 4"]]


def full(x: Tensor) -> Tensor:
    """In float32 at least: half precision is for the layers, not for losses and boxes."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def width_of(backbone: Any) -> int:
    """The channels that all maps of a backbone have.

    Raises:
        ValueError: they differ, so that one head cannot see them all.
    """
    if len(set(backbone.channels)) != 1:
        raise ValueError(
            f"backbone has maps of {tuple(backbone.channels)} channels: put a FeaturePyramid on "
            f"it, which makes them equal"
        )
    return backbone.channels[0]


class RoIHead(nn.Module):
    """Bins of a region to scores of the classes, and four corrections for each class."""

    def __init__(self, *, in_channels: int, bins: int, hidden: int, num_classes: int) -> None:
        super().__init__()
        self.first = nn.Linear(in_channels * bins**2, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.scores = nn.Linear(hidden, num_classes)
        self.corrections = nn.Linear(hidden, 4 * num_classes)
        for layer, spread in ((self.scores, 0.01), (self.corrections, 0.001)):  # section 2.3
            nn.init.normal_(layer.weight, std=spread)
            nn.init.zeros_(layer.bias)

    def forward(
        self, x: Float[Tensor, "K channels P P"]
    ) -> tuple[Float[Tensor, "K C"], Float[Tensor, "K C 4"]]:
        x = F.relu(self.second(F.relu(self.first(x.flatten(1)))))
        return full(self.scores(x)), full(self.corrections(x)).unflatten(1, (-1, 4))


class RegionClassifier(nn.Module):
    """The second stage: pools regions, teaches the head, and answers. Fast R-CNN's own part.

    Args:
        in_channels: of the maps.
        num_classes: with the background, which is 0.
        strides: pixels a cell of each map, the finest first; more maps may come and are not used.
        pool: ``ops.roi_pool``, or ``ops.roi_align`` with what it needs.
        regions, positive: how many of an image are learnt from, and the largest share of positives.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        num_classes: int,
        strides: Sequence[int],
        bins: int = 7,
        hidden: int = 1024,
        pool: Pool = ops.roi_pool,
        regions: int = 64,
        positive: float = 0.25,
        canonical_size: float = 224,
    ) -> None:
        super().__init__()
        self.head = RoIHead(
            in_channels=in_channels, bins=bins, hidden=hidden, num_classes=num_classes
        )
        self.strides, self.bins, self.pool = tuple(strides), bins, pool
        self.regions, self.positive = regions, positive
        self.canonical_size = canonical_size

    def pooled(self, maps: Sequence[Tensor], regions: Regions) -> Float[Tensor, "K channels P P"]:
        """The bins of all regions, each from the map that suits its size."""
        if len(self.strides) == 1:
            return self.pool(maps[0], list(regions), self.bins, 1 / self.strides[0])
        boxes = torch.cat(list(regions))
        image = torch.cat([b.new_full((len(b), 1), float(i)) for i, b in enumerate(regions)])
        steps = [stride.bit_length() - 1 for stride in self.strides]  # log2
        level = ops.assign_levels(
            boxes, steps[0], steps[-1], canonical_size=self.canonical_size, canonical_level=4
        )
        where = torch.cat([image, boxes], dim=1)
        bins = maps[0].new_zeros(len(boxes), maps[0].shape[1], self.bins, self.bins)
        for step, stride, features in zip(steps, self.strides, maps):
            index = (level == step).nonzero()[:, 0]
            found = self.pool(features, where[index], self.bins, 1 / stride)
            bins = bins.index_copy(0, index, found.to(bins.dtype))
        return bins

    def losses(
        self, maps: Sequence[Tensor], proposals: Regions, targets: ops.Targets
    ) -> dict[str, Float[Tensor, ""]]:
        """Equation 1, the mean over the sampled regions of all images."""
        sampled = [
            sample_regions(boxes, *image, count=self.regions, positive=self.positive)
            for boxes, *image in zip(proposals, targets.boxes, targets.labels, strict=True)
        ]
        regions, labels, truth = (list(part) for part in zip(*sampled, strict=True))
        scores, corrections = self.head(self.pooled(maps, regions))
        label, count = torch.cat(labels), max(1, sum(map(len, labels)))
        found = (label > 0).nonzero()[:, 0]
        wanted = ops.encode_boxes(torch.cat(truth)[found], torch.cat(regions)[found], WEIGHTS)
        given = corrections[found, label[found]]
        box_loss = smooth_l1_loss(given, wanted.to(given.dtype), beta=BEND, reduction="sum")
        class_loss = F.cross_entropy(scores, label, reduction="sum")
        return {"classes": class_loss / count, "boxes": box_loss / count}

    def detections(
        self, maps: Sequence[Tensor], proposals: Regions, size: tuple[int, int]
    ) -> list[dict[str, Tensor]]:
        scores, corrections = self.head(self.pooled(maps, proposals))
        counts = [len(boxes) for boxes in proposals]
        return [
            detections_of(*image, size)
            for image in zip(scores.split(counts), corrections.split(counts), proposals)
        ]


def sample_regions(
    proposals: Float[Tensor, "R 4"],
    boxes: Float[Tensor, "N 4"],
    labels: Int[Tensor, " N"],
    *,
    count: int,
    positive: float,
) -> tuple[Float[Tensor, "S 4"], Int[Tensor, " S"], Float[Tensor, "S 4"]]:
    """Regions of one image to learn from, their labels, and the boxes that they should become.

    The true boxes are proposals too, so that there is something to learn from the first step on.
    Label 0 is the background; its box means nothing.
    """
    boxes, labels = boxes[labels > 0], labels[labels > 0]
    regions = torch.cat([proposals.detach(), boxes])
    matched = ops.assign(ops.box_iou(boxes, regions), high=0.5, low=0.5)
    label = torch.zeros_like(matched)
    truth = regions.clone()
    found = matched >= 0
    label[found], truth[found] = labels[matched[found]], boxes[matched[found]].to(truth.dtype)
    taken = torch.stack(ops.balanced_sample(label.clamp(max=1), count, positive)).any(0)
    return regions[taken], label[taken], truth[taken]


def detections_of(
    scores: Float[Tensor, "R C"],
    corrections: Float[Tensor, "R C 4"],
    proposals: Float[Tensor, "R 4"],
    size: tuple[int, int],
) -> dict[str, Tensor]:
    """Of one image: every proposal as every class, then suppression within each (section 2.2)."""
    probabilities = scores.softmax(1)[:, 1:]
    boxes = ops.decode_boxes(corrections[:, 1:], proposals[:, None], WEIGHTS)
    labels = torch.arange(1, scores.shape[1], device=scores.device).expand_as(probabilities)
    boxes, probabilities, labels = (part.flatten(0, 1) for part in (boxes, probabilities, labels))
    return ops.filter_detections(boxes, probabilities, labels, size, min_size=0.01)


class FastRCNN(nn.Module):
    """A backbone and the second stage; proposals come from elsewhere.

    ``model(images, proposals=…)`` answers a list of dicts of boxes, scores and labels;
    ``model(images, targets, proposals=…)`` a dict of losses, ``classes`` and ``boxes``.

    Args:
        backbone: images to a list of maps, the finest first; has their ``strides`` and
            ``channels``, which must be equal.
        num_classes: with the background, which is 0.
        options: of ``RegionClassifier``.
    """

    def __init__(self, *, backbone: Any, num_classes: int, **options: Any) -> None:
        super().__init__()
        self.backbone = backbone
        given = {"in_channels": width_of(backbone), "strides": backbone.strides}
        self.classifier = RegionClassifier(num_classes=num_classes, **(given | options))

    def forward(
        self,
        images: Float[Tensor, "B 3 H W"],
        targets: ops.Targets | None = None,
        *,
        proposals: Regions | None = None,
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        if proposals is None or len(proposals) != len(images):
            raise ValueError(
                f"proposals are {None if proposals is None else len(proposals)} for {len(images)} "
                f"images: give a list with the boxes (R, 4) of each"
            )
        maps, (height, width) = self.backbone(images), images.shape[-2:]
        if targets is not None:
            return self.classifier.losses(maps, proposals, targets)
        return self.classifier.detections(maps, proposals, (height, width))
