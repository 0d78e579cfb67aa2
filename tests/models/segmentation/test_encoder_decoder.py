"""The small encoder and decoder: shapes, equal budgets, and what its unpooling does."""

from typing import get_args

import pytest
import torch

from lookclosely import cost
from lookclosely.models.segmentation.encoder_decoder import EncoderDecoder, Rise, Way

WAYS = get_args(Way)
X = torch.zeros(1, 3, 64, 64)


def small(way: Way) -> EncoderDecoder:
    torch.manual_seed(0)
    return EncoderDecoder(way=way, num_classes=4)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [(8, 8), (24, 40)])
def test_output_has_the_size_of_the_input(way, size):
    assert small(way)(torch.zeros(2, 3, *size)).shape == (2, 4, *size)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_has_the_same_budget_and_the_same_encoder(way):
    model, other = small(way), small("nearest")
    assert cost.parameters(model) == pytest.approx(cost.parameters(other), rel=0.02)
    assert cost.multiply_adds(model, X) == pytest.approx(cost.multiply_adds(other, X), rel=0.02)
    for mine, theirs in zip(model.down.parameters(), other.down.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_each_way_puts_the_numbers_in_its_own_places():
    """One level up, its convolutions replaced by nothing."""
    x = torch.tensor([[[[1.0, 2], [3, 4]]]])
    positions = torch.tensor([[[[5, 2], [12, 15]]]])
    found = {}
    for way in ("nearest", "bilinear", "bed of nails", "max unpooling"):
        level = Rise(1, 1, way)
        level.before = level.after = torch.nn.Identity()  # pyright: ignore
        found[way] = level(x, positions)[0, 0]
    assert found["nearest"][:2, :2].tolist() == [[1, 1], [1, 1]]
    assert found["bilinear"][0].tolist() == [1, 1.25, 1.75, 2]
    assert found["bed of nails"][0].tolist() == [1, 0, 2, 0]
    assert found["max unpooling"].flatten()[positions.flatten()].tolist() == [1, 2, 3, 4]
    assert int((found["max unpooling"] != 0).sum()) == 4


def test_an_odd_size_is_named():
    with pytest.raises(ValueError, match=r"x is \(60, 64\) pixels: give multiples of 8"):
        small("nearest")(X[..., :60, :])
