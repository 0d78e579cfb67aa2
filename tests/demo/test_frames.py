"""Pictures: what a function returns becomes pixels."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from lookclosely.demo._frames import make_frame, to_pixels


def test_tensors_and_arrays_of_one_image_give_the_same_pixels():
    image = torch.rand(3, 4, 5, generator=torch.Generator().manual_seed(0))
    expected = (image * 255).round().byte().permute(1, 2, 0).numpy()
    assert np.array_equal(to_pixels(image), expected)
    assert np.array_equal(to_pixels(image.double().permute(1, 2, 0).numpy()), expected)
    assert np.array_equal(to_pixels(torch.from_numpy(expected).permute(2, 0, 1)), expected)


def test_a_grey_or_boolean_image_gets_three_channels():
    mask = torch.tensor([[True, False]])
    assert to_pixels(mask).tolist() == [[[255] * 3, [0] * 3]]
    assert to_pixels(mask[None].float()).tolist() == [[[255] * 3, [0] * 3]]
    assert to_pixels(mask.numpy()).tolist() == [[[255] * 3, [0] * 3]]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (torch.full((3, 2, 2), 1.5), "values in"),
        (torch.full((3, 2, 2), torch.nan), "values in"),
        (torch.full((3, 2, 2), -0.1), "values in"),
        (torch.zeros(4, 2, 2), "shape"),
        (torch.zeros(3, 0, 2), "shape"),
        (torch.zeros(2, 2, dtype=torch.int64), "int64"),
        ("picture.png", "str"),
        (None, "NoneType"),
    ],
)
def test_a_bad_image_is_refused(image, message):
    with pytest.raises(ValueError, match=message):
        to_pixels(image)


def test_noise_is_enlarged_smoothly_and_a_drawing_keeps_its_pixels():
    grain = 0.5 + 0.1 * (np.random.default_rng(0).random((100, 150, 3)) - 0.5)
    noise = make_frame(grain, "noise")
    squares = make_frame(np.indices((100, 150)).sum(0) % 2 > 0, "squares")
    assert [(f.width, f.height) for f in (noise, squares)] == [(630, 420)] * 2
    assert (noise.pixels, squares.pixels) == (False, True)
    for frame in (noise, squares):
        assert Image.open(io.BytesIO(frame.webp)).width >= 800
    assert len(noise.webp) < grain.size
