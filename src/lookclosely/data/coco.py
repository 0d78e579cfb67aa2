"""COCO: 51 pictures with boxes, masks, captions and joints; and a reader's own data in its format.

The pictures are those of a small excerpt of COCO 2017 (26 of its training, 25 of its validation
set) whose own licence allows to show them: CC BY 2.0 or CC BY-SA 2.0. They are for formats,
captions and figures, and too few to train on. Under each that is shown stands its ``credit``.
Annotations: CC BY 4.0, COCO Consortium. Source: github.com/Obmutescence/COCO-MINI.

Coordinates are continuous, as everywhere here: COCO's [x, y, width, height] becomes
(x, y, x + width, y + height).

Shapes: N objects of one picture, K joints, H × W pixels, different in each.
"""

import io
import json
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64
from PIL import Image, UnidentifiedImageError
from pycocotools import mask as run_lengths
from torch import Tensor
from torch.utils.data import Dataset

from . import _coco_format, fetch

SPLITS = ("train", "val")
LICENCES = (4, 5, 7, 8)  # by, by-sa, no known restrictions, government work

_COMMIT = "644f29e7c1d2eefd9c4412d39bc5b0ee6fd0afd4"
_MEMBER = re.compile(
    r"(?:^|/)((?:train|val)2017/\d+\.jpg"
    r"|annotations/(?:instances|captions|person_keypoints)_(?:train|val)2017\.json)$"
)


@dataclass(frozen=True)
class Picture:
    """One picture and what is known of it. ``target`` is what the metrics take."""

    name: str
    image: Float32[Tensor, "3 H W"]
    boxes: Float32[Tensor, "N 4"]  # xyxy
    classes: Int64[Tensor, " N"]  # index into the data set's ``classes``, from 1
    masks: Bool[Tensor, "N H W"] | None  # None where the file has no outlines
    crowd: Bool[Tensor, " N"]  # many objects as one: a detector need not find it
    area: Float32[Tensor, " N"]  # of the outline, in square pixels
    keypoints: Float32[Tensor, "N K 3"]  # x, y and 2 if seen, 1 if hidden, 0 if not labelled
    captions: tuple[str, ...]
    licence: str
    credit: str  # the line to stand under it: where it comes from, and its licence

    @property
    def target(self) -> dict[str, Tensor]:
        found = {"boxes": self.boxes, "labels": self.classes, "iscrowd": self.crowd}
        masks = {} if self.masks is None else {"masks": self.masks}
        return found | {"area": self.area} | masks


class CocoDataset(Dataset[Picture]):
    """Pictures in the order of the file. They stay compressed, and an item decodes its own.

    Attributes:
        names: file names without their endings.
        classes: "background", then the categories in the order of their ids.
        joints: names of the joints, () where there are none.
    """

    def __init__(
        self, annotations: _coco_format.Annotations, read: Callable[[str], bytes | Path]
    ) -> None:
        self.classes, self.joints = annotations.classes, annotations.joints
        self.names = tuple(Path(entry.file).stem for entry in annotations.entries)
        self._annotations, self._read = annotations, read

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Picture]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Picture:
        whole, entry = self._annotations, self._annotations.entries[index]
        objects = entry.objects
        corners = torch.tensor([a["bbox"] for a in objects], dtype=torch.float64).reshape(-1, 4)
        corners[:, 2:] += corners[:, :2]
        joints = 3 * len(self.joints)
        points = [a.get("keypoints") or [0] * joints for a in objects]
        sides = (a["bbox"][2] * a["bbox"][3] for a in objects)
        areas = [a.get("area", box) for a, box in zip(objects, sides, strict=True)]
        return Picture(
            name=self.names[index],
            image=_decode(self._read(entry.file), entry),
            boxes=corners.float(),
            classes=torch.tensor([whole.labels[a["category_id"]] for a in objects]).long(),
            masks=_masks(objects, entry.size) if whole.has_masks else None,
            crowd=torch.tensor([bool(a.get("iscrowd", 0)) for a in objects], dtype=torch.bool),
            area=torch.tensor(areas, dtype=torch.float32),
            keypoints=torch.tensor(points, dtype=torch.float32).reshape(len(objects), -1, 3)
            if joints
            else torch.zeros(len(objects), 0, 3),
            captions=tuple(entry.captions),
            licence=entry.licence,
            credit=entry.credit,
        )


def load(split: str) -> CocoDataset:
    """Pictures of COCO's ``"train"`` (26) or ``"val"`` (25) set, of 80 classes, 17 joints.

    Raises ``ValueError`` for another split, ``MissingData`` or ``DamagedData`` without a good file.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
    members = fetch.load(SOURCE)
    whole = _together(members, split)
    annotations = _coco_format.checked(whole, f"{SOURCE.file}, {split}")
    return CocoDataset(annotations, lambda file: members[f"{split}2017/{file}"])


def from_coco(folder: str | Path, annotations: str | None = None) -> CocoDataset:
    """Your own pictures with annotations in COCO's format.

    Args:
        folder: holds the pictures, at any depth, and a JSON file, beside them or in
            ``annotations/``.
        annotations: which JSON file, as a path from ``folder``; needed where there are several.

    Raises:
        ValueError: names the file, the entry and what is wrong with it: no JSON file or several, an
            entry that is missing or malformed, a picture that is not there, cannot be read or has
            another size than the file says. Everything but the pixels is looked at now.
    """
    root = Path(folder)
    path = _json_file(root, annotations)
    whole = _coco_format.parse(path.read_bytes(), str(path))
    places = _places(root, whole, path)
    for entry in whole.entries:
        _check_size(places[entry.file], entry)
    return CocoDataset(whole, places.__getitem__)


def _json_file(root: Path, annotations: str | None) -> Path:
    if annotations is not None:
        if not (root / annotations).is_file():
            raise ValueError(f"{root / annotations} is not there: give a path from {root}")
        return root / annotations
    found = sorted([*root.glob("*.json"), *root.glob("annotations/*.json")])
    if len(found) != 1:
        names = ", ".join(str(path.relative_to(root)) for path in found) or "none"
        raise ValueError(
            f"{root} must hold one JSON file of annotations, beside the pictures or in "
            f"annotations/, but has {names}: say which with annotations=..."
        )
    return found[0]


def _places(root: Path, whole: _coco_format.Annotations, path: Path) -> dict[str, Path]:
    """Where each picture lies: as a path from the folder, else wherever below it its name is."""
    below: dict[str, list[Path]] = {}
    for file in sorted(root.rglob("*")):
        below.setdefault(file.name, []).append(file)
    places, missing = {}, []
    for entry in whole.entries:
        found = below.get(Path(entry.file).name, [])
        if (root / entry.file).is_file():
            places[entry.file] = root / entry.file
        elif len(found) == 1:
            places[entry.file] = found[0]
        else:
            missing.append(entry.file if not found else f"{entry.file} (there are {len(found)})")
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise ValueError(
            f"{path} names pictures that are not in {root}: {', '.join(missing[:5])}{more}"
        )
    return places


def _check_size(path: Path, entry: _coco_format.Entry) -> None:
    """Of the picture's head alone, which is quick."""
    try:
        with Image.open(path) as picture:
            width, height = picture.size
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"{path} cannot be read as a picture: replace or leave it out") from error
    if (height, width) != entry.size:
        raise ValueError(
            f"{path} has {height} × {width} pixels, but its annotations say {entry.size[0]} × "
            f"{entry.size[1]}: were height and width swapped, or the picture turned or resized?"
        )


def _decode(source: bytes | Path, entry: _coco_format.Entry) -> Float32[Tensor, "3 H W"]:
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as picture:
            pixels = np.array(picture.convert("RGB"))
    except OSError as error:
        raise ValueError(f"{entry.file} is damaged ({error}): replace or leave it out") from error
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


def _masks(objects: list[Any], size: tuple[int, int]) -> Bool[Tensor, "N H W"]:
    """Each outline filled: polygons, or run lengths down the columns, maybe compressed."""
    masks = torch.zeros(len(objects), *size, dtype=torch.bool)
    for mask, annotation in zip(masks, objects, strict=True):
        outline = annotation["segmentation"]
        if isinstance(outline, list):
            outline = run_lengths.merge(run_lengths.frPyObjects(outline, *size))
        elif isinstance(outline["counts"], list):
            outline = run_lengths.frPyObjects(outline, *size)
        mask.copy_(torch.from_numpy(_filled(outline)) > 0)
    return masks


def _filled(outline: Any) -> np.ndarray:
    """Compressed run lengths as a picture."""
    with warnings.catch_warnings():  # pycocotools 2.0.11 asks for an array as numpy 1 had it
        warnings.simplefilter("ignore", DeprecationWarning)
        return run_lengths.decode(outline)


def _together(members: fetch.Members, split: str) -> dict[str, Any]:
    """The three files of a split as one: joints and captions join the instances."""
    files = ("instances", "captions", "person_keypoints")
    parts = [json.loads(members[f"annotations/{file}_{split}2017.json"]) for file in files]
    joints = {a["id"]: a["keypoints"] for a in parts[2]["annotations"]}
    objects = [
        {**a, "keypoints": joints[a["id"]]} if a["id"] in joints else a
        for a in parts[0]["annotations"]
    ]
    persons = {category["id"]: category for category in parts[2]["categories"]}
    categories = [persons.get(category["id"], category) for category in parts[0]["categories"]]
    annotations = objects + parts[1]["annotations"]
    return {**parts[0], "annotations": annotations, "categories": categories}


def _read(data: bytes) -> fetch.Members:
    """The pictures with a licence to show them, from our zip or from the repository's archive."""
    members = fetch.read_zip(data, _MEMBER)
    kept: dict[str, bytes] = {}
    for name in (name for name in members if name.endswith(".json")):
        whole = json.loads(members[name])
        images = [image for image in whole["images"] if image["license"] in LICENCES]
        ids = {image["id"] for image in images}
        of_them = [a for a in whole["annotations"] if a["image_id"] in ids]
        text = json.dumps({**whole, "images": images, "annotations": of_them}, sort_keys=True)
        split = name.rpartition("_")[2].removesuffix(".json")
        kept[name] = text.encode()
        kept |= {f"{split}/{i['file_name']}": members[f"{split}/{i['file_name']}"] for i in images}
    return kept


SOURCE = fetch.Source(
    file="coco_mini.zip",
    title="The excerpt of COCO 2017",
    urls=(f"https://github.com/Obmutescence/COCO-MINI/archive/{_COMMIT}.zip",),
    sha256="165ede03c55a5e8764eb98d260f3690171f39f5c2de3dd7a54e1f7543d38a101",
    read=_read,
)
