"""Costs are counted as by hand."""

import pytest
import torch
from torch import nn

from lookclosely import cost


def test_multiply_adds_of_each_layer_by_hand():
    x = torch.zeros(2, 6, 10, 8)
    assert cost.multiply_adds(nn.Conv2d(6, 4, 3, padding=1), x) == 2 * 4 * 10 * 8 * 6 * 9
    assert cost.multiply_adds(nn.Conv2d(6, 4, 3, stride=2, groups=2), x) == 2 * 4 * 4 * 3 * 3 * 9
    assert cost.multiply_adds(nn.ConvTranspose2d(6, 5, 4, stride=2), x) == 2 * 6 * 10 * 8 * 5 * 16
    assert cost.multiply_adds(nn.Linear(8, 3), x) == 2 * 6 * 10 * 3 * 8


def test_multiply_adds_of_volumes_by_hand():
    x = torch.zeros(2, 6, 5, 10, 8)
    assert cost.multiply_adds(nn.Conv3d(6, 4, 3, padding=1), x) == 2 * 4 * 5 * 10 * 8 * 6 * 27
    assert cost.multiply_adds(nn.ConvTranspose3d(6, 3, 2, stride=2), x) == x.numel() * 3 * 8


@pytest.mark.parametrize("count", [cost.multiply_adds, cost.saved_bytes])
def test_counting_leaves_the_model_as_it_was(count):
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout(), nn.BatchNorm2d(4))
    model[3].eval()  # frozen, inside a model that is training
    modes = [m.training for m in model.modules()]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    count(model, torch.rand(2, 3, 5, 5))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert [m.training for m in model.modules()] == modes


def test_layers_in_a_model_add_up_and_hooks_are_gone():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 2, 1))
    x = torch.zeros(1, 3, 5, 5)
    assert cost.multiply_adds(model, x) == 25 * (12 + 8) == cost.multiply_adds(model, x)
    assert cost.parameters(model) == 3 * 4 + 4 + 4 * 2 + 2
    assert not any(m._forward_hooks for m in model.modules())


def test_seconds_is_the_time_of_one_call():
    calls = []
    assert 0 <= cost.seconds(lambda: calls.append(1), repeats=3) < 1
    assert len(calls) == 4


def test_saved_bytes_by_hand():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(inplace=True), nn.Conv2d(4, 2, 1))
    x = torch.zeros(1, 3, 5, 5)
    # The input, and the ReLU's output, which the ReLU and the second convolution both keep.
    assert cost.saved_bytes(model, x) == 4 * 25 * (3 + 4)
    with torch.no_grad():
        assert cost.saved_bytes(model, x) == 4 * 25 * 7
