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


def column(images: Images, key: str, empty: Tensor) -> Tensor:
    """One entry of all images, on the CPU; where an image lacks it, zeros."""
    if not any(key in image for image in images):
        return empty.new_zeros(sum(counts(images)), *empty.shape[1:])
    rows = [comparable(p[key]) if key in p else torch.zeros(counts([p])) for p in images]
    if len({row.device for row in rows}) > 1:  # a data set is on the CPU, a model's output is not
        rows = [row.cpu() for row in rows]
    return torch.cat(rows).detach().cpu()


def counts(images: Images) -> list[int]:
    """How many boxes or masks each image has."""
    return [len(image["labels"]) for image in images]


def check_images(
    predictions: Images, targets: Images, *, of: str = "boxes", extra: tuple[str, ...] = ()
) -> None:
    """Raise a ValueError unless there is one dict an image in both, with what it must have.

    Args:
        of: "boxes" or "masks", what is compared.
        extra: entries of a target that may be missing, one number for each box.
    """
    if len(predictions) != len(targets):
        raise ValueError(
            f"predictions has {len(predictions)} images, but targets {len(targets)}: give one "
            f"dict for each image in both, in the same order, also where there are no {of}"
        )
    for name, images, keys in (
        ("predictions", predictions, (of, "scores", "labels")),
        ("targets", targets, (of, "labels")),
    ):
        for i, image in enumerate(images):
            _check_image(image, f"{name}[{i}]", of, keys, extra if name == "targets" else ())
        if of == "boxes":
            _check_boxes(images, name)
    check_finite(predictions, "predictions", "scores", "it cannot be ranked")
    if of == "masks":
        for i, pair in enumerate(zip(predictions, targets)):
            found, true = (tuple(image["masks"].shape[1:]) for image in pair)
            if found != true:
                raise ValueError(
                    f"predictions[{i}]['masks'] are {found[0]} × {found[1]} pixels, but "
                    f"targets[{i}]['masks'] {true[0]} × {true[1]}: give both in the image's size"
                )


def check_finite(images: Images, name: str, key: str, why: str) -> None:
    """Raise a ValueError that names the image where an entry is not finite."""
    if not column(images, key, torch.zeros(0)).isfinite().all():
        i = next(i for i, p in enumerate(images) if key in p and not p[key].isfinite().all())
        raise ValueError(f"{name}[{i}][{key!r}] has a value that is not finite: {why}")


def _check_image(
    image: Mapping[str, Any], name: str, of: str, keys: tuple[str, ...], extra: tuple[str, ...]
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
    for key in (*keys[1:], *extra):
        if key in image and image[key].shape != shape[:1]:
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


def _check_boxes(images: Images, name: str) -> None:
    """Boxes can be compared. Looked at once, for all images together."""
    if not _are_boxes(column(images, "boxes", torch.zeros(0, 4))):
        i = next(i for i, image in enumerate(images) if not _are_boxes(image["boxes"]))
        raise ValueError(
            f"{name}[{i}]['boxes'] must be finite (x1, y1, x2, y2) with x1 <= x2, y1 <= y2"
        )


def _are_boxes(boxes: Tensor) -> bool:
    boxes = comparable(boxes)
    return bool((boxes[:, 2:] >= boxes[:, :2]).all() and boxes.isfinite().all())
