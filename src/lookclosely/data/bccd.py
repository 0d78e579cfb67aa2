"""Blood cells under the microscope: the BCCD data set, with a box around every cell.

364 images of 640×480 pixels; 4,153 red cells (RBC), 372 white cells (WBC) and 361 platelets: the
classes are far from balanced, and a platelet is a fifth as wide as a white cell. Licence: MIT.
Source: github.com/Shenggan/BCCD_Dataset, after images and labels by cosmicad and akshaylamba.

Coordinates. The files are in the format of PASCAL VOC, whose pixels count from 1 and whose maxima
are part of the box: here xmin is never 0, and 1 and 640 are both common. Pixel p of VOC covers
[p − 1, p) of ours, so (xmin, ymin, xmax, ymax) becomes (xmin − 1, ymin − 1, xmax, ymax).

Shapes: N cells of one image, H = 480, W = 640.
"""

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Int64
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from . import fetch

CLASSES = ("background", "RBC", "WBC", "Platelets")
SPLITS = ("train", "val", "test")

_COMMIT = "d272fb14cdff6e473fafeeeba32aba5f560e9e43"
_MEMBER = re.compile(
    r"(?:^|/)(BCCD/(?:ImageSets/Main/(?:train|val|test)\.txt"
    r"|JPEGImages/\w+\.jpg|Annotations/\w+\.xml))$"
)


@dataclass(frozen=True)
class BloodCells:
    """One image, the boxes (xyxy) of its cells, and their classes (1 to 3, as in ``CLASSES``)."""

    name: str
    image: Float32[Tensor, "3 H W"]
    boxes: Float32[Tensor, "N 4"]
    classes: Int64[Tensor, " N"]


class BloodCellsDataset(Dataset[BloodCells]):
    """A split. The images stay compressed, and an item decodes its own (about 5 ms)."""

    def __init__(self, names: tuple[str, ...], members: fetch.Members) -> None:
        self.names = names
        self._jpegs = [members[f"BCCD/JPEGImages/{name}.jpg"] for name in names]
        self.targets = [parse_voc(members[f"BCCD/Annotations/{name}.xml"]) for name in names]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> BloodCells:
        pixels = np.array(Image.open(io.BytesIO(self._jpegs[index])).convert("RGB"))
        image = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
        boxes, classes = self.targets[index]
        return BloodCells(self.names[index], image, boxes, classes)

    def __iter__(self) -> Iterator[BloodCells]:
        return (self[index] for index in range(len(self)))


def load(split: str) -> BloodCellsDataset:
    """The authors' own split: ``"train"`` (205 images), ``"val"`` (87) or ``"test"`` (72).

    Raises ``ValueError`` for another split, ``MissingData`` or ``DamagedData`` without a good file.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
    members = fetch.load(SOURCE)
    names = members[f"BCCD/ImageSets/Main/{split}.txt"].decode().split()
    return BloodCellsDataset(tuple(names), members)


def parse_voc(xml: bytes) -> tuple[Float32[Tensor, "N 4"], Int64[Tensor, " N"]]:
    """Boxes and classes of a VOC annotation, in the coordinates described above.

    Two red cells have xmin = xmax and ymin = ymax, a click without a drag: they are left out.
    """
    boxes, classes = [], []
    for cell in ET.fromstring(xml).iter("object"):
        xmin, ymin, xmax, ymax = (
            int(cell.findtext(f"bndbox/{side}", "")) for side in ("xmin", "ymin", "xmax", "ymax")
        )
        if xmax > xmin and ymax > ymin:
            boxes.append((xmin - 1, ymin - 1, xmax, ymax))
            classes.append(CLASSES.index(cell.findtext("name", "")))
    return (
        torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        torch.tensor(classes, dtype=torch.int64),
    )


def _read(data: bytes) -> fetch.Members:
    """Images, annotations and splits, from our zip or from the archive of the repository."""
    return fetch.read_zip(data, _MEMBER)


SOURCE = fetch.Source(
    file="bccd.zip",
    title="The data set of blood cells (BCCD)",
    urls=(f"https://github.com/Shenggan/BCCD_Dataset/archive/{_COMMIT}.zip",),
    sha256="aa9007e6e4492679d3097402c3a2724d440d560b547228f64d0f026670007677",
    read=_read,
)
