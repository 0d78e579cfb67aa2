"""Annotations in COCO's format: one JSON object for a whole set of pictures, looked through.

    images       id, file_name, height, width; maybe license (an id) and flickr_url or coco_url
    categories   id, name; maybe keypoints, the joints' names
    annotations  image_id, category_id, bbox [x, y, width, height]; maybe segmentation, iscrowd,
                 area, keypoints [x, y, v, …]. One with a caption instead describes its picture
    licenses     maybe: id, name, url

Everything is looked at once, so that a mistake is named before anything is trained on it: the file,
the entry, and what to do.

Source: cocodataset.org, "Data format".
"""

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """What is known of one picture before it is decoded."""

    file: str
    size: tuple[int, int]  # height, width
    licence: str
    credit: str
    objects: list[Json] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Annotations:
    """A whole file: the classes in the order of their ids, after the background, and pictures."""

    classes: tuple[str, ...]
    labels: dict[int, int]  # category id -> index into classes
    joints: tuple[str, ...]
    has_masks: bool
    entries: list[Entry]


def parse(contents: bytes, name: str) -> Annotations:
    """Read a file and look it through.

    Raises:
        ValueError: says what is wrong with which entry of the file ``name``.
    """
    try:
        whole = json.loads(contents)
    except ValueError as error:
        raise ValueError(
            f"{name} is no JSON ({error}): give annotations in COCO's format"
        ) from error
    return checked(whole, name)


def checked(whole: Any, name: str) -> Annotations:
    """The same of an object that is read already."""
    for key in ("images", "annotations", "categories"):
        if not isinstance(whole, dict) or not isinstance(whole.get(key), list):
            raise ValueError(
                f"{name} has no list {key!r}: an object of COCO's format has images, annotations "
                f"and categories"
            )
    labels, classes = _classes(whole["categories"], name)
    licences = {licence.get("id"): licence for licence in whole.get("licenses", ())}
    entries = {}
    for image in whole["images"]:
        key, entry = _entry(image, licences, name)
        if key in entries:
            raise ValueError(f"{name} has two images with id {key}: give each its own")
        entries[key] = entry
    objects = defaultdict(list)
    for annotation in whole["annotations"]:
        where = f"{name}: annotation {annotation.get('id')}"
        if annotation.get("image_id") not in entries:
            raise ValueError(
                f"{where} is of image_id {annotation.get('image_id')}, which is not among the "
                f"images"
            )
        entry = entries[annotation["image_id"]]
        if "caption" in annotation:
            entry.captions.append(str(annotation["caption"]).strip())
            continue
        _check_object(annotation, labels, entry.size, where)
        entry.objects.append(annotation)
        objects[bool(annotation.get("segmentation"))].append(where)
    if objects[True] and objects[False]:
        raise ValueError(
            f"{objects[False][0]} has no segmentation, but others have: give it one, or none to all"
        )
    joints = _joints(whole["categories"], entries.values(), name)
    return Annotations(classes, labels, joints, bool(objects[True]), list(entries.values()))


def _classes(categories: Sequence[Json], name: str) -> tuple[dict[int, int], tuple[str, ...]]:
    for category in categories:
        if not isinstance(category.get("id"), int) or not isinstance(category.get("name"), str):
            raise ValueError(f"{name}: category {dict(category)} needs a whole id and a name")
    ordered = sorted(categories, key=lambda category: category["id"])
    ids = [category["id"] for category in ordered]
    if len(set(ids)) < len(ids):
        raise ValueError(f"{name} has two categories of one id: give each its own")
    names = ("background", *(category["name"] for category in ordered))
    return {number: 1 + k for k, number in enumerate(ids)}, names


def _entry(image: Json, licences: Mapping[Any, Json], name: str) -> tuple[Any, Entry]:
    for key, kind in (("file_name", str), ("height", int), ("width", int)):
        if "id" not in image or not isinstance(image.get(key), kind):
            raise ValueError(
                f"{name}: image {image.get('id')} needs id, file_name, and height and width in "
                f"whole pixels, but has {sorted(image)}"
            )
    licence = licences.get(image.get("license"), {})
    address = image.get("flickr_url") or image.get("coco_url") or ""
    terms = " ".join(str(licence[key]) for key in ("name", "url") if key in licence)
    credit = ", ".join(part for part in (address, terms) if part)
    size = image["height"], image["width"]
    return image["id"], Entry(image["file_name"], size, licence.get("name", ""), credit)


def _check_object(annotation: Json, labels: Mapping[int, int], size: tuple[int, int], where: str):
    """Its box has an area, its class is known, its outline can be drawn."""
    if annotation.get("category_id") not in labels:
        raise ValueError(
            f"{where} is of category_id {annotation.get('category_id')}, which is not among the "
            f"categories"
        )
    box: Any = annotation.get("bbox")
    if not _are_numbers(box, 4) or min(box[2:]) <= 0:
        raise ValueError(
            f"{where} has bbox {box}: give [x, y, width, height] in pixels, the last two above 0, "
            f"or delete it"
        )
    if not _is_outline(annotation.get("segmentation"), size):
        raise ValueError(
            f"{where} has a segmentation that is neither a list of polygons [x, y, x, y, x, y, …] "
            f"nor run lengths of a picture of {size[0]} × {size[1]} pixels"
        )


def _is_outline(outline: Any, size: tuple[int, int]) -> bool:
    if isinstance(outline, dict):
        return "counts" in outline and tuple(outline.get("size", ())) == size
    polygons = outline or []
    return isinstance(polygons, list) and all(
        _are_numbers(p, None) and len(p) >= 6 and len(p) % 2 == 0 for p in polygons
    )


def _are_numbers(values: Any, count: int | None) -> bool:
    """A list of so many finite numbers."""
    return (
        isinstance(values, list)
        and count in (None, len(values))
        and all(isinstance(v, (int, float)) and math.isfinite(v) for v in values)
    )


def _joints(categories: Sequence[Json], entries: Any, name: str) -> tuple[str, ...]:
    """The names of the joints, where any class has them; all keypoints must have as many."""
    joints = next((tuple(c["keypoints"]) for c in categories if c.get("keypoints")), ())
    for entry in entries:
        for annotation in entry.objects:
            points = annotation.get("keypoints") or [0] * 3 * len(joints)
            if not _are_numbers(points, 3 * len(joints)):
                raise ValueError(
                    f"{name}: annotation {annotation.get('id')} has keypoints {points}: give x, y, "
                    f"v for each of {len(joints)} joints that the categories name"
                )
    return joints
