"""Semantic segmentation of scenes: the data, the loss and the scores that several claims share.

Seeds 0, 1 and 2 of the scenes are the training, validation and test set: settings are chosen on
validation, and what a claim reports is measured on test.

Shapes: N images (3 channels, or what an experiment makes of them), C classes with the background,
H × W pixels.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lookclosely import metrics
from lookclosely.data import augment, scenes
from lookclosely.losses import cross_entropy

SCENES = scenes.Config(size=(64, 64))
SCALES = scenes.Config(
    size=(64, 64),
    objects=(4, 7),
    scale=(0.2, 0.7),
    max_occlusion=0.6,
    classes=("disc", "square", "triangle", "cross"),
    rotate=False,
    textures=("plain",),
)
"""Plain upright objects, the largest more than three times as large as the smallest: inside of one,
only context tells what it is. Few classes, so that networks of this size learn them in a minute."""

CLASSES = len(scenes.CLASSES)
Split = Literal["train", "val", "test"]
Labelled = tuple[Float[Tensor, "N channels H W"], Int[Tensor, "N H W"]]


@lru_cache(maxsize=8)
def labelled(split: Split, count: int, config: scenes.Config = SCENES) -> Labelled:
    """The first ``count`` images of a split, centred on 0, and their label maps."""
    seed = ("train", "val", "test").index(split)
    data = scenes.batch(range(count), seed=seed, config=config)
    return data["image"] - 0.5, data["semantic"]


def batches(data: Labelled, size: int, seed: int) -> Iterator[Labelled]:
    """Batches without end, drawn with replacement, each image turned or mirrored at random."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        chosen = torch.randint(len(data[0]), (size,), generator=generator).tolist()
        pairs = [augment.random_dihedral(data[0][i], data[1][i][None], generator) for i in chosen]
        images, labels = (torch.stack(part) for part in zip(*pairs))
        yield images, labels[:, 0]


def pixel_loss(model: nn.Module, batch: Labelled) -> Float[Tensor, ""]:
    """Cross-entropy, the mean over all pixels of the batch."""
    images, labels = batch
    return cross_entropy(model(images).float(), labels)


@torch.no_grad()
def probabilities(
    model: nn.Module, images: Float[Tensor, "N channels H W"], *, batch: int = 50
) -> Float[Tensor, "N C H W"]:
    """The softmax of the model's scores, without gradients."""
    model.eval()
    return torch.cat([model(part).float().softmax(1) for part in images.split(batch)])


def scores(
    pred: Int[Tensor, "N H W"], labels: Int[Tensor, "N H W"], *, tolerance: float = 1.0
) -> dict[str, float]:
    """Pixel accuracy and mean IoU of the whole set, and boundary F.

    Boundary F is the mean over all pairs of an image and a class (not the background) that is true
    or predicted there.
    """
    matrix = metrics.confusion_matrix(pred, labels, CLASSES)
    outlines = [
        metrics.boundary_f_score(pred[there] == k, labels[there] == k, tolerance)
        for k in range(1, CLASSES)
        if (there := ((pred == k) | (labels == k)).flatten(1).any(1)).any()
    ]
    return {
        "pixel_accuracy": float(metrics.pixel_accuracy(matrix)),
        "miou": float(metrics.mean_iou(matrix)),
        "boundary_f": float(torch.cat(outlines).mean()) if outlines else 1.0,
    }
