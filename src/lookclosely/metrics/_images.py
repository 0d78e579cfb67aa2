"""Predictions and targets as lists with one dict an image: looked through, and laid end to end.

They stand in one order, as torchvision's detectors return them and torchmetrics takes them (D
detections and G objects, different in each image):

    prediction  boxes (D, 4) or masks (D, H, W), scores (D,), labels (D,)
    target      boxes (G, 4) or masks (G, H, W), labels (G,)

Boxes are (x1, y1, x2, y2). An image without boxes has ``boxes`` of shape (0, 4).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lookclosely.ops._arguments import comparable

Images = Sequence[Mapping[str, Any]]


class Columns:
    """The entries of all images end to end, on the CPU. Each is laid out once, when asked for."""

    def __init__(self, images: Images) -> None:
        self.images = images
        self.counts = [image["labels"].shape[0] for image in images]  # boxes or masks of each
        self._laid: dict[str, Tensor] = {}

    def __call__(self, key: str, width: tuple[int, ...] = ()) -> Tensor:
        """One entry, (N, *width); where an image lacks it, zeros."""
        if key not in self._laid:
            self._laid[key] = self._lay(key, width)
        return self._laid[key]

    def _lay(self, key: str, width: tuple[int, ...]) -> Tensor:
        if not any(key in image for image in self.images):
            return torch.zeros(sum(self.counts), *width)
        pairs = zip(self.images, self.counts, strict=True)
        rows = [p[key] if key in p else torch.zeros(n, *width) for p, n in pairs]
        try:
            return comparable(torch.cat(rows).detach().cpu())
        except RuntimeError:  # of several devices or types that torch does not join: one by one
            return torch.cat([comparable(row.detach().cpu()) for row in rows])

    def check_finite(self, name: str, key: str, why: str) -> None:
        """Raise a ValueError that names the image where an entry is not finite."""
        if not self(key).isfinite().all():
            images = enumerate(self.images)
            i = next(i for i, p in images if key in p and not p[key].isfinite().all())
            raise ValueError(f"{name}[{i}][{key!r}] has a value that is not finite: {why}")

    def check_boxes(self, name: str) -> None:
        """Raise a ValueError that names the image whose boxes cannot be compared."""
        if not _are_boxes(self("boxes", (4,))):
            images = enumerate(self.images)
            i = next(i for i, image in images if not _are_boxes(image["boxes"]))
            raise ValueError(
                f"{name}[{i}]['boxes'] must be finite (x1, y1, x2, y2) with x1 <= x2, y1 <= y2"
            )


def columns_of(
    predictions: Images, targets: Images, *, of: str = "boxes", extra: tuple[str, ...] = ()
) -> tuple[Columns, Columns]:
    """Both end to end, after a look at whether there is all that must be, in the right shapes.

    Args:
        of: "boxes" or "masks", what is compared.
        extra: entries of a target that may be missing, one number for each box.

    Raises:
        ValueError: names the image and the entry that is missing or malformed.
    """
    if len(predictions) != len(targets):
        raise ValueError(
            f"predictions has {len(predictions)} images, but targets {len(targets)}: give one "
            f"dict for each image in both, in the same order, also where there are no {of}"
        )
    for i, image in enumerate(predictions):
        _check_image(image, f"predictions[{i}]", of, (of, "scores", "labels"))
    for i, image in enumerate(targets):
        _check_image(image, f"targets[{i}]", of, (of, "labels"), extra)
    found, true = Columns(predictions), Columns(targets)
    if of == "boxes":
        found.check_boxes("predictions")
        true.check_boxes("targets")
    else:
        _check_sizes(predictions, targets)
    found.check_finite("predictions", "scores", "it cannot be ranked")
    return found, true


def _check_image(
    image: Mapping[str, Any], name: str, of: str, keys: tuple[str, ...], extra: tuple[str, ...] = ()
) -> None:
    """Entries are there, of one length, and have the shapes of boxes, masks and numbers."""
    for key in keys:
        if key not in image:
            raise ValueError(f"{name} has no {key!r}: it needs {', '.join(keys)}")
    shape = image[of].shape
    if of == "boxes" and (len(shape) != 2 or shape[1] != 4):
        raise ValueError(
            f"{name}['boxes'] has shape {tuple(shape)}: it must be (N, 4), (0, 4) for none"
        )
    if of == "masks":
        _check_masks(image["masks"], name, len(image["labels"]))
    one_each = shape[:1]
    for key in (*keys[1:], *extra):
        if key in image and image[key].shape != one_each:
            raise ValueError(
                f"{name}[{key!r}] has shape {tuple(image[key].shape)}, but there are "
                f"{shape[0]} {of}: give one value for each"
            )


def _check_masks(masks: Tensor, name: str, labels: int) -> None:
    """One mask a label, of booleans or of 0 and 1."""
    if masks.ndim != 3:
        raise ValueError(
            f"{name}['masks'] has shape {tuple(masks.shape)}: it must be (N, H, W), one a "
            f"label; of (N, 1, H, W) give masks[:, 0] > 0.5"
        )
    if len(masks) != labels:
        raise ValueError(
            f"{name}['masks'] has shape {tuple(masks.shape)}, but there are {labels} labels: give "
            f"one mask for each"
        )
    if masks.dtype.is_floating_point:
        raise ValueError(f"{name}['masks'] is {masks.dtype}: give bool, such as masks > 0.5")
    if masks.dtype != torch.bool and masks.numel() and not 0 <= masks.min() <= masks.max() <= 1:
        raise ValueError(f"{name}['masks'] holds more than 0 and 1: give bool, such as masks > 0")


def _check_sizes(predictions: Images, targets: Images) -> None:
    """Both masks of an image have its height and width."""
    for i, pair in enumerate(zip(predictions, targets, strict=True)):
        found, true = (tuple(image["masks"].shape[1:]) for image in pair)
        if found != true:
            raise ValueError(
                f"predictions[{i}]['masks'] are {found[0]} × {found[1]} pixels, but "
                f"targets[{i}]['masks'] {true[0]} × {true[1]}: give both in the image's size"
            )


def _are_boxes(boxes: Tensor) -> bool:
    boxes = comparable(boxes)
    return bool((boxes[:, 2:] >= boxes[:, :2]).all() and boxes.isfinite().all())
