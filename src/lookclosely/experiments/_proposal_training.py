"""What DeconvNet is trained and tested on: crops of scenes round their objects.

Noh, Hong and Han, ICCV 2015, section 4. An easy crop is an object's box, 1.2 times as large; only
the object in its middle is labelled, all others are background. A hard crop is a proposal, likewise
enlarged, with every class labelled. The paper takes Edge Boxes as proposals. Ours are jittered true
boxes, half of them, and random ones: proposals that are computed come later in the book.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lookclosely import ops
from lookclosely.data import scenes
from lookclosely.models.deconvnet import DeconvNet, merge_scores
from lookclosely.models.fcn import FCN
from lookclosely.train import fit

from ._scene_labelling import CLASSES, Labelled, batches, labelled, pixel_loss

SCENES = scenes.Config()
ENLARGE = 1.2
Kind = Literal["easy", "hard"]


@dataclass(frozen=True)
class Training:
    """What all the experiments on DeconvNet share, so that one net serves several claims."""

    size: int = 48
    channels: tuple[int, ...] = (16, 32, 48)
    code: int = 96
    steps: int = 1200
    easy_steps: int = 600  # of them in the first of two stages
    batch: int = 16
    lr: float = 3e-3
    precision: Literal["no", "bf16"] = "bf16"
    train_scenes: int = 800
    proposals: int = 6  # of a scene, for training and testing
    fcn_batch: int = 4  # whole scenes of 96 × 96 pixels: as many pixels as 16 crops


def enlarged(boxes: Float[Tensor, "N 4"], factor: float = ENLARGE) -> Float[Tensor, "N 4"]:
    """Boxes (xyxy) with the same centre, ``factor`` times as wide and high."""
    centre, extent = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    return torch.cat([centre - extent * factor / 2, centre + extent * factor / 2], dim=1)


def propose(
    scene: scenes.Scene, count: int, generator: torch.Generator
) -> Float[Tensor, "count 4"]:
    """Boxes that may hold an object: half of them true boxes, jittered, and half at random.

    Jitter: centre and extent of a random object's box change by up to 20 % of the extent, each way.
    """
    height, width = scene.semantic.shape
    near = count // 2 if len(scene.boxes) else 0
    chosen = torch.randint(max(1, len(scene.boxes)), (near,), generator=generator)
    boxes = scene.boxes[chosen]
    extent = boxes[:, 2:] - boxes[:, :2]
    shift, growth = 0.4 * torch.rand(2, near, 2, generator=generator) - 0.2
    centre, extent = (boxes[:, :2] + boxes[:, 2:]) / 2 + shift * extent, extent * (1 + growth)
    jittered = torch.cat([centre - extent / 2, centre + extent / 2], dim=1)
    extent = (0.2 + 0.4 * torch.rand(count - near, 2, generator=generator)) * min(height, width)
    room = torch.tensor([width, height]) - extent
    corner = torch.rand(count - near, 2, generator=generator) * room
    return torch.cat([jittered, torch.cat([corner, corner + extent], dim=1)])


def _cut(image: Tensor, labels: Tensor, boxes: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Crops (N, 3, s, s), centred on 0, and their label maps (N, s, s)."""
    many = image.expand(len(boxes), -1, -1, -1)
    maps = labels.expand(len(boxes), -1, -1)[:, None].float()
    # What lies beyond the image is 0, the middle grey; the label there is 0, background.
    crops = ops.crop_and_resize(many - 0.5, boxes, size)
    return crops, ops.crop_and_resize(maps, boxes, size, mode="nearest")[:, 0].long()


@lru_cache(maxsize=2)
def crops(kind: Kind, training: Training) -> Labelled:
    """All training crops of a kind, of the first ``train_scenes`` training scenes."""
    generator = torch.Generator().manual_seed(0)
    parts = []
    for scene in scenes.Scenes(training.train_scenes, seed=0, config=SCENES):
        if kind == "hard":
            boxes = enlarged(propose(scene, training.proposals, generator))
            parts.append(_cut(scene.image, scene.semantic, boxes, training.size))
        else:
            for mask, box, name in zip(scene.instances, scene.boxes, scene.classes.tolist()):
                around = enlarged(box[None])
                parts.append(_cut(scene.image, name * mask.long(), around, training.size))
    images, maps = zip(*parts)
    return torch.cat(images), torch.cat(maps)


Stages = tuple[tuple[Kind, int], ...]
"""Which crops, and for how many steps."""


def two_stages(training: Training) -> Stages:
    return ("easy", training.easy_steps), ("hard", training.steps - training.easy_steps)


@lru_cache(maxsize=64)
def deconvnet(
    training: Training, seed: int, stages: Stages, device: str | None, *, norm: bool = True
) -> tuple[DeconvNet, list[float]]:
    """A trained net and its losses. Every stage has its own warm-up and decay."""
    torch.manual_seed(seed)
    net = DeconvNet(
        num_classes=CLASSES,
        size=training.size,
        channels=training.channels,
        code=training.code,
        batch_norm=norm,
    )
    losses = []
    for number, (kind, steps) in enumerate(stages):
        stream = batches(crops(kind, training), training.batch, seed + 1000 * number)
        losses += _fit(net, stream, steps, seed, training, device)
    return net, losses


@lru_cache(maxsize=64)
def fcn(training: Training, seed: int, device: str | None) -> tuple[FCN, list[float]]:
    """The same number of steps on whole scenes, as many pixels in each."""
    torch.manual_seed(seed)
    net = FCN(num_classes=CLASSES)
    stream = batches(labelled("train", training.train_scenes, SCENES), training.fcn_batch, seed)
    return net, _fit(net, stream, training.steps, seed, training, device)


def _fit(
    net: nn.Module,
    stream: Iterator[Labelled],
    steps: int,
    seed: int,
    training: Training,
    device: str | None,
) -> list[float]:
    return fit(
        net,
        pixel_loss,
        stream,
        steps=steps,
        lr=training.lr,
        seed=seed,
        clip_norm=1.0,
        precision=training.precision,
        device=device,
    ).loss


def proposals(count: int, each: int, config: scenes.Config = SCENES) -> list[Float[Tensor, "P 4"]]:
    """The enlarged proposals of the first test scenes: the same for every net."""
    generator = torch.Generator().manual_seed(1)
    drawn = scenes.Scenes(count, seed=2, config=config)
    return [enlarged(propose(scene, each, generator)) for scene in drawn]


@torch.no_grad()
def proposal_scores(
    net: DeconvNet,
    images: Float[Tensor, "N 3 H W"],
    boxes: list[Float[Tensor, "P 4"]],
    *,
    how: str = "max",
) -> Float[Tensor, "N C H W"]:
    """Score maps of whole images (centred on 0), merged from those of their proposals."""
    size = (images.shape[-2], images.shape[-1])
    merged = []
    for image, around in zip(images, boxes):
        many = image.expand(len(around), -1, -1, -1)
        found = net(ops.crop_and_resize(many, around, net.size))
        merged.append(merge_scores(found, around, size, how=how))
    return torch.stack(merged)
