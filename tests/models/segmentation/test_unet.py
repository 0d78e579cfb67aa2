"""U-Net: shapes, skips, border weights against brute force, tiles against the whole image."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from lookclosely.models.segmentation.unet import UNet, border_weight_map, predict_tiles


def small(**options):
    torch.manual_seed(0)
    return UNet(in_channels=1, num_classes=2, channels=(4, 6, 8), **options).double().eval()


@pytest.mark.parametrize("size", [(4, 4), (32, 32), (33, 47), (7, 64)])
def test_output_has_the_size_of_the_input(size):
    assert small()(torch.zeros(2, 1, *size, dtype=torch.float64)).shape == (2, 2, *size)


def test_every_skip_can_be_cut_and_matters():
    x = torch.randn(1, 1, 24, 24, dtype=torch.float64)
    model = small()
    whole = model(x)
    for skips in ((False, True), (True, False)):
        model.skips = skips
        assert not torch.allclose(model(x), whole)
    assert sum(p.numel() for p in small(skips=(False, False)).parameters()) == sum(
        p.numel() for p in small().parameters()
    )


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="skips has 1 entries for 3 levels"):
        small(skips=(True,))
    with pytest.raises(ValueError, match="need at least 4"):
        small()(torch.zeros(1, 1, 3, 8, dtype=torch.float64))
    with pytest.raises(ValueError, match="w0"):
        border_weight_map(torch.zeros(4, 4, dtype=torch.long), w0=-1.0)
    with pytest.raises(ValueError, match="tile is 10"):
        predict_tiles(small(), torch.zeros(1, 1, 16, 16).double(), tile=10, margin=4, factor=4)


def brute_force(labels, w0, sigma):
    weight = torch.ones(labels.shape)
    objects = [(labels == k).nonzero() for k in labels.unique() if k != 0]
    for place in (labels == 0).nonzero():
        distances = sorted(float(((o - place) ** 2).sum(1).min()) ** 0.5 for o in objects)
        if len(distances) > 1:
            weight[tuple(place)] += w0 * math.exp(
                -((distances[0] + distances[1]) ** 2) / (2 * sigma**2)
            )
    return weight


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 12),
    width=st.integers(1, 9),
    objects=st.integers(0, 4),
    seed=st.integers(0, 10_000),
    w0=st.floats(0.5, 20),
    sigma=st.floats(0.5, 8),
)
def test_border_weights_equal_brute_force(height, width, objects, seed, w0, sigma):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(objects + 1, (height, width), generator=generator)
    labels = torch.where(torch.rand(height, width, generator=generator) < 0.6, 0, labels)
    assert torch.allclose(
        border_weight_map(labels, w0=w0, sigma=sigma),
        brute_force(labels, w0, sigma),
        rtol=1e-4,
        atol=1e-5,
    )


@pytest.mark.parametrize(("w0", "sigma"), [(10.0, 5.0), (1e-9, 3.0), (4e4, 0.7), (0.0, 2.0)])
def test_far_objects_change_no_digit_of_a_border_weight(w0, sigma):
    """Each object is looked at only within reach; here every distance is measured everywhere."""
    rows, columns = torch.meshgrid(torch.arange(150), torch.arange(130), indexing="ij")
    labels = torch.zeros(150, 130, dtype=torch.long)
    for value, (y, x, r) in enumerate([(9, 9, 6), (30, 14, 9), (20, 70, 4), (140, 120, 8)], -1):
        labels[(rows - y) ** 2 + (columns - x) ** 2 <= r**2] = value + 5 * (value == 0)
    away = [(labels != k).numpy() for k in labels.unique() if k != 0]
    far = np.stack([np.asarray(distance_transform_edt(mask)) for mask in away])
    first, second = torch.from_numpy(np.sort(far, axis=0)).float()[:2]
    expected = w0 * torch.exp(-((first + second) ** 2) / (2 * sigma**2)) * (labels == 0) + 1
    assert torch.equal(border_weight_map(labels, w0=w0, sigma=sigma), expected)


def test_border_weights_stay_on_their_device(device):
    for labels in (torch.tensor([[1, 1, 0, 2, 2]]), torch.tensor([[0, 1, 0]])):
        weight = border_weight_map(labels.to(device))
        assert weight.device.type == device.type
        assert torch.equal(weight.cpu(), border_weight_map(labels))


def test_border_weight_by_hand():
    labels = torch.tensor([[1, 1, 0, 2, 2]])
    weight = border_weight_map(labels)
    assert weight[0].tolist() == pytest.approx([1, 1, 1 + 10 * math.exp(-4 / 50), 1, 1])


@pytest.mark.parametrize("size", [(64, 40), (44, 57)])
def test_tiles_equal_the_whole_image(size):
    model = small()
    x = torch.randn(2, 1, *size, dtype=torch.float64)
    with torch.no_grad():
        whole = model(x)
    assert torch.allclose(predict_tiles(model, x, tile=16, margin=24, factor=4), whole, atol=1e-12)
    assert not torch.allclose(
        predict_tiles(model, x, tile=16, margin=0, factor=4), whole, atol=1e-6
    )


@pytest.mark.parametrize("margin", [0, 4, 24])
@pytest.mark.parametrize("size", [(16, 17), (33, 16), (35, 50)])
def test_a_last_tile_may_be_smaller_than_the_stride(size, margin):
    model = small()
    x = torch.randn(1, 1, *size, dtype=torch.float64)
    tiles = predict_tiles(model, x, tile=16, margin=margin, factor=4)
    with torch.no_grad():
        whole = model(x)
    assert tiles.shape == whole.shape
    assert margin < 24 or torch.allclose(tiles, whole, atol=1e-12)
