"""Faster R-CNN: the network proposes its regions itself, from the maps that it classifies them on.

Ren, He, Girshick and Sun, "Faster R-CNN: towards real-time object detection with region proposal
networks", NeurIPS 2015. At every cell of a map stand a few anchors; a small convolution says of
each whether it holds an object and how to correct it. The best of them, after suppression, are the
proposals of Fast R-CNN's second stage.

    L = Σ BCE(objectness, positive) / sampled + Σ_positive smooth L1(corrections) / sampled

Departures, all as in torchvision. Anchors that cross the border are kept, where the paper leaves
them out of training. Both sums are divided by the number of sampled anchors; the paper divides the
second by the number of cells and weighs it with 10. Both stages are trained at once.

Shapes: B images, N objects of one (padded), A anchors of an image, R proposals of one.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from lookclosely import ops
from lookclosely.losses import smooth_l1_loss

from .fast_rcnn import BEND, RegionClassifier, full, width_of


class RPN(nn.Module):
    """The region proposal network: objectness and corrections of the anchors of all maps.

    Args:
        in_channels: of the maps.
        anchor_sizes: √area of the anchors of each map, in pixels.
        aspect_ratios: height / width, the same for all maps.
        proposals: how many of an image are kept at most; before suppression, of each map
            ``candidates``.
        sampled: how many anchors of an image are learnt from, half of them positive at most.
        high, low: of IoU, where an anchor is positive and where negative.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        anchor_sizes: Sequence[Sequence[float]],
        aspect_ratios: Sequence[float] = (0.5, 1.0, 2.0),
        proposals: int = 1000,
        candidates: int = 1000,
        sampled: int = 256,
        high: float = 0.7,
        low: float = 0.3,
    ) -> None:
        super().__init__()
        self.anchor_sizes, self.aspect_ratios = anchor_sizes, aspect_ratios
        per_cell = len(anchor_sizes[0]) * len(aspect_ratios)
        self.conv = nn.Conv2d(in_channels, in_channels, 3, padding=1)
        self.scores = nn.Conv2d(in_channels, per_cell, 1)
        self.corrections = nn.Conv2d(in_channels, 4 * per_cell, 1)
        self.kept, self.candidates, self.sampled = proposals, candidates, sampled
        self.high, self.low = high, low
        for name, weight in self.named_parameters():  # section 3.1.3
            nn.init.zeros_(weight) if name.endswith("bias") else nn.init.normal_(weight, std=0.01)

    def forward(
        self, maps: Sequence[Float[Tensor, "B channels _ _"]]
    ) -> tuple[Float[Tensor, "B A"], Float[Tensor, "B A 4"]]:
        scores, corrections = [], []
        for features in maps:
            hidden = F.relu(self.conv(features))
            scores.append(self.scores(hidden).permute(0, 2, 3, 1).flatten(1))
            corrections.append(self.corrections(hidden).permute(0, 2, 3, 1).flatten(1))
        return full(torch.cat(scores, 1)), full(torch.cat(corrections, 1)).unflatten(1, (-1, 4))

    def anchors(
        self, maps: Sequence[Tensor], size: tuple[int, int]
    ) -> tuple[Float[Tensor, "A 4"], Int[Tensor, " A"]]:
        """The anchors of an image of this size, and the number of each one's map."""
        boxes = []
        for sides, features in zip(self.anchor_sizes, maps, strict=True):
            grid = features.shape[-2:]
            cell = ops.generate_anchors(sides, self.aspect_ratios, device=features.device)
            stride = (size[0] // grid[0], size[1] // grid[1])
            boxes.append(ops.grid_anchors(tuple(grid), stride, cell))
        level = torch.arange(len(boxes)).repeat_interleave(torch.tensor([len(b) for b in boxes]))
        return torch.cat(boxes), level.to(boxes[0].device)

    def losses(
        self,
        scores: Float[Tensor, "B A"],
        corrections: Float[Tensor, "B A 4"],
        anchors: Float[Tensor, "A 4"],
        targets: ops.Targets,
    ) -> dict[str, Float[Tensor, ""]]:
        """Equation 1, the mean over the anchors of all images that are sampled."""
        index = ops.assign(ops.box_iou(targets.boxes, anchors[None]), self.high, self.low, True)
        kind = (index >= 0).long().where(index >= -1, -1)  # 1, 0, and −1 for those between
        positive, negative = ops.balanced_sample(kind, self.sampled, 0.5)
        taken = positive | negative
        count = taken.sum().clamp(min=1)
        image, anchor = positive.nonzero(as_tuple=True)
        truth = targets.boxes[image, index[image, anchor]]
        wanted = ops.encode_boxes(truth, anchors[anchor])
        given = corrections[image, anchor]
        objectness = F.binary_cross_entropy_with_logits(
            scores[taken], positive[taken].to(scores.dtype), reduction="sum"
        )
        box_loss = smooth_l1_loss(given, wanted.to(given.dtype), beta=BEND, reduction="sum")
        return {"objectness": objectness / count, "proposals": box_loss / count}

    @torch.no_grad()
    def proposals(
        self,
        scores: Float[Tensor, "B A"],
        corrections: Float[Tensor, "B A 4"],
        anchors: Float[Tensor, "A 4"],
        level: Int[Tensor, " A"],
        size: tuple[int, int],
    ) -> list[dict[str, Tensor]]:
        """The best boxes of each image, with their scores: suppressed among those of one map."""
        return [
            ops.filter_detections(
                ops.decode_boxes(moves, anchors),
                logits,
                level,
                size,
                score_threshold=float("-inf"),
                candidates=self.candidates,
                min_size=1e-3,
                iou_threshold=0.7,
                max_detections=self.kept,
            )
            for logits, moves in zip(scores.detach(), corrections.detach())
        ]


class FasterRCNN(nn.Module):
    """Backbone, region proposal network, and Fast R-CNN's second stage.

    ``model(images)`` answers a list of dicts of boxes, scores and labels; ``model(images,
    targets)`` a dict of four losses: ``objectness``, ``proposals``, ``classes`` and ``boxes``. With
    ``proposals=`` the second stage takes those, and the first is not asked.

    Args:
        backbone: images to a list of maps, the finest first; has their ``strides`` and
            ``channels``, which must be equal.
        num_classes: with the background, which is 0.
        anchor_sizes, aspect_ratios: √area in pixels of the anchors of each map, and their ratios.
        strides: of the maps that regions are pooled from; all where left out.
        proposals: options of the ``RPN``.
        options: of ``RegionClassifier``.
    """

    def __init__(
        self,
        *,
        backbone: Any,
        num_classes: int,
        anchor_sizes: Sequence[Sequence[float]],
        aspect_ratios: Sequence[float] = (0.5, 1.0, 2.0),
        strides: Sequence[int] | None = None,
        proposals: Mapping | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        if len(anchor_sizes) != len(backbone.strides):
            raise ValueError(
                f"anchor_sizes are {list(anchor_sizes)} for {len(backbone.strides)} maps of the "
                f"backbone: give a list of sizes for each"
            )
        channels = width_of(backbone)
        self.rpn = RPN(
            in_channels=channels,
            anchor_sizes=anchor_sizes,
            aspect_ratios=aspect_ratios,
            **(proposals or {}),
        )
        align = partial(ops.roi_align, sampling_ratio=2, aligned=True)
        self.classifier = RegionClassifier(
            in_channels=channels,
            num_classes=num_classes,
            strides=strides or backbone.strides,
            **{"pool": align, **options},
        )

    def forward(
        self,
        images: Float[Tensor, "B 3 H W"],
        targets: ops.Targets | None = None,
        *,
        proposals: Sequence[Float[Tensor, "_ 4"]] | None = None,
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        maps, size = self.backbone(images), (images.shape[-2], images.shape[-1])
        losses = {}
        if proposals is None:
            scores, corrections = self.rpn(maps)
            anchors, level = self.rpn.anchors(maps, size)
            found = self.rpn.proposals(scores, corrections, anchors, level, size)
            proposals = [image["boxes"] for image in found]
            if targets is not None:
                losses = self.rpn.losses(scores, corrections, anchors, targets)
        if targets is not None:
            return losses | self.classifier.losses(maps, proposals, targets)
        return self.classifier.detections(maps, proposals, size)


FROM_TORCHVISION = {
    "rpn.head.conv.0.0.": "rpn.conv.",
    "rpn.head.cls_logits.": "rpn.scores.",
    "rpn.head.bbox_pred.": "rpn.corrections.",
    "roi_heads.box_head.fc6.": "classifier.head.first.",
    "roi_heads.box_head.fc7.": "classifier.head.second.",
    "roi_heads.box_predictor.cls_score.": "classifier.head.scores.",
    "roi_heads.box_predictor.bbox_pred.": "classifier.head.corrections.",
}


def from_torchvision(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of torchvision's ``FasterRCNN`` with our names; the backbone's stay.

    The backbone must then have the same parts, for example torchvision's own: the weights of
    ``fasterrcnn_resnet50_fpn`` fit a ``FasterRCNN`` on it with 91 classes, anchors of 32, 64, 128,
    256 and 512 pixels, and pooling by ``partial(ops.roi_align, sampling_ratio=2)`` from strides 4
    to 32.
    """
    renamed = {}
    for key, value in state.items():
        start = next((old for old in FROM_TORCHVISION if key.startswith(old)), "")
        renamed[FROM_TORCHVISION.get(start, "") + key[len(start) :]] = value
    return renamed
