"""What the experiments on unpooling and on a convolution's gradients measure with."""

import pytest
import torch
import torch.nn.functional as F

from lookclosely.experiments.segmentation import (
    convolution_gradients,
    unpooling_recovery,
    upsampling_ways,
)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_decks_gradients_are_autograd_s(stride):
    x = torch.randn(14, dtype=torch.float64, requires_grad=True)
    w = torch.randn(4, dtype=torch.float64, requires_grad=True)
    y = F.conv1d(x[None, None], w[None, None], stride=stride)[0, 0]
    above = torch.randn(len(y), dtype=torch.float64)
    expected = torch.autograd.grad(y, (w, x), above)
    found = convolution_gradients.gradients(x.detach(), w.detach(), above, stride)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_filling_the_gaps_keeps_a_constant_where_gaps_are_left_out():
    x = torch.full((1, 1, 24, 24), 0.7)
    for y, known in unpooling_recovery.unpooled(x, 2).values():
        filled = unpooling_recovery.normalised(y, known, 1.5)
        torch.testing.assert_close(filled, x)
        inside = unpooling_recovery.smoothed(y, known, 1.5)[..., 8:-8, 8:-8]
        torch.testing.assert_close(inside, x[..., 8:-8, 8:-8], rtol=0.01, atol=0)


def test_displacement_of_a_maximum_at_a_known_place():
    x = torch.zeros(1, 1, 4, 4)
    x[..., 1::2, 1::2] = 1  # the lower right of every block of 2
    moved = unpooling_recovery.displacement(x, 2)
    assert moved["max unpooling"] == 0
    assert moved["bed of nails"] == pytest.approx(2**0.5)
    assert moved["nearest"] == pytest.approx(0.5**0.5)


def test_outlines_of_the_truth_are_perfect_and_of_a_coarse_one_are_not():
    shapes = upsampling_ways.silhouettes("val", 6)
    perfect = upsampling_ways.outlines(shapes, shapes)
    assert all(value == pytest.approx(1) for value in perfect.values())
    coarse = upsampling_ways.outlines(upsampling_ways.coarse(shapes, 8), shapes)
    assert 0 < coarse["boundary_f_1px"] < coarse["boundary_f_2px"] < 1
    assert upsampling_ways.coarse(shapes, 1).equal(shapes)
