"""What DeconvNet sees: crops of scenes round their objects, and proposals.

Noh, Hong and Han, ICCV 2015, section 4. An easy crop is an object's box, 1.2 times as large; only
the object in its middle is labelled, all others are background. A hard crop is a proposal, likewise
enlarged, with every class labelled. The paper takes Edge Boxes as proposals. Ours are jittered true
boxes, half of them, and random ones: proposals that are computed come later in the book.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lookclosely import ops
from lookclosely.data import scenes
from lookclosely.models.segmentation.deconvnet import merge_scores

from .scene_labelling import Labelled

# Plain surfaces, so that nets of this size learn shapes in two minutes.
SCENES = scenes.Config(size=(64, 64), textures=("plain",))
ENLARGE = 1.2
Kind = Literal["easy", "hard"]


def lone(scale: float) -> scenes.Config:
    """The same scenes with one object only, whose diameter is this share of the image's side."""
    return replace(SCENES, objects=(1, 1), scale=(scale, scale))


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
def crops(kind: Kind, count: int, each: int, size: int, *, seed: int = 0) -> Labelled:
    """All crops of a kind, of the first ``count`` scenes of a set, the training set's by default.

    ``each``: hard crops of a scene. There is one easy crop for each object.
    """
    generator = torch.Generator().manual_seed(0)
    parts = []
    for scene in scenes.Scenes(count, seed=seed, config=SCENES):
        if kind == "hard":
            boxes = enlarged(propose(scene, each, generator))
            parts.append(_cut(scene.image, scene.semantic, boxes, size))
        else:
            for mask, box, name in zip(scene.instances, scene.boxes, scene.classes.tolist()):
                around = enlarged(box[None])
                parts.append(_cut(scene.image, name * mask.long(), around, size))
    images, maps = zip(*parts)
    return torch.cat(images), torch.cat(maps)


def proposals(
    count: int, each: int, config: scenes.Config = SCENES, *, seed: int = 2
) -> list[Float[Tensor, "P 4"]]:
    """The enlarged proposals of the first scenes of a set, the test set's by default: the same for
    every net.
    """
    generator = torch.Generator().manual_seed(1)
    drawn = scenes.Scenes(count, seed=seed, config=config)
    return [enlarged(propose(scene, each, generator)) for scene in drawn]


@torch.no_grad()
def proposal_scores(
    net: nn.Module,
    images: Float[Tensor, "N 3 H W"],
    boxes: list[Float[Tensor, "P 4"]],
    size: int,
    *,
    how: str = "max",
) -> Float[Tensor, "N C H W"]:
    """Score maps of whole images (centred on 0), merged from those of their proposals.

    ``size`` is the side to which proposals are brought before the net sees them.
    """
    plane = (images.shape[-2], images.shape[-1])
    merged = []
    for image, around in zip(images, boxes):
        many = image.expand(len(around), -1, -1, -1)
        found = net(ops.crop_and_resize(many, around, size))
        merged.append(merge_scores(found, around, plane, how=how))
    return torch.stack(merged)
