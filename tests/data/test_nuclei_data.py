"""The nuclei: fixed splits, conventions, and damaged files."""

import hashlib
import io
import zipfile

import pytest
import torch
from PIL import Image

from lookclosely import data
from lookclosely.data import fetch, nuclei

PINNED = {  # number of images, number of nuclei, SHA-256 of the names joined by newlines
    "train": (200, 5800, "a09f129f625469f184aaa1932ab7334e72ee46323bc7c66077caa0015792c150"),
    "val": (50, 1316, "beea85da2264182439351a9bcd0f3345c1dbd8b4e1b7a8cdb3b17b6d46b16de4"),
    "test": (84, 2427, "90669d664d8775ef9234880ace702bb38410d26b5e5da0a3a75a57b04eacdefc"),
}


@pytest.fixture(scope="module")
def file(at_hand):
    return at_hand(nuclei.SOURCE)


@pytest.fixture(scope="module")
def splits(file):
    return {split: nuclei.load(split) for split in nuclei.SPLITS}


@pytest.mark.parametrize("split", PINNED)
def test_split_never_changes(splits, split):
    images, count, names = PINNED[split]
    dataset = splits[split]
    assert len(dataset) == len(dataset.names) == len(dataset.images) == images
    assert hashlib.sha256("\n".join(dataset.names).encode()).hexdigest() == names
    assert int(dataset.labels.flatten(1).amax(1).sum()) == count


def test_splits_share_no_image(splits):
    names = [name for dataset in splits.values() for name in dataset.names]
    assert len(names) == len(set(names)) == 334
    pixels = {image.numpy().tobytes() for dataset in splits.values() for image in dataset.images}
    assert len(pixels) == 334


def test_item_keeps_the_conventions(splits):
    dataset = splits["val"]
    item = dataset[7]
    assert item.name == dataset.names[7]
    assert item.image.shape == (3, 256, 256) and item.image.dtype == torch.float32
    assert 0 <= item.image.min() < item.image.max() <= 1
    assert item.semantic.dtype == torch.int64 and item.instances.dtype == torch.bool
    torch.testing.assert_close(item.image * 255, dataset.images[7].float())


def test_targets_of_an_item_agree_with_each_other_and_with_the_stack(splits):
    dataset = splits["val"]
    for index, item in enumerate(dataset):
        assert item.instances.flatten(1).any(1).all()
        assert torch.equal(item.instances.any(0).long(), item.semantic)
        assert torch.equal(dataset.semantic[index], item.semantic)
        for number, mask in enumerate(item.instances, start=1):
            assert torch.equal(dataset.labels[index] == number, mask)  # none overlap in this split


def test_nuclei_that_overlap_keep_their_own_masks(splits):
    shared = {}
    for dataset in splits.values():
        for index, item in enumerate(dataset):
            areas = item.instances.count_nonzero(dim=(1, 2))
            if areas.sum() > item.semantic.sum():
                pixels = (item.instances.sum(0) > 1).nonzero().tolist()
                shared[item.name[:6]] = len(pixels)
                for y, x in pixels:
                    rivals = item.instances[:, y, x].nonzero().flatten()
                    smallest = int(rivals[areas[rivals].argmin()])
                    assert dataset.labels[index, y, x] == smallest + 1
    assert shared == {"0a7d30": 2, "72e8c4": 2, "f26f4c": 1}


def test_label_map_by_hand(device):
    large = torch.tensor([[1, 1, 1], [1, 1, 0]], dtype=torch.bool)
    small = torch.tensor([[0, 0, 1], [0, 0, 1]], dtype=torch.bool)
    expected = torch.tensor([[1, 1, 2], [1, 1, 2]], dtype=torch.int32)
    assert torch.equal(nuclei.label_map(torch.stack([large, small]).to(device)).cpu(), expected)
    assert torch.equal(nuclei.label_map(torch.stack([small, large])), 3 * (expected > 0) - expected)
    assert torch.equal(nuclei.label_map(torch.zeros(0, 2, 3, dtype=torch.bool)), 0 * expected)


def test_masks_lie_on_the_nuclei(splits):
    """Stained nuclei are bright: within the masks much more so than outside, in every image."""
    for item in splits["test"]:
        inside = item.image[0][item.semantic == 1].mean()
        outside = item.image[0][item.semantic == 0].mean()
        assert inside > 1.3 * outside


def test_repository_archive_gives_the_same_members(file):
    """What GitHub packs has a folder around it, other images and other files besides."""
    members = nuclei.SOURCE.read(file.read_bytes())
    png = io.BytesIO()
    Image.new("RGBA", (320, 256)).save(png, "png")
    others = {"README.rst": b"text", "stage1_train/f00/images/f00.png": png.getvalue()}
    others["stage1_train/f00/masks/f01.png"] = png.getvalue()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name, contents in {**others, **members}.items():
            target.writestr(f"kaggle-dsbowl-2018-dataset-fixes-3035455/{name}", contents)
    again = nuclei.SOURCE.read(archive.getvalue())
    assert fetch.digest(again) == nuclei.SOURCE.sha256


def replace_one_image(contents):
    """A well-formed archive in which one image has one pixel altered."""
    members = nuclei.SOURCE.read(contents)
    name = min(name for name in members if "/images/" in name)
    image = Image.open(io.BytesIO(members[name]))
    image.putpixel((0, 0), (1, 2, 3, 255))
    png = io.BytesIO()
    image.save(png, "png")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for member in members:
            target.writestr(member, png.getvalue() if member == name else members[member])
    return archive.getvalue()


DAMAGE = {
    "truncated": lambda contents: contents[: len(contents) // 2],
    "one byte altered": lambda contents: contents[:99999] + b"\xff\x00" + contents[100001:],
    "one pixel altered": replace_one_image,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damaged_file_is_never_used(file, tmp_path, monkeypatch, damage):
    (tmp_path / "nuclei.zip").write_bytes(damage(file.read_bytes()))
    monkeypatch.setenv("LOOKCLOSELY_DATA", str(tmp_path))
    with pytest.raises(data.DamagedData, match=r"nuclei\.zip is damaged"):
        nuclei.load("val")


def test_unknown_split():
    with pytest.raises(ValueError, match=r"train, val, test.*'validation'"):
        nuclei.load("validation")
