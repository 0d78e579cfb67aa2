"""Foreground and instances of cell nuclei: batches, the U-Net's loss, prediction and scores.

Shapes: N images, B crops of a batch, H × W pixels, s the side of a crop.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from skimage import measure
from skimage.filters import threshold_otsu
from torch import Tensor, nn

from lookclosely import ops
from lookclosely.data import augment, nuclei
from lookclosely.losses import cross_entropy, dice_loss
from lookclosely.metrics import boundary_f_score, instance_f1, match_instances
from lookclosely.models.segmentation.unet import border_weight_map

Batch = tuple[Float[Tensor, "B 1 s s"], Int[Tensor, "B s s"], Float[Tensor, "B s s"]]


def training_batches(
    size: int, seed: int, *, crop: int = 96, images: int = 200, border_weight: float = 10.0
) -> Iterator[Batch]:
    """Random crops of the training images, turned and mirrored, with labels and border weights.

    Args:
        size: crops in a batch.
        crop: side of a crop in pixels.
        images: how many of the 200 training images are used.
        border_weight: w0 of ``border_weight_map``; with 0 every pixel counts the same.
    """
    x, y = _training_set(images, border_weight)
    generator = torch.Generator().manual_seed(seed)
    while True:
        chosen = torch.randint(len(x), (size,), generator=generator).tolist()
        pairs = [
            augment.random_dihedral(*augment.random_crop(x[i], y[i], crop, generator), generator)
            for i in chosen
        ]
        inputs, targets = (torch.stack(part) for part in zip(*pairs))
        yield inputs, targets[:, 0].long(), targets[:, 1]


@lru_cache(maxsize=1)
def _training_set(count: int, border_weight: float) -> tuple[Tensor, Tensor]:
    """Standardised grey images (N, 1, H, W); labels and weights (N, 2, H, W)."""
    data = nuclei.load("train")
    x = ops.standardize(data.images[:count, :1].float() / 255)
    weight = [border_weight_map(labels, w0=border_weight) for labels in data.labels[:count]]
    return x, torch.stack([data.semantic[:count].float(), torch.stack(weight)], dim=1)


def weighted_loss(model: nn.Module, batch: Batch, dice_weight: float = 1.0) -> Float[Tensor, ""]:
    """Cross-entropy, each pixel by its border weight, plus the Dice loss.

    The Dice loss asks for what IoU measures (Milletari et al. 2016).
    """
    images, target, weight = batch
    logits = model(images).float()
    loss = cross_entropy(logits, target, pixel_weight=weight)
    return loss + dice_weight * dice_loss(logits, target)


@torch.no_grad()
def foreground(
    model: nn.Module, images: Float[Tensor, "N 3 H W"], *, turns: int = 1
) -> Float[Tensor, "N H W"]:
    """Probability of "nucleus" for every pixel.

    With ``turns=4`` the mean over the image's four orientations, each turned back: the paper
    averages seven rotated versions (Ronneberger et al. 2015, Table 1).
    """
    model.eval()
    x = ops.standardize(images[:, :1])
    total = torch.zeros_like(x[:, 0])
    for k in range(turns):
        turned = torch.rot90(x, k, (-2, -1))
        scores = torch.cat([model(part).softmax(1)[:, 1] for part in turned.split(12)])
        total += torch.rot90(scores, -k, (-2, -1))
    return total / turns


def components(mask: Tensor, min_area: int) -> Int[Tensor, "H W"]:
    """Instances of a mask: its 4-connected components of at least ``min_area`` pixels, numbered
    from 1.
    """
    labels = np.asarray(measure.label(mask.numpy(), connectivity=1))
    labels[np.bincount(labels.ravel())[labels] < min_area] = 0
    return torch.from_numpy(labels).long()


def without_specks(masks: Bool[Tensor, "N H W"], min_area: int) -> Bool[Tensor, "N H W"]:
    """The masks without their components of fewer than ``min_area`` pixels."""
    return torch.stack([components(mask, min_area) > 0 for mask in masks])


def score(
    masks: Bool[Tensor, "N H W"],
    data: nuclei.NucleiDataset,
    *,
    min_area: int = 20,
    tolerances: Sequence[float] = (1.0, 2.0),
) -> dict[str, list[float]]:
    """For each image of a split: foreground IoU, boundary F, and F1 of its instances at IoU 0.5.

    Args:
        masks: where nuclei were found, for the first N images of ``data``.
        min_area: smaller components are not nuclei, in pixels.
        tolerances: of the boundary F score, in pixels.
    """
    rows: dict[str, list[float]] = defaultdict(list)
    for mask, labels in zip(masks, data.labels):
        truth = labels > 0
        rows["iou"].append(float((mask & truth).sum() / (mask | truth).sum()))
        for pixels in tolerances:
            rows[f"boundary_f_{pixels:g}px"].append(float(boundary_f_score(mask, truth, pixels)))
        found = components(mask, min_area)
        match = match_instances(found, labels.long(), 0.5)
        rows["instance_f1"].append(instance_f1(match.tp, match.fp, match.fn))
    return {name: [round(value, 4) for value in values] for name, values in rows.items()}


def fates(
    masks: Bool[Tensor, "N H W"], labels: Int[Tensor, "N H W"], *, min_area: int = 20
) -> dict[str, float]:
    """What became of the true nuclei, as shares of all of them in all images.

    A component of the mask finds a nucleus if it covers more than half of it. ``missed``: no
    component does. ``merged``: its component finds another nucleus too. The rest are found alone.
    With no true nucleus both are 0.
    """
    total = missed = merged = 0
    for mask, truth in zip(masks, labels.long()):
        found = components(mask, min_area)
        wide = int(found.max()) + 1
        overlap = torch.bincount((truth * wide + found).flatten())
        overlap = F.pad(overlap, (0, -len(overlap) % wide)).view(-1, wide)[1:]
        overlap = overlap[overlap.sum(1) > 0]  # (nuclei, components)
        finds = 2 * overlap[:, 1:] > overlap.sum(1, keepdim=True)
        total += len(finds)
        missed += int((~finds.any(1)).sum())
        merged += int(finds[:, finds.sum(0) > 1].sum())
    return {"missed": missed / max(1, total), "merged": merged / max(1, total)}


def averages(rows: dict[str, list[float]]) -> dict[str, float]:
    return {name: sum(values) / len(values) for name, values in rows.items()}


def otsu(images: Float[Tensor, "N 3 H W"]) -> Tensor:
    """The trivial baseline: each image cut at its own Otsu threshold, bright is nucleus."""
    grey = images[:, 0].numpy()
    return torch.stack([torch.from_numpy(image > threshold_otsu(image)) for image in grey])
