"""Photos: all of them without a network, three channels, and somebody to thank."""

import socket

import pytest
import torch

from lookclosely.data import photos

SIZES = {
    "chelsea": (300, 451),
    "coffee": (400, 600),
    "camera": (512, 512),
    "astronaut": (512, 512),
    "rocket": (427, 640),
    "hubble_deep_field": (872, 1000),
    "coins": (303, 384),
    "horse": (328, 400),
    "brick": (512, 512),
    "grass": (512, 512),
    "gravel": (512, 512),
    "retina": (1411, 1411),
    "cell": (660, 550),
}
GREY = {"camera", "coins", "horse", "brick", "grass", "gravel", "cell"}


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a photo was looked for on the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_names():
    assert set(photos.NAMES) == set(SIZES) == set(photos.CREDITS)


@pytest.mark.parametrize("name", SIZES)
def test_photo(name):
    image = photos.load(name)
    assert image.shape == (3, *SIZES[name]) and image.dtype == torch.float32
    assert image.is_contiguous()
    assert 0 <= image.min() < 0.3 and 0.7 < image.max() <= 1
    grey = torch.equal(image[0], image[1]) and torch.equal(image[0], image[2])
    assert grey == (name in GREY)


def test_values_are_those_of_scikit_image():
    import skimage.data

    pixels = torch.from_numpy(skimage.data.chelsea())
    assert torch.equal((photos.load("chelsea") * 255).round().byte(), pixels.permute(2, 0, 1))
    silhouette = torch.from_numpy(skimage.data.horse())
    assert torch.equal(photos.load("horse")[2] == 1, silhouette)


@pytest.mark.parametrize("name", SIZES)
def test_credit_says_what_and_under_which_licence(name):
    assert photos.CREDITS[name].endswith(
        ("CC0", "public domain", "no known copyright restrictions")
    )


def test_changing_a_photo_leaves_the_next_one_alone():
    photos.load("coins").zero_()
    assert photos.load("coins").max() > 0.9


def test_unknown_name():
    with pytest.raises(ValueError, match=r"chelsea.*'cat'"):
        photos.load("cat")
