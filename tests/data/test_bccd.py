"""Blood cells: the official split, coordinates, and damaged files."""

import io
import xml.etree.ElementTree as ET
import zipfile

import pytest
import torch

from lookclosely import data
from lookclosely.data import bccd, fetch

IMAGES = {"train": 205, "val": 87, "test": 72}


@pytest.fixture(scope="module")
def file(at_hand):
    return at_hand(bccd.SOURCE)


@pytest.fixture(scope="module")
def splits(file):
    return {split: bccd.load(split) for split in bccd.SPLITS}


def test_official_split(splits):
    assert {split: len(dataset) for split, dataset in splits.items()} == IMAGES
    names = [name for dataset in splits.values() for name in dataset.names]
    assert len(set(names)) == 364
    assert [dataset.names[0][-5:] for dataset in splits.values()] == ["00001", "00000", "00007"]


def test_counts_without_the_two_boxes_of_no_area(splits):
    classes = torch.cat([c for dataset in splits.values() for _, c in dataset.targets])
    counts = dict(zip(bccd.CLASSES, classes.bincount(minlength=4).tolist(), strict=True))
    assert counts == {"background": 0, "RBC": 4155 - 2, "WBC": 372, "Platelets": 361}


def test_boxes_lie_in_the_image(splits):
    boxes = torch.cat([b for dataset in splits.values() for b, _ in dataset.targets])
    assert boxes.dtype == torch.float32
    assert boxes[:, :2].amin(0).tolist() == [0, 0]
    assert boxes[:, 2:].amax(0).tolist() == [640, 480]
    assert (boxes[:, 2:] > boxes[:, :2]).all()


def test_files_count_pixels_from_one(file):
    """What the conversion rests on: no 0, and both the first and the last pixel occur."""
    members = bccd.SOURCE.read(file.read_bytes())
    cells = [
        [int(box.findtext(side, "")) for side in ("xmin", "ymin", "xmax", "ymax")]
        for name, contents in members.items()
        if name.endswith(".xml")
        for box in ET.fromstring(contents).iter("bndbox")
    ]
    ends = torch.tensor(cells)
    assert ends[:, :2].amin(0).tolist() == [1, 1] and ends[:, 2:].amax(0).tolist() == [640, 480]


def test_item(splits):
    item = splits["val"][0]
    assert item.name == "BloodImage_00000"
    assert item.image.shape == (3, 480, 640) and item.image.dtype == torch.float32
    assert 0 <= item.image.min() < item.image.max() <= 1
    # <name>WBC</name> 260 177 491 376, then <name>RBC</name> 78 336 184 435
    assert item.boxes[:2].tolist() == [[259, 176, 491, 376], [77, 335, 184, 435]]
    assert item.classes.dtype == torch.int64 and item.classes[:2].tolist() == [2, 1]
    assert len(list(splits["test"])) == 72


def test_boxes_lie_on_the_cells(splits):
    """White cells are stained violet: in their boxes, blue outweighs green as nowhere else."""
    for item in splits["test"]:
        inside = torch.zeros(480, 640, dtype=torch.bool)
        for left, top, right, bottom in item.boxes[item.classes == 2].long().tolist():
            inside[top:bottom, left:right] = True
        violet = item.image[2] - item.image[1]
        if inside.any():
            assert violet[inside].mean() > violet[~inside].mean() + 0.1


VOC = """<annotation><object><name>{name}</name><bndbox><xmin>{0}</xmin><ymin>{1}</ymin>
<xmax>{2}</xmax><ymax>{3}</ymax></bndbox></object></annotation>"""


def test_parse_voc_by_hand():
    boxes, classes = bccd.parse_voc(VOC.format(1, 2, 640, 480, name="Platelets").encode())
    assert boxes.tolist() == [[0, 1, 640, 480]] and classes.tolist() == [3]


@pytest.mark.parametrize("xml", ["<annotation/>", VOC.format(504, 337, 504, 337, name="RBC")])
def test_parse_voc_without_boxes(xml):
    boxes, classes = bccd.parse_voc(xml.encode())
    assert boxes.shape == (0, 4) and classes.shape == (0,)


def test_repository_archive_gives_the_same_members(file):
    members = bccd.SOURCE.read(file.read_bytes())
    others = {"README.md": b"text", "BCCD/ImageSets/Main/trainval.txt": b"", "example.jpg": b""}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name, contents in {**others, **members}.items():
            target.writestr(f"BCCD_Dataset-d272fb1/{name}", contents)
    assert fetch.digest(bccd.SOURCE.read(archive.getvalue())) == bccd.SOURCE.sha256


@pytest.mark.parametrize("keep", [0.5, 0.999])
def test_truncated_file_is_never_used(file, tmp_path, monkeypatch, keep):
    contents = file.read_bytes()
    (tmp_path / "bccd.zip").write_bytes(contents[: int(keep * len(contents))])
    monkeypatch.setenv("LOOKCLOSELY_DATA", str(tmp_path))
    with pytest.raises(data.DamagedData, match=r"bccd\.zip is damaged"):
        bccd.load("val")


def test_altered_box_is_noticed(file, tmp_path, monkeypatch):
    members = bccd.SOURCE.read(file.read_bytes())
    name = "BCCD/Annotations/BloodImage_00000.xml"
    members[name] = members[name].replace(b"<xmin>260<", b"<xmin>261<")
    with zipfile.ZipFile(tmp_path / "bccd.zip", "w") as archive:
        for member, contents in members.items():
            archive.writestr(member, contents)
    monkeypatch.setenv("LOOKCLOSELY_DATA", str(tmp_path))
    with pytest.raises(data.DamagedData, match=r"bccd\.zip is damaged"):
        bccd.load("val")


def test_unknown_split():
    with pytest.raises(ValueError, match=r"train, val, test.*'trainval'"):
        bccd.load("trainval")
