"""A scene with all its targets, and the scenes of a data set. See the package's heading."""

import dataclasses
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor
from torch.utils.data import Dataset

from . import render, sentences
from .config import CLASSES, Config
from .sentences import Relation

DEFAULT = Config()

CONTEXT_FREE = Config(smooth=False, noise=0.0)
"""Scenes in which the colour of one pixel says nothing at all about its class. (With smooth edges a
mixed colour says "edge", and an edge is more often an object's than other pixels are.)"""


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """One picture and all that is to be known of it. Objects are in order, the nearest first."""

    image: Float32[Tensor, "3 H W"]
    """RGB in [0, 1]."""

    semantic: Int64[Tensor, "H W"]
    """The class of each pixel, an index into CLASSES; 0 is the background."""

    instances: Bool[Tensor, "N H W"]
    """Where each object is seen; no two overlap."""

    full: Bool[Tensor, "N H W"]
    """Where each object is, hidden parts included."""

    boxes: Float32[Tensor, "N 4"]
    """Boxes (xyxy) of what is seen."""

    full_boxes: Float32[Tensor, "N 4"]
    """Boxes (xyxy) of the full masks."""

    classes: Int64[Tensor, " N"]
    """Index into CLASSES, from 1."""

    depth: Int64[Tensor, " N"]
    """0 for the nearest, 1 for the next … Where two overlap, the one with the lower is in front."""

    covers: Int64[Tensor, "N N"]
    """covers[i, j]: at how many pixels of j's full mask i is seen. The diagonal is what is seen of
    each object, above it is who hides how much of whom, each column adds up to a full mask."""

    keypoints: Float32[Tensor, "N 14 3"]
    """The joints of a figure in the order of JOINTS: x, y, and 2 if seen, 1 if hidden by a
    nearer object, 0 (and x = y = 0) if outside of the image. All 0 for other classes."""

    colours: tuple[str, ...]
    """The colour of each object, a name from COLOURS."""

    textures: tuple[str, ...]
    """The texture of each object, a name from TEXTURES."""

    background: tuple[str, str]
    """Colour and texture of the background."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The class of each object by name."""
        return tuple(CLASSES[k] for k in self.classes.tolist())

    @cached_property
    def phrases(self) -> tuple[str, ...]:
        """Each object in words: "a red striped star"."""
        looks = zip(self.colours, self.textures, self.names, strict=True)
        return tuple(sentences.phrase(*look) for look in looks)

    @cached_property
    def relations(self) -> tuple[Relation, ...]:
        """(i, predicate, j): all PREDICATES that hold of objects i and j.

        - "left of", "right of", "above", "below": between the middles of the two full boxes. The
          larger of the two offsets decides, so at most one of them holds; none does if it is less
          than 0.1 of the image's shorter side.
        - "in front of": i is seen at more than 3 % of the pixels of j's full mask.
        - "behind": the converse.
        """
        boxes, covers = self.full_boxes.tolist(), self.covers.tolist()
        return sentences.relations(boxes, covers, min(self.semantic.shape))

    @cached_property
    def captions(self) -> tuple[str, ...]:
        """Sentences that are true of the scene: what there is, then one for each relation whose
        subject is the nearer object. Lower case, words in VOCABULARY, separated by spaces."""
        background = sentences.phrase(*self.background, "background")
        return sentences.captions(self.phrases, self.names, background, self.relations)


def draw(index: int, *, seed: int = 0, config: Config = DEFAULT) -> Scene:
    """Draw one scene with all its targets.

    Args:
        index: which scene, from 0, in any order.
        seed: which data set; by convention 0 for training, 1 for validation, 2 for testing.
        config: the knobs.

    Raises:
        ValueError: if index or seed is not in [0, 2⁶⁴).
    """
    image = np.empty((3, *config.size), dtype=np.float32)
    items, owner, background = render.render(image, index, seed, config)
    seen, full = render.masks(items, owner)
    as_tensor = torch.from_numpy  # shares the memory
    return Scene(
        image=as_tensor(image),
        semantic=as_tensor(render.semantic(items, owner)),
        instances=as_tensor(seen),
        full=as_tensor(full),
        boxes=as_tensor(render.boxes(seen, items)),
        full_boxes=as_tensor(render.boxes(full, items)),
        classes=as_tensor(np.array([item.body.label for item in items], dtype=np.int64)),
        depth=as_tensor(np.arange(len(items), dtype=np.int64)),
        covers=as_tensor(render.covers(items)),
        keypoints=as_tensor(render.keypoints(items, owner)),
        colours=tuple(item.look.colour for item in items),
        textures=tuple(item.look.texture for item in items),
        background=(background.colour, background.texture),
    )


def batch(indices: Sequence[int], *, seed: int = 0, config: Config = DEFAULT) -> dict[str, Tensor]:
    """What a segmentation network trains on, for many scenes at once.

    Returns:
        `image` (B, 3, H, W) float32 and `semantic` (B, H, W) int64, the same as from `draw`.
    """
    image = np.empty((len(indices), 3, *config.size), dtype=np.float32)
    semantic = np.empty((len(indices), *config.size), dtype=np.int64)
    for k, index in enumerate(indices):
        items, owner, _ = render.render(image[k], index, seed, config)
        semantic[k] = render.semantic(items, owner)
    return {"image": torch.from_numpy(image), "semantic": torch.from_numpy(semantic)}


class Scenes(Dataset[Scene]):
    """The first `length` scenes as a sequence, for `DataLoader(…, collate_fn=list)` too."""

    def __init__(self, length: int, seed: int = 0, config: Config = DEFAULT):
        if length < 0:
            raise ValueError(f"length must be at least 0, got {length}")
        self.length, self.seed, self.config = length, seed, config

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Scene]:
        return (self[index] for index in range(self.length))

    def __getitem__(self, index: int) -> Scene:
        if not 0 <= index < self.length:
            raise IndexError(f"index must be in [0, {self.length}), got {index}")
        return draw(index, seed=self.seed, config=self.config)
