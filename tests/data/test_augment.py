"""Random changes keep image and labels together."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lookclosely.data import augment


def pair(height=13, width=17):
    """An image whose first channel is its labels."""
    labels = torch.arange(height * width).reshape(height, width)
    return torch.stack([labels.float(), labels.float() / 2]), labels


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 13))
def test_crops_and_turns_move_both_alike(seed, size):
    generator = torch.Generator().manual_seed(seed)
    image, labels = augment.random_crop(*pair(), size, generator)
    assert image.shape == (2, size, size) and (image[0] == labels).all()
    image, labels = augment.random_dihedral(*pair(), generator)
    assert sorted(labels.shape) == [13, 17] and (image[0] == labels).all()


def test_all_eight_symmetries_occur():
    image, labels = pair(2, 2)
    generator = torch.Generator().manual_seed(0)
    seen = {
        tuple(augment.random_dihedral(image, labels, generator)[1].flatten().tolist())
        for _ in range(200)
    }
    assert len(seen) == 8


def test_no_bending_changes_nothing():
    generator = torch.Generator().manual_seed(0)
    image, labels = torch.rand(3, 20, 30), torch.randint(5, (20, 30))
    bent, moved = augment.elastic_deformation(image, labels, sigma=0.0, generator=generator)
    assert torch.allclose(bent, image, atol=1e-5) and (moved == labels).all()


def test_bending_moves_by_about_sigma():
    generator = torch.Generator().manual_seed(0)
    grid = augment.elastic_grid((256, 192), sigma=4.0, spacing=16, generator=generator)
    x = ((grid[..., 0] + 1) * 192 - 1) / 2 - torch.arange(192)
    y = ((grid[..., 1] + 1) * 256 - 1) / 2 - torch.arange(256)[:, None]
    assert grid.shape == (256, 192, 2)
    # Interpolation between independent points lowers the standard deviation, to about 0.76 of it.
    assert 2 < x.std() < 4 and 2 < y.std() < 4


def test_the_generator_may_be_on_either_device(device):
    """Crops, turns and bends work where the image is, with a generator there or on the CPU."""
    for place in {torch.device("cpu"), device}:
        generator = torch.Generator(place).manual_seed(0)
        image, labels = (x.to(device) for x in pair())
        image, labels = augment.random_crop(image, labels, 9, generator)
        image, labels = augment.random_dihedral(image, labels, generator)
        assert (image[0] == labels).all()
        bent, moved = augment.elastic_deformation(image, labels, sigma=0.0, generator=generator)
        assert bent.device.type == moved.device.type == device.type
        assert torch.allclose(bent, image, atol=1e-3) and (moved == labels).all()
        assert augment.elastic_grid((8, 8), generator=generator).device.type == place.type


def test_bad_arguments_are_named():
    generator = torch.Generator()
    with pytest.raises(ValueError, match="size is 14"):
        augment.random_crop(*pair(), 14, generator)
    with pytest.raises(ValueError, match="sigma"):
        augment.elastic_grid((8, 8), sigma=-1.0, generator=generator)
