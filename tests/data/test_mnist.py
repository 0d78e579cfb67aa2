"""MNIST: the published digits, and damaged files."""

import gzip

import pytest
import torch

from lookclosely import data
from lookclosely.data import mnist

COUNTS = {  # of the digits 0 to 9, as published
    "train": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
    "test": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
}
FIRST = {"train": [5, 0, 4, 1, 9, 2, 1, 3, 1, 4], "test": [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]}


@pytest.fixture(scope="module")
def folder(at_hand):
    """The directory that holds the four files."""
    return [at_hand(source) for source in sum(mnist.SOURCES.values(), ())].pop().parent


@pytest.mark.parametrize("split", COUNTS)
def test_digits(folder, split):
    images, labels = mnist.load(split)
    assert images.dtype == torch.uint8 and images.shape == (sum(COUNTS[split]), 28, 28)
    assert labels.dtype == torch.int64
    assert labels.bincount().tolist() == COUNTS[split]
    assert labels[:10].tolist() == FIRST[split]


def test_images_are_as_torchvision_reads_them(folder, tmp_path):
    from torchvision.datasets.mnist import read_image_file, read_label_file

    pairs = zip(("images", "labels"), (read_image_file, read_label_file), strict=True)
    for (kind, read), source in zip(pairs, mnist.SOURCES["test"], strict=True):
        packed = (folder / source.file.removeprefix("mnist/")).read_bytes()
        (tmp_path / kind).write_bytes(gzip.decompress(packed))
        assert torch.equal(getattr(mnist.load("test"), kind), read(str(tmp_path / kind)))


def test_ink_is_bright_and_images_are_upright(folder):
    images, labels = mnist.load("test")
    ones = images[labels == 1].float().mean(0)
    assert ones[0].max() < 1 and ones[14, 14] > 150  # empty border, ink in the middle
    assert ones.sum(1).gt(50).sum() > ones.sum(0).gt(50).sum()  # a 1 is taller than wide


def test_idx_format():
    header = bytes([0, 0, 8, 2]) + (2).to_bytes(4, "big") + (3).to_bytes(4, "big")
    values = mnist._parse_idx(header + bytes(range(6)))
    assert values.tolist() == [[0, 1, 2], [3, 4, 5]]


def altered(packed):
    contents = bytearray(gzip.decompress(packed))
    contents[100] ^= 1
    return gzip.compress(bytes(contents), 1)


@pytest.mark.parametrize("damage", [altered, lambda packed: packed[:-9]], ids=["bit", "truncated"])
@pytest.mark.parametrize("which", [0, 1], ids=["images", "labels"])
def test_damaged_file_is_never_used(folder, tmp_path, monkeypatch, damage, which):
    (tmp_path / "mnist").mkdir()
    for number, source in enumerate(mnist.SOURCES["test"]):
        packed = (folder.parent / source.file).read_bytes()
        (tmp_path / source.file).write_bytes(damage(packed) if number == which else packed)
    monkeypatch.setenv("LOOKCLOSELY_DATA", str(tmp_path))
    with pytest.raises(data.DamagedData, match=f"{mnist.SOURCES['test'][which].file} is damaged"):
        mnist.load("test")


def test_another_compression_is_welcome(folder, tmp_path, monkeypatch):
    (tmp_path / "mnist").mkdir()
    for source in mnist.SOURCES["test"]:
        contents = gzip.decompress((folder.parent / source.file).read_bytes())
        (tmp_path / source.file).write_bytes(gzip.compress(contents, 1))
    monkeypatch.setenv("LOOKCLOSELY_DATA", str(tmp_path))
    assert mnist.load("test").labels[:10].tolist() == FIRST["test"]


def test_unknown_split():
    with pytest.raises(ValueError, match=r"train, test.*'val'"):
        mnist.load("val")
