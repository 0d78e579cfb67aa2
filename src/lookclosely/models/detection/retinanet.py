"""RetinaNet: a class and a box at every anchor of a pyramid, in one stage.

Lin, Goyal, Girshick, He and Dollár, "Focal loss for dense object detection", ICCV 2017, sections 4
and 5. Where we depart from the paper, as torchvision does: P6 is computed from P5 and not from C5,
and losses are averaged over images after each was divided by its own number of positive anchors.
Small networks of this book have fewer levels, one convolution a head, and batch normalisation.

Shapes: B images, 3 × H × W, in [0, 1]; L levels of D channels; K classes without the background;
A anchors at a place, N at all places of all levels; M true boxes of the image that has most.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from lookclosely import losses, ops

from ..backbones import ResNetMaps
from ..layers import conv_norm_relu
from .fpn import FeaturePyramid

Detections = list[dict[str, Tensor]]
SIDES = (32, 64, 128, 256, 512)  # of the paper's anchors, level by level
PRIOR = 0.01  # of an anchor being an object, before anything is learnt


class RetinaNet(nn.Module):
    """``model(images)`` detects, ``model(images, targets)`` gives the losses to be summed.

    Args:
        backbone: maps finest first, with ``channels`` and ``strides`` of each.
        num_classes: K, without the background; labels begin with 1.
        strides: of the backbone's maps under the pyramid.
        anchor_sizes: √area in pixels, for each level a list; as long for each. Left out: 2, 2.8 and
            4 strides.
        aspect_ratios: height / width.
        channels: D.
        extra_levels: coarser ones, each a strided convolution of the one before (P6 and P7).
        depth: convolutions of a head before its last.
        batch_norm: whether each of those has it; the paper's have a bias instead.
        high, low: an anchor is positive from this IoU on, and background below this one.
        beta: where the box loss turns from square to absolute; 0.1 in the paper's code.
        score_threshold, candidates, iou_threshold, max_detections: what is answered; at most so
            many ``candidates`` of a level are decoded.
    """

    def __init__(
        self,
        *,
        backbone: nn.Module,
        num_classes: int,
        strides: Sequence[int] = (8, 16),
        anchor_sizes: Sequence[Sequence[float]] | None = None,
        aspect_ratios: Sequence[float] = (1.0,),
        channels: int = 48,
        extra_levels: int = 0,
        depth: int = 1,
        batch_norm: bool = True,
        high: float = 0.5,
        low: float = 0.4,
        beta: float = 0.11,
        score_threshold: float = 0.05,
        candidates: int = 1000,
        iou_threshold: float = 0.5,
        max_detections: int = 100,
    ):
        super().__init__()
        self.backbone, self.num_classes = backbone, num_classes
        self.levels, widths = _maps_of(backbone, strides)
        self.strides = [*strides, *(strides[-1] * 2 ** (n + 1) for n in range(extra_levels))]
        sizes = anchor_sizes or [(2 * s, 2.8 * s, 4 * s) for s in self.strides]
        self.cell_anchors = [ops.generate_anchors(of_level, aspect_ratios) for of_level in sizes]
        if len(sizes) != len(self.strides) or len({len(a) for a in self.cell_anchors}) != 1:
            raise ValueError(
                f"anchor_sizes has {[len(s) for s in sizes]} sizes for {len(self.strides)} levels: "
                "give one list for each level, all as long"
            )
        self.pyramid = FeaturePyramid(in_channels=widths, out_channels=channels)
        self.extra = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, 2, 1) for _ in range(extra_levels)
        )
        anchors = len(self.cell_anchors[0])
        self.class_head = head(channels, anchors * num_classes, depth, batch_norm)
        self.box_head = head(channels, anchors * 4, depth, batch_norm)
        nn.init.constant_(list(self.class_head.parameters())[-1], -math.log((1 - PRIOR) / PRIOR))
        self.high, self.low, self.beta = high, low, beta
        self.score_threshold, self.candidates = score_threshold, candidates
        self.iou_threshold, self.max_detections = iou_threshold, max_detections

    def forward(
        self,
        images: Float[Tensor, "B 3 H W"],
        targets: ops.Targets | None = None,
        *,
        proposals: None = None,
    ) -> dict[str, Tensor] | Detections:
        """Losses of a batch, each one number; without targets what is found in each image."""
        logits, deltas, anchors = self.predicted(images)
        if targets is not None:
            return self.losses(torch.cat(logits, 1), torch.cat(deltas, 1), anchors, targets)
        size = (images.shape[2], images.shape[3])
        return [
            self.detections([x[n] for x in logits], [x[n] for x in deltas], anchors, size)
            for n in range(len(images))
        ]

    def predicted(
        self, images: Float[Tensor, "B 3 H W"]
    ) -> tuple[list[Float[Tensor, "B _ K"]], list[Float[Tensor, "B _ 4"]], list[Tensor]]:
        """For each level logits, corrections of the boxes, and the anchors (n, 4)."""
        maps = self.backbone(images)
        maps = self.pyramid([maps[level] for level in self.levels])
        for number, layer in enumerate(self.extra):
            maps.append(layer(maps[-1].relu() if number else maps[-1]))
        logits = [_by_anchor(self.class_head(x), self.num_classes) for x in maps]
        deltas = [_by_anchor(self.box_head(x), 4) for x in maps]
        cells = zip(maps, self.strides, self.cell_anchors, strict=True)
        anchors = [ops.grid_anchors(x.shape[2:], s, cell.to(images.device)) for x, s, cell in cells]
        return logits, deltas, anchors

    def losses(
        self,
        logits: Float[Tensor, "B N K"],
        deltas: Float[Tensor, "B N 4"],
        anchors: Sequence[Float[Tensor, "_ 4"]],
        targets: ops.Targets,
    ) -> dict[str, Float[Tensor, ""]]:
        """Focal loss of all anchors but those between the thresholds, and the positive ones' boxes.

        Both divided by the number of positive anchors, at least 1, image by image (section 4.1).
        """
        if not targets.labels.shape[1]:  # one row of padding, so that there is one to look up
            targets = ops.Targets(F.pad(targets.boxes, (0, 0, 0, 1)), F.pad(targets.labels, (0, 1)))
        every = torch.cat(list(anchors))  # (N, 4)
        matched = self._matched(every, targets)
        positive = matched >= 0
        labels = targets.labels.long().gather(1, matched.clamp(min=0)) * positive  # (B, N)
        wanted = F.one_hot(labels, self.num_classes + 1)[..., 1:].to(logits.dtype)
        focal = losses.sigmoid_focal_loss(logits, wanted) * (matched != -2)[..., None]
        image, anchor = positive.nonzero(as_tuple=True)
        boxes = targets.boxes[image, matched[image, anchor]]
        coded = ops.encode_boxes(boxes, every[anchor]).to(deltas.dtype)
        box = losses.smooth_l1_loss(deltas[image, anchor], coded, beta=self.beta, reduction="none")
        count = positive.sum(1).clamp(min=1)  # (B,)
        return {
            "classification": (focal.sum((1, 2)) / count).mean(),
            "boxes": (box.sum(1) / count[image]).sum() / len(count),
        }

    def _matched(self, anchors: Float[Tensor, "N 4"], targets: ops.Targets) -> Int[Tensor, "B N"]:
        """Which true box each anchor is taught; −1 for the background, −2 for neither."""
        iou = ops.box_iou(targets.boxes, anchors)  # (B, M, N)
        iou = iou.masked_fill((targets.labels == 0)[..., None], 0)
        return ops.assign(iou, self.high, self.low, keep_best=True)

    def detections(
        self,
        logits: Sequence[Float[Tensor, "_ K"]],
        deltas: Sequence[Float[Tensor, "_ 4"]],
        anchors: Sequence[Float[Tensor, "_ 4"]],
        size: tuple[int, int],
    ) -> dict[str, Tensor]:
        """Of one image: of each level the best, decoded; then suppression (section 4.1)."""
        found = [self._best(*level) for level in zip(logits, deltas, anchors, strict=True)]
        boxes, scores, labels = (torch.cat(part) for part in zip(*found))
        return ops.filter_detections(
            boxes,
            scores,
            labels,
            size,
            score_threshold=self.score_threshold,
            iou_threshold=self.iou_threshold,
            max_detections=self.max_detections,
        )

    def _best(
        self,
        logits: Float[Tensor, "n K"],
        deltas: Float[Tensor, "n 4"],
        anchors: Float[Tensor, "n 4"],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Boxes, scores and labels of a level's best pairs of anchor and class."""
        scores = logits.sigmoid().flatten()
        likely = (scores > self.score_threshold).nonzero().squeeze(1)
        scores, order = scores[likely].topk(min(self.candidates, len(likely)))
        anchor, label = likely[order] // self.num_classes, likely[order] % self.num_classes
        return ops.decode_boxes(deltas[anchor], anchors[anchor]), scores, label + 1


def head(in_channels: int, out_channels: int, depth: int, batch_norm: bool) -> nn.Sequential:
    """``depth`` convolutions with ReLU and a last one without, shared by all levels (figure 3)."""
    layers = []
    for _ in range(depth):
        if batch_norm:
            layers.append(conv_norm_relu(in_channels, in_channels))
        else:
            layers.append(nn.Sequential(nn.Conv2d(in_channels, in_channels, 3, 1, 1), nn.ReLU()))
    whole = nn.Sequential(*layers, nn.Conv2d(in_channels, out_channels, 3, 1, 1))
    for layer in whole.modules():
        if isinstance(layer, nn.Conv2d) and (layer.bias is not None):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
    return whole


def _by_anchor(x: Float[Tensor, "B _ h w"], numbers: int) -> Float[Tensor, "B _ numbers"]:
    """(B, A · numbers, h, w) to (B, h·w·A, numbers): the order of ``ops.grid_anchors``.

    In float32 at least: in half precision the scores of sure answers are all the same.
    """
    rows = x.permute(0, 2, 3, 1).reshape(len(x), -1, numbers)
    return rows.to(torch.promote_types(rows.dtype, torch.float32))


def _maps_of(backbone: Any, strides: Sequence[int]) -> tuple[list[int], list[int]]:
    """Which of the backbone's maps have these strides, and their channels."""
    missing = [stride for stride in strides if stride not in backbone.strides]
    if missing:
        raise ValueError(
            f"strides {missing} are none of the backbone's, which are {list(backbone.strides)}"
        )
    levels = [list(backbone.strides).index(stride) for stride in strides]
    return levels, [backbone.channels[level] for level in levels]


NAMES = {
    r"backbone\.fpn\.inner_blocks\.(\d+)\.0\.": r"pyramid.laterals.\1.",
    r"backbone\.fpn\.layer_blocks\.(\d+)\.0\.": r"pyramid.smooths.\1.",
    r"backbone\.fpn\.extra_blocks\.p6\.": "extra.0.",
    r"backbone\.fpn\.extra_blocks\.p7\.": "extra.1.",
    r"head\.classification_head\.conv\.(\d+)\.0\.": r"class_head.\1.0.",
    r"head\.classification_head\.cls_logits\.": "class_head.4.",
    r"head\.regression_head\.conv\.(\d+)\.0\.": r"box_head.\1.0.",
    r"head\.regression_head\.bbox_reg\.": "box_head.4.",
}


def from_torchvision(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of torchvision's ``retinanet_resnet50_fpn`` under the names of ours.

    torchvision has channels for class 0, which is never taught: they are left out.
    """
    anchors = len(state["head.regression_head.bbox_reg.bias"]) // 4
    ours = {}
    for name, value in state.items():
        if "cls_logits" in name:
            value = value.unflatten(0, (anchors, -1))[:, 1:].flatten(0, 1)
        for theirs, mine in NAMES.items():
            name = re.sub(theirs, mine, name)
        ours[name] = value
    return ours


def like_torchvision(*, num_classes: int = 90) -> RetinaNet:
    """RetinaNet with ResNet-50 as torchvision builds it, to take :func:`from_torchvision`.

    Images must come normalised, with sides that are multiples of 128.
    """
    sizes = [[side, int(side * 2 ** (1 / 3)), int(side * 2 ** (2 / 3))] for side in SIDES]
    return RetinaNet(
        backbone=ResNetMaps(),
        num_classes=num_classes,
        strides=(8, 16, 32),
        anchor_sizes=sizes,
        aspect_ratios=(0.5, 1.0, 2.0),
        channels=256,
        extra_levels=2,
        depth=4,
        batch_norm=False,
        beta=0,
        max_detections=300,
    )
