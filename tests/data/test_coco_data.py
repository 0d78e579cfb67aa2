"""COCO's pictures, and a reader's own data: coordinates, masks, licences, and mistakes by name."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from pycocotools import mask as run_lengths
from pycocotools.coco import COCO

from lookclosely import data
from lookclosely.data import coco, fetch
from lookclosely.metrics import coco_evaluate


@pytest.fixture(scope="module")
def file(at_hand):
    return at_hand(coco.SOURCE)


@pytest.fixture(scope="module")
def splits(file):
    return {split: list(coco.load(split)) for split in coco.SPLITS}


# The 51 pictures


def test_counts(splits):
    assert {split: len(pictures) for split, pictures in splits.items()} == {"train": 26, "val": 25}
    objects = {split: sum(len(p.boxes) for p in pictures) for split, pictures in splits.items()}
    assert objects == {"train": 333, "val": 213}
    captions = {split: sum(len(p.captions) for p in pictures) for split, pictures in splits.items()}
    assert captions == {"train": 130, "val": 125}
    seen = {s: sum(int((p.keypoints[..., 2] > 0).sum()) for p in ps) for s, ps in splits.items()}
    assert seen == {"train": 307, "val": 117}
    crowds = {
        split: sum(int(p.crowd.sum()) for p in pictures) for split, pictures in splits.items()
    }
    assert crowds == {"train": 5, "val": 2}


def test_80_classes_from_1_and_17_joints():
    dataset = coco.load("val")
    assert len(dataset.classes) == 81 and dataset.classes[:2] == ("background", "person")
    assert dataset.classes[-1] == "toothbrush"  # id 90: ten ids are left out
    assert dataset.joints[0] == "nose" and len(dataset.joints) == 17
    assert all(1 <= k <= 80 for picture in dataset for k in picture.classes.tolist())


def test_item(splits):
    item = splits["val"][0]
    assert item.name == "000000397133"
    assert item.image.shape == (3, 427, 640) and item.image.dtype == torch.float32
    assert 0 <= item.image.min() < item.image.max() <= 1
    # [217.62, 240.54, 38.99, 57.75]
    assert item.boxes[0].tolist() == pytest.approx([217.62, 240.54, 256.61, 298.29], abs=1e-3)
    assert item.area[0] == pytest.approx(1481.38, abs=0.01)
    assert item.masks is not None and item.masks.shape == (len(item.boxes), 427, 640)


def test_masks_fill_their_boxes(splits):
    """To two pixels, but for a few outlines that end in a tip thinner than a pixel."""
    off = []
    for picture in (*splits["train"], *splits["val"]):
        for mask, box, area in zip(picture.masks, picture.boxes, picture.area, strict=True):
            rows, columns = mask.nonzero().unbind(1)
            tight = torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
            off.append(float((tight - box).abs().max()))
            assert abs(int(mask.sum()) - float(area)) <= 0.1 * float(area) + 30
    assert len(off) == 546 and sum(pixels <= 2 for pixels in off) >= 535 and max(off) < 12


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_masks_as_pycocotools(file, tmp_path):
    members = coco.SOURCE.read(file.read_bytes())
    path = tmp_path / "instances.json"
    path.write_bytes(members["annotations/instances_val2017.json"])
    theirs = COCO(str(path))
    for number, picture in enumerate(coco.load("val")):
        image = theirs.imgs[int(picture.name)]
        annotations = [a for a in theirs.dataset["annotations"] if a["image_id"] == image["id"]]
        expected = np.stack([theirs.annToMask(a) for a in annotations])
        assert picture.masks is not None
        assert torch.equal(picture.masks, torch.from_numpy(expected) > 0)
        if number == 5:
            break


def test_every_picture_may_be_shown_and_says_whose_it_is(splits):
    for picture in (*splits["train"], *splits["val"]):
        assert picture.licence in ("Attribution License", "Attribution-ShareAlike License")
        assert "staticflickr.com" in picture.credit
        assert "creativecommons.org/licenses/by" in picture.credit


def test_a_target_is_what_the_metrics_take(splits):
    targets = [picture.target for picture in splits["val"][:6]]
    found = [{**t, "scores": torch.linspace(1, 0.5, len(t["labels"]))} for t in targets]
    for iou_type in ("bbox", "segm"):
        assert coco_evaluate(found, targets, iou_type=iou_type).ap == pytest.approx(1.0)


def test_repository_archive_gives_the_same_members(file):
    """There more pictures are in, whose licences do not allow to show them."""
    members = coco.SOURCE.read(file.read_bytes())
    name = "annotations/instances_val2017.json"
    whole = json.loads(members[name])
    whole["images"].insert(0, {**whole["images"][0], "id": 5, "file_name": "5.jpg", "license": 2})
    whole["annotations"].insert(0, {**whole["annotations"][0], "id": 6, "image_id": 5})
    others = {"Readme.md": b"text", "val2017/5.jpg": b"", name: json.dumps(whole).encode()}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for member, contents in {**members, **others}.items():
            target.writestr(f"COCO-MINI-644f29e/{member}", contents)
    assert fetch.digest(coco.SOURCE.read(archive.getvalue())) == coco.SOURCE.sha256


@pytest.mark.parametrize("keep", [0.5, 0.999])
def test_truncated_file_is_never_used(file, tmp_path, monkeypatch, keep):
    contents = file.read_bytes()
    (tmp_path / "coco_mini.zip").write_bytes(contents[: int(keep * len(contents))])
    monkeypatch.setenv("LOOKCLOSELY_DATA", str(tmp_path))
    with pytest.raises(data.DamagedData, match=r"coco_mini\.zip is damaged"):
        coco.load("val")


def test_missing_data_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LOOKCLOSELY_DATA", str(tmp_path))
    monkeypatch.setenv("LOOKCLOSELY_OFFLINE", "1")
    monkeypatch.setattr(fetch, "cache_directory", lambda: tmp_path)
    with data.optional():
        coco.load("val")
    assert capsys.readouterr().out.startswith("The excerpt of COCO 2017 is missing: go online")


def test_unknown_split():
    with pytest.raises(ValueError, match=r"train, val.*'test'"):
        coco.load("test")


# A reader's own data


def annotation(number: int = 1, **changes) -> dict:
    corners = [1, 1, 5, 1, 5, 4, 1, 4]
    entry = {"id": number, "image_id": 7, "category_id": 3, "bbox": [1, 1, 4, 3]}
    return {**entry, "segmentation": [corners], "iscrowd": 0, **changes}


def whole(**changes) -> dict:
    image = {"id": 7, "file_name": "a.png", "height": 6, "width": 8}
    categories = [{"id": 9, "name": "nut"}, {"id": 3, "name": "bolt"}]
    entries = {"images": [image], "annotations": [annotation()], "categories": categories}
    return {**entries, **changes}


def write(folder: Path, annotations: dict | str, *, picture: str = "a.png") -> Path:
    """A folder with one picture of 6 × 8 pixels and a file of annotations."""
    (folder / picture).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 6), (255, 0, 51)).save(folder / picture)
    text = annotations if isinstance(annotations, str) else json.dumps(annotations)
    (folder / "labels.json").write_text(text)
    return folder


def test_a_folder_of_one_s_own(tmp_path):
    dataset = data.from_coco(write(tmp_path, whole()))
    assert dataset.classes == ("background", "bolt", "nut") and dataset.joints == ()
    picture = dataset[0]
    assert dataset.names == ("a",) and len(dataset) == len(list(dataset)) == 1
    assert picture.image[:, 0, 0].tolist() == pytest.approx([1, 0, 0.2])
    assert picture.boxes.tolist() == [[1, 1, 5, 4]] and picture.classes.tolist() == [1]
    expected = torch.zeros(1, 6, 8, dtype=torch.bool)
    expected[:, 1:4, 1:5] = True
    assert picture.masks is not None and torch.equal(picture.masks, expected)
    assert picture.area.tolist() == [12] and picture.keypoints.shape == (1, 0, 3)
    assert picture.licence == picture.credit == "" and picture.captions == ()


def test_pictures_may_lie_deeper_and_annotations_in_their_folder(tmp_path):
    write(tmp_path, whole(), picture="images/part/a.png")
    (tmp_path / "annotations").mkdir()
    (tmp_path / "labels.json").rename(tmp_path / "annotations" / "labels.json")
    assert len(data.from_coco(tmp_path)[0].boxes) == 1
    assert len(data.from_coco(str(tmp_path), "annotations/labels.json")) == 1


@pytest.mark.parametrize("form", ["compressed", "plain"])
def test_run_lengths(tmp_path, form):
    mask = np.zeros((6, 8), dtype=np.uint8, order="F")
    mask[2, 3:5] = 1
    if form == "compressed":
        counts: Any = run_lengths.encode(mask)["counts"]
        outline = {"size": [6, 8], "counts": counts.decode()}
    else:  # down the columns: 3 columns of 6 and 2 rows, then one, five, one, and the rest
        outline = {"size": [6, 8], "counts": [20, 1, 5, 1, 21]}
    write(tmp_path, whole(annotations=[annotation(segmentation=outline, iscrowd=1)]))
    picture = data.from_coco(tmp_path)[0]
    assert picture.masks is not None
    assert torch.equal(picture.masks[0], torch.from_numpy(mask) > 0)
    assert picture.crowd.tolist() == [True]


def test_without_outlines_objects_or_with_joints(tmp_path):
    bare = annotation()
    del bare["segmentation"], bare["iscrowd"]
    write(tmp_path, whole(annotations=[bare]))
    assert data.from_coco(tmp_path)[0].masks is None
    write(tmp_path, whole(annotations=[]))
    empty = data.from_coco(tmp_path)[0]
    assert empty.boxes.shape == (0, 4) and empty.classes.dtype == torch.int64
    categories = [{"id": 3, "name": "bolt", "keypoints": ["head", "tip"]}]
    objects = [annotation(keypoints=[1, 2, 2, 3, 3, 1]), annotation(2)]
    write(tmp_path, whole(annotations=objects, categories=categories))
    dataset = data.from_coco(tmp_path)
    assert dataset.joints == ("head", "tip")
    assert dataset[0].keypoints.tolist() == [[[1, 2, 2], [3, 3, 1]], [[0, 0, 0], [0, 0, 0]]]


def test_no_file_and_several(tmp_path):
    with pytest.raises(ValueError, match=r"one JSON file .* but has none"):
        data.from_coco(tmp_path)
    write(tmp_path, whole())
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(ValueError, match=r"but has labels\.json, other\.json: say which"):
        data.from_coco(tmp_path)
    assert len(data.from_coco(tmp_path, "labels.json")) == 1
    with pytest.raises(ValueError, match=r"no\.json is not there"):
        data.from_coco(tmp_path, "no.json")


IMAGE = {"id": 7, "file_name": "a.png", "height": 6, "width": 8}
JOINTS = [{"id": 3, "name": "bolt", "keypoints": ["head", "tip"]}]


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ("{", r"labels\.json is no JSON"),
        ("[]", r"labels\.json has no list 'images'"),
        (whole(categories=None), r"labels\.json has no list 'categories'"),
        (whole(images=[IMAGE, IMAGE]), "two images with id 7"),
        (whole(images=[{"id": 7, "file_name": "a.png"}]), "image 7 needs id, file_name, and heig"),
        (whole(images=[IMAGE | {"file_name": "b.png"}]), r"not in .*: b\.png"),
        (whole(images=[IMAGE | {"height": 8, "width": 6}]), r"a\.png has 6 × 8 pixels, but .* 8 ×"),
        (whole(categories=[{"id": 3}]), "category .* needs a whole id and a name"),
        (whole(categories=2 * [{"id": 3, "name": "a"}]), "two categories of one id"),
        (
            whole(annotations=[annotation(image_id=8)]),
            "annotation 1 is of image_id 8, which is not",
        ),
        (whole(annotations=[annotation(category_id=4)]), "annotation 1 is of category_id 4"),
        (
            whole(annotations=[annotation(bbox=[1, 1, 4, 0])]),
            r"annotation 1 has bbox \[1, 1, 4, 0\]",
        ),
        (whole(annotations=[annotation(bbox=[1, 1, 4])]), "annotation 1 has bbox .* 4"),
        (whole(annotations=[annotation(bbox=None)]), "annotation 1 has bbox None"),
        (whole(annotations=[annotation(segmentation=[[1, 1, 5, 1]])]), "1 has a segmentation that"),
        (whole(annotations=[annotation(segmentation={"counts": [48], "size": [8, 6]})]), "6 × 8"),
        (
            whole(annotations=[annotation(), annotation(2, segmentation=[])]),
            "2 has no segmentation",
        ),
        (
            whole(categories=JOINTS, annotations=[annotation(keypoints=[1, 2])]),
            "x, y, v for each of 2",
        ),
    ],
)
def test_mistakes_are_named(tmp_path, annotations, message):
    with pytest.raises(ValueError, match=message):
        data.from_coco(write(tmp_path, annotations))


def test_a_picture_that_is_none_is_named(tmp_path):
    write(tmp_path, whole())
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"a\.png cannot be read as a picture"):
        data.from_coco(tmp_path)


def test_a_broken_picture_is_named_when_it_is_decoded(tmp_path):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (200, 300, 3), dtype=np.uint8)
    image = {"id": 7, "file_name": "a.jpg", "height": 200, "width": 300}
    write(tmp_path, whole(images=[image]))
    Image.fromarray(noise).save(tmp_path / "a.jpg")
    contents = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(contents[: len(contents) // 2])
    dataset = data.from_coco(tmp_path)
    with pytest.raises(ValueError, match=r"a\.jpg is damaged"):
        dataset[0]
