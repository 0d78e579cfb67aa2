"""Example arguments for every public function of ops, losses and metrics; and its counterpart.

``EXAMPLES["ops.box_iou"]`` makes arguments of any type, on any device, of any size:

    example = EXAMPLES["ops.box_iou"]
    arguments = example.arguments(Draw(dtype=torch.float64, size=20))
    example.ours(*arguments), example.library(*arguments)

A public function without an entry fails a test; so a new one is timed, and tested for what all
functions must do, by being public.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
import torchvision.ops as tv
from torch import Tensor
from torchmetrics.functional import classification as tm
from torchvision.models.detection._utils import BoxCoder, Matcher, SSDMatcher
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.ops.poolers import LevelMapper

from lookclosely import losses, metrics, ops

Arguments = tuple[Any, ...]
K = 3  # classes


@dataclass
class Draw:
    """Random tensors of one type on one device, the same ones for the same seed."""

    dtype: torch.dtype = torch.float32  # of what is measured; labels are int64, masks bool
    device: torch.device | str = "cpu"
    size: int = 8  # pixels along a side, boxes, points or other things
    seed: int = 0
    reach: int = 0  # not 0: whole numbers up to this, also among floats
    generator: torch.Generator = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.generator = torch.Generator().manual_seed(self.seed)

    @property
    def is_whole(self) -> bool:
        return self.reach > 0 or not self.dtype.is_floating_point

    def share(self, *shape: int) -> Tensor:
        """Floats from 0 to 1, or whole numbers from 0 to 99, or to ``reach``."""
        numbers = torch.rand(shape, generator=self.generator, dtype=torch.float64)
        numbers = (numbers * (self.reach or 100)).floor() if self.is_whole else numbers
        return numbers.to(self.device, self.dtype)

    def normal(self, *shape: int) -> Tensor:
        """Floats around 0, or whole numbers there (above 0 where there is no sign)."""
        numbers = torch.randn(shape, generator=self.generator, dtype=torch.float64)
        if self.is_whole:
            numbers = (numbers * (self.reach / 3 or 20)).round()
            numbers = numbers if self.dtype.is_signed else numbers.abs()
        return numbers.to(self.device, self.dtype)

    def image(self, channels: int = 3) -> Tensor:
        return self.share(channels, self.size, self.size)

    def boxes(self, count: int | None = None, side: float | None = None) -> Tensor:
        """xyxy with an area, in an image of ``side`` pixels."""
        plane: float = 12.0 * self.size**0.5 if side is None else side
        if self.reach and side is None:
            plane = self.reach
        count = self.size if count is None else count
        numbers = torch.rand(2, count, 2, generator=self.generator, dtype=torch.float64)
        first, extent = numbers[0] * plane * 0.7, 1 + numbers[1] * plane * 0.25
        corners = torch.cat([first, first + extent], dim=1)
        corners = corners.floor() if self.is_whole else corners
        return corners.to(self.device, self.dtype)

    def labels(self, *shape: int, classes: int = K) -> Tensor:
        return torch.randint(classes, shape, generator=self.generator).to(self.device)

    def mask(self, *shape: int) -> Tensor:
        return (torch.rand(shape, generator=self.generator) < 0.5).to(self.device)

    def unary(self) -> Tensor:
        return -self.normal(K, self.size, self.size).log_softmax(0)

    def segmented(self, images: int = 4) -> tuple[list[dict], list[dict]]:
        """Predictions and targets with masks."""
        pairs = zip(*self.detections(images), strict=True)
        masks = [self.mask(self.size, 24, 32) for _ in range(images)]
        noisy = [mask ^ (self.share(self.size, 24, 32) > 0.9) for mask in masks]
        both = [(p | {"masks": a}, t | {"masks": b}) for (p, t), a, b in zip(pairs, noisy, masks)]
        return [p for p, _ in both], [t for _, t in both]

    def detections(self, images: int = 4) -> tuple[list[dict], list[dict]]:
        """Predictions and targets, the boxes near one another."""
        predictions, targets = [], []
        for _ in range(images):
            boxes, labels = self.boxes(), self.labels(self.size)
            scores = self.share(self.size)
            targets.append({"boxes": boxes, "labels": labels})
            predictions.append({"boxes": boxes + 1, "labels": labels, "scores": scores})
        return predictions, targets


@dataclass(frozen=True)
class Example:
    """One function, how to make its arguments, and the library's function with the same ones."""

    ours: Callable[..., Any]
    arguments: Callable[[Draw], Arguments]
    library: Callable[..., Any] | None = None
    timed_at: int = 256  # the size that the benchmark takes
    rows: tuple[int, ...] = ()  # places of arguments of which each row has its own result


def _square(d: Draw, *front: int) -> Tensor:
    return d.normal(*front, d.size, d.size)


def _matrix(d: Draw) -> Arguments:
    return (torch.randint(1, 99, (K, K), generator=d.generator).to(d.device),)


def _pooled(d: Draw) -> Arguments:
    x = _square(d, 1, 2)
    return (*ops.max_pool2d(x, 2, return_indices=True), 2, None, 0, x.shape[-2:])


def _crops(d: Draw) -> Arguments:
    return d.normal(2, 3, d.size, d.size), d.boxes(2, side=d.size)


def _rois(d: Draw) -> Arguments:
    """Maps of 8 channels, regions of them in pixels of twice the size, 2 × 2 bins."""
    index = d.labels(d.size, 1, classes=2).to(d.dtype)
    rois = torch.cat([index, d.boxes(side=2.0 * d.size)], dim=1)
    return d.normal(2, 8, d.size, d.size), rois, (2, 2), 0.5


def _matches(d: Draw) -> metrics.Matches:
    return metrics.voc_match(*d.detections())


def _confusion(pred: Tensor, target: Tensor, classes: int) -> Tensor:
    return tm.multiclass_confusion_matrix(pred, target, classes, validate_args=False)


OF_A_MATRIX = ["dice", "f1", "iou", "mean_iou", "mean_pixel_accuracy", "pixel_accuracy"]
OF_A_MATRIX += ["precision", "recall"]
LAYERS = [(3, 1, 1), (2, 2, 0), (3, 1, 2, 2)]
APPEARANCE = (3.0, 8.0, 0.3)
conv = torch.nn.Conv2d(3, 2, 3, padding=1)


def balanced_sample(labels: Tensor, batch_size: int, positive_fraction: float) -> Any:
    """The same draw each time."""
    generator = torch.Generator(labels.device).manual_seed(0)
    return ops.balanced_sample(labels, batch_size, positive_fraction, generator=generator)


EXAMPLES: dict[str, Example] = {
    # ops: boxes
    "ops.box_area": Example(ops.box_area, lambda d: (d.boxes(),), tv.box_area, rows=(0,)),
    "ops.box_convert": Example(
        ops.box_convert, lambda d: (d.boxes(), "xyxy", "cxcywh"), tv.box_convert, rows=(0,)
    ),
    "ops.box_iou": Example(
        ops.box_iou, lambda d: (d.boxes(), d.boxes(d.size + 1)), tv.box_iou, rows=(0,)
    ),
    "ops.generalized_box_iou": Example(
        ops.generalized_box_iou,
        lambda d: (d.boxes(), d.boxes(d.size + 1)),
        tv.generalized_box_iou,
        rows=(0,),
    ),
    "ops.clip_boxes_to_image": Example(
        ops.clip_boxes_to_image, lambda d: (d.boxes(), (20, 30)), tv.clip_boxes_to_image, rows=(0,)
    ),
    "ops.remove_small_boxes": Example(
        ops.remove_small_boxes, lambda d: (d.boxes(), 5.0), tv.remove_small_boxes
    ),
    "ops.nms": Example(ops.nms, lambda d: (d.boxes(), d.share(d.size), 0.3), tv.nms),
    "ops.batched_nms": Example(
        ops.batched_nms,
        lambda d: (d.boxes(), d.share(d.size), d.labels(d.size), 0.3),
        tv.batched_nms,
    ),
    "ops.soft_nms": Example(ops.soft_nms, lambda d: (d.boxes(), d.share(d.size))),
    # ops: what a detector is taught
    "ops.generate_anchors": Example(
        ops.generate_anchors,
        lambda d: ([32, 64, 128], [0.5, 1, 2], d.dtype, d.device),
        AnchorGenerator().generate_anchors,
    ),
    "ops.grid_anchors": Example(
        ops.grid_anchors, lambda d: ((d.size, d.size + 1), 8, d.boxes(9)), timed_at=64
    ),
    "ops.default_boxes": Example(
        ops.default_boxes,
        lambda d: ((300, 300), [(d.size, d.size), (1, 2)], [[2], [2, 3]], [0.2, 0.5, 0.9]),
        timed_at=38,
    ),
    "ops.encode_boxes": Example(
        partial(ops.encode_boxes, weights=(10, 10, 5, 5)),
        lambda d: (d.boxes(), d.boxes()),
        BoxCoder((10, 10, 5, 5)).encode_single,
    ),
    "ops.decode_boxes": Example(
        partial(ops.decode_boxes, weights=(10, 10, 5, 5)),
        lambda d: (d.normal(d.size, 4), d.boxes()),
        BoxCoder((10, 10, 5, 5)).decode_single,
    ),
    "ops.assign": Example(
        partial(ops.assign, high=0.5, low=0.4, keep_best=True),
        lambda d: (d.share(4, d.size),),
        lambda iou: Matcher(0.5, 0.4, allow_low_quality_matches=True)(iou),
    ),
    "ops.ssd_match": Example(ops.ssd_match, lambda d: (d.share(4, d.size),), SSDMatcher(0.5)),
    "ops.balanced_sample": Example(
        balanced_sample,
        lambda d: (d.labels(2, d.size), 4, 0.25),
    ),
    "ops.hard_negatives": Example(
        ops.hard_negatives, lambda d: (d.share(2, d.size), d.mask(2, d.size))
    ),
    "ops.filter_detections": Example(
        ops.filter_detections,
        lambda d: (d.boxes(), d.share(d.size), d.labels(d.size), (40, 40)),
    ),
    # ops: regions of a map
    "ops.roi_align": Example(
        partial(ops.roi_align, sampling_ratio=2, aligned=True),
        _rois,
        partial(tv.roi_align, sampling_ratio=2, aligned=True),
        timed_at=24,
    ),
    "ops.ps_roi_align": Example(ops.ps_roi_align, _rois, tv.ps_roi_align, timed_at=24),
    "ops.roi_pool": Example(ops.roi_pool, _rois, tv.roi_pool, timed_at=24),
    "ops.roi_warp": Example(ops.roi_warp, lambda d: _rois(d)[:3], timed_at=24),
    "ops.assign_levels": Example(
        ops.assign_levels,
        lambda d: (d.boxes(), 2, 5),
        lambda boxes, low, high: LevelMapper(low, high)([boxes]) + low,
    ),
    "ops.spatial_pyramid_pool": Example(
        ops.spatial_pyramid_pool,
        lambda d: (_square(d, 2, 3), (4, 2, 1)),
        lambda x, levels: torch.cat([F.adaptive_max_pool2d(x, n).flatten(1) for n in levels], 1),
        timed_at=24,
    ),
    # ops: convolutions, pooling, sizes
    "ops.conv2d": Example(
        ops.conv2d,
        lambda d: (_square(d, 2, 3), d.normal(4, 3, 3, 3), d.normal(4)),
        F.conv2d,
        64,
        rows=(0,),
    ),
    "ops.conv_transpose2d": Example(
        ops.conv_transpose2d,
        lambda d: (_square(d, 2, 3), d.normal(3, 4, 4, 4), d.normal(4), 2, 1),
        F.conv_transpose2d,
        64,
        rows=(0,),
    ),
    "ops.cross_correlate": Example(
        ops.cross_correlate,
        lambda d: (_square(d), d.normal(3, 3)),
        lambda x, w: F.conv2d(x[None, None], w[None, None])[0, 0],
    ),
    "ops.convolve": Example(
        ops.convolve,
        lambda d: (_square(d), d.normal(3, 3)),
        lambda x, w: F.conv2d(x[None, None], w.flip(0, 1)[None, None])[0, 0],
    ),
    "ops.convolution_matrix": Example(
        ops.convolution_matrix, lambda d: (d.normal(3, 3), d.size), timed_at=24
    ),
    "ops.dilate_kernel": Example(ops.dilate_kernel, lambda d: (d.normal(4, 3, 3, 3), 2)),
    "ops.path_counts": Example(ops.path_counts, lambda d: (LAYERS,)),
    "ops.receptive_field": Example(ops.receptive_field, lambda d: (LAYERS,)),
    "ops.effective_receptive_field": Example(
        ops.effective_receptive_field,
        lambda d: (conv.to(d.device, d.dtype), _square(d, 2, 3)),
        timed_at=64,
    ),
    "ops.overlap_map": Example(ops.overlap_map, lambda d: (3, 2, d.size)),
    "ops.bilinear_kernel": Example(ops.bilinear_kernel, lambda d: (4,)),
    "ops.interpolate": Example(
        ops.interpolate,
        lambda d: (_square(d, 1, 3), 2 * d.size, None, "bilinear", False),
        F.interpolate,
        rows=(0,),
    ),
    "ops.max_pool2d": Example(
        ops.max_pool2d, lambda d: (_square(d, 1, 3), 2), F.max_pool2d, rows=(0,)
    ),
    "ops.max_unpool2d": Example(ops.max_unpool2d, _pooled, F.max_unpool2d, rows=(0, 1)),
    "ops.unpool_nearest": Example(
        ops.unpool_nearest,
        lambda d: (_square(d, 1, 3), 2),
        lambda x, scale_factor: F.interpolate(x, scale_factor=scale_factor),
        rows=(0,),
    ),
    "ops.bed_of_nails": Example(ops.bed_of_nails, lambda d: (_square(d, 1, 3), 2), rows=(0,)),
    "ops.shift_and_stitch": Example(
        ops.shift_and_stitch,
        lambda d: (lambda x: F.max_pool2d(x, 2), _square(d, 1, 3), 2),
        lambda network, x, factor: F.max_pool2d(x, factor, stride=1),
        rows=(1,),
    ),
    "ops.split_phases": Example(ops.split_phases, lambda d: (d.normal(2, 3, 8, 8), 2)),
    "ops.stitch": Example(ops.stitch, lambda d: (d.normal(8, 3, 4, 4), 2)),
    "ops.crop_and_resize": Example(ops.crop_and_resize, lambda d: (*_crops(d), 7), rows=(0, 1)),
    "ops.paste": Example(ops.paste, lambda d: (*_crops(d), (d.size, d.size)), rows=(0, 1)),
    "ops.standardize": Example(ops.standardize, lambda d: (_square(d, 2, 3),), rows=(0,)),
    # ops: filters, edges, regions
    "ops.canny_nms": Example(
        ops.canny_nms, lambda d: (d.share(d.size, d.size), d.normal(d.size, d.size))
    ),
    "ops.non_max_suppression_1d": Example(ops.non_max_suppression_1d, lambda d: (d.share(d.size),)),
    "ops.pyr_down": Example(ops.pyr_down, lambda d: (d.image(),), rows=(0,)),
    "ops.pyr_up": Example(ops.pyr_up, lambda d: (d.image(), 2 * d.size), rows=(0,)),
    "ops.gaussian_pyramid": Example(ops.gaussian_pyramid, lambda d: (d.image(), 3)),
    "ops.laplacian_pyramid": Example(ops.laplacian_pyramid, lambda d: (d.image(), 3)),
    "ops.reconstruct": Example(ops.reconstruct, lambda d: (ops.laplacian_pyramid(d.image(), 3),)),
    "ops.graph_segmentation": Example(
        partial(ops.graph_segmentation, scale=0.5, sigma=0.5, min_size=3),
        lambda d: (d.image(),),
        timed_at=64,
    ),
    "ops.superpixel_vote": Example(
        ops.superpixel_vote, lambda d: (d.image(K), d.labels(d.size, d.size, classes=7))
    ),
    # ops: random fields
    "ops.gauss_transform": Example(
        ops.gauss_transform, lambda d: (d.share(d.size, 2), d.normal(d.size, 3)), timed_at=1000
    ),
    "ops.bilateral_grid_transform": Example(
        ops.bilateral_grid_transform,
        lambda d: (d.share(d.size, 2), d.normal(d.size, 3)),
        timed_at=10_000,
    ),
    "ops.mean_field": Example(
        partial(ops.mean_field, appearance=APPEARANCE),
        lambda d: (d.unary(), d.image()),
        timed_at=32,
    ),
    "ops.approximate_mean_field": Example(
        partial(ops.approximate_mean_field, appearance=APPEARANCE),
        lambda d: (d.unary(), d.image()),
        timed_at=64,
    ),
    "ops.grid_crf": Example(partial(ops.grid_crf, weight=2.0), lambda d: (d.unary(),)),
    "ops.pair_weights": Example(
        partial(ops.pair_weights, appearance=APPEARANCE), lambda d: (d.image(),), timed_at=24
    ),
    "ops.crf_energy": Example(
        ops.crf_energy,
        lambda d: (
            d.labels(d.size, d.size),
            d.unary(),
            ops.pair_weights(d.image(), appearance=APPEARANCE),
        ),
        timed_at=24,
    ),
    "ops.crf_marginals": Example(
        ops.crf_marginals,
        lambda d: (d.normal(2, 3, 3), ops.pair_weights(d.share(3, 3, 3), appearance=APPEARANCE)),
    ),
    # losses
    "losses.cross_entropy": Example(
        losses.cross_entropy,
        lambda d: (d.normal(2, K, d.size, d.size), d.labels(2, d.size, d.size)),
        F.cross_entropy,
    ),
    "losses.dice_loss": Example(
        losses.dice_loss, lambda d: (d.normal(2, K, d.size, d.size), d.labels(2, d.size, d.size))
    ),
    "losses.smooth_l1_loss": Example(
        losses.smooth_l1_loss,
        lambda d: (d.normal(d.size, 4), d.normal(d.size, 4)),
        F.smooth_l1_loss,
    ),
    "losses.sigmoid_focal_loss": Example(
        losses.sigmoid_focal_loss,
        lambda d: (d.normal(d.size, K), d.mask(d.size, K).to(d.dtype)),
        tv.sigmoid_focal_loss,
        timed_at=10_000,
    ),
    "losses.multi_task_loss": Example(
        losses.multi_task_loss,
        lambda d: (d.normal(d.size, K), d.share(d.size, 4), d.labels(d.size), d.share(d.size, 4)),
    ),
    # metrics: maps and masks
    "metrics.confusion_matrix": Example(
        metrics.confusion_matrix,
        lambda d: (d.labels(d.size, d.size), d.labels(d.size, d.size), K),
        _confusion,
    ),
    "metrics.confusion_matrices": Example(
        metrics.confusion_matrices,
        lambda d: (d.labels(2, d.size, d.size), d.labels(2, d.size, d.size), K),
        rows=(0, 1),
    ),
    **{f"metrics.{name}": Example(getattr(metrics, name), _matrix) for name in OF_A_MATRIX},
    "metrics.boundary_pixels": Example(
        metrics.boundary_pixels, lambda d: (d.mask(2, d.size, d.size),), rows=(0,)
    ),
    "metrics.boundary_f_score": Example(
        metrics.boundary_f_score,
        lambda d: (d.mask(2, d.size, d.size), d.mask(2, d.size, d.size), 2),
        rows=(0, 1),
    ),
    "metrics.boundary_iou": Example(
        metrics.boundary_iou,
        lambda d: (d.mask(2, d.size, d.size), d.mask(2, d.size, d.size), 2),
        rows=(0, 1),
    ),
    "metrics.instance_iou": Example(
        metrics.instance_iou, lambda d: (d.labels(d.size, d.size), d.labels(d.size, d.size))
    ),
    "metrics.match_instances": Example(
        metrics.match_instances, lambda d: (d.labels(d.size, d.size), d.labels(d.size, d.size))
    ),
    "metrics.instance_f1": Example(metrics.instance_f1, lambda d: (3, 2, 1)),
    # metrics: detections, joints, rankings
    "metrics.voc_match": Example(metrics.voc_match, lambda d: d.detections(), timed_at=20),
    "metrics.voc_ap": Example(metrics.voc_ap, lambda d: d.detections(), timed_at=20),
    "metrics.coco_evaluate": Example(metrics.coco_evaluate, lambda d: d.detections(), timed_at=20),
    "metrics.ap_by_size": Example(
        partial(metrics.ap_by_size, iou_type="segm"),
        lambda d: (*d.segmented(), (5.0, 15.0)),
        timed_at=20,
    ),
    "metrics.proposal_recall": Example(
        partial(metrics.proposal_recall, k=5, iou_threshold=0.5),
        lambda d: d.detections(),
        timed_at=20,
    ),
    "metrics.class_curve": Example(metrics.class_curve, lambda d: (_matches(d), 1), timed_at=20),
    "metrics.precision_recall": Example(
        metrics.precision_recall, lambda d: (d.share(d.size), d.mask(d.size), d.size)
    ),
    "metrics.average_precision": Example(
        metrics.average_precision,
        lambda d: (metrics.precision_recall(d.share(d.size), d.mask(d.size), d.size),),
    ),
    "metrics.pck": Example(
        metrics.pck,
        lambda d: (d.share(d.size, 14, 2), d.share(d.size, 14, 2), d.share(d.size)),
    ),
    "metrics.torso_length": Example(
        metrics.torso_length, lambda d: (d.share(d.size, 14, 2),), rows=(0,)
    ),
    "metrics.kendall_tau": Example(
        metrics.kendall_tau, lambda d: (d.normal(d.size), d.normal(d.size))
    ),
}


def public_functions() -> list[str]:
    """ "ops.box_iou" and so on: every function that ops, losses and metrics export."""
    return [
        f"{module.__name__.rsplit('.', 1)[1]}.{name}"
        for module in (ops, losses, metrics)
        for name in module.__all__
        if not isinstance(getattr(module, name), type)
    ]
