from functools import partial

import pytest
import torch
import torch.nn.functional as F

from lookclosely import cost, ops
from lookclosely.models.looking.recurrent_cnn import (
    FeedForward,
    RecurrentCNN,
    Step,
    field,
    smoothed,
)


def strided(step: Step, x: torch.Tensor) -> torch.Tensor:
    """The step as the paper has it: the pooling halves the planes."""
    first, second, last = (  # the same weights, without padding and dilation
        partial(F.conv2d, weight=layer.weight, bias=layer.bias)
        for layer in (step.first, step.second, step.last)
    )
    return last(second(F.max_pool2d(first(x).relu(), 3, stride=2)).relu())


@pytest.mark.parametrize("spread", [1, 2, 4])
def test_a_spread_step_gives_every_pixel_what_a_patch_gives(spread):
    """The patch of a pixel: every spread-th pixel round it, 9 in each direction, to one answer."""
    step = Step(3, (4, 5), 2).double()
    x = torch.randn(1, 3, 48, 50, dtype=torch.float64)
    dense = step(x, spread)
    for i, j in ((20, 24), (24, 17)):
        rows = slice(i - 4 * spread, i + 4 * spread + 1, spread)
        columns = slice(j - 4 * spread, j + 4 * spread + 1, spread)
        patch = x[:, :, rows, columns]  # 9×9
        assert torch.allclose(dense[:, :, i, j], strided(step, patch)[:, :, 0, 0], atol=1e-12)


@pytest.mark.parametrize("passes", [1, 2, 3])
def test_field_is_where_the_gradient_is(passes):
    net = FeedForward(num_classes=4, channels=(4, 5), between=6, passes=passes).double()
    x = torch.rand(40, 3, 80, 76, dtype=torch.float64)
    rows = (ops.effective_receptive_field(net, x, at=40) > 0).any(1).nonzero()[:, 0]
    reach = field(passes) // 2
    assert (rows.min().item(), rows.max().item()) == (40 - reach, 40 + reach)


def test_the_first_planes_are_zero_and_later_ones_the_answers():
    net = RecurrentCNN(num_classes=4, channels=(4, 5), passes=2)
    x = torch.rand(2, 3, 20, 24)
    first, second = net.passes(x)
    empty = torch.zeros(2, 4, 20, 24)
    assert torch.equal(first, net.step(torch.cat([x, empty], dim=1), 1))
    assert torch.equal(second, net.step(torch.cat([smoothed(x, 1), first], dim=1), 2))
    assert torch.equal(net(x), second)


def test_its_multiply_adds_are_counted():
    """As F.conv2d would hide them: of both 3x3 convolutions and the 1x1 one, in each pass."""
    net = RecurrentCNN(num_classes=4, channels=(5, 6), passes=3)
    pixel = 9 * (3 + 4) * 5 + 9 * 5 * 6 + 6 * 4
    assert cost.multiply_adds(net, torch.zeros(2, 3, 16, 20)) == 2 * 16 * 20 * 3 * pixel


def test_without_feedback_no_answer_is_used():
    net = RecurrentCNN(num_classes=4, channels=(4, 5), passes=2, feedback=False)
    x = torch.rand(1, 3, 16, 16)
    before = net.passes(x)[1]
    with torch.no_grad():
        net.step.first.weight[:, 3:] += 1  # the weights of the class planes
    assert torch.equal(net.passes(x)[1], before)


def test_smoothing_keeps_the_size_and_level_0_the_image():
    x = torch.rand(1, 3, 21, 30)
    assert torch.equal(smoothed(x, 0), x)
    assert smoothed(x, 2).shape == x.shape
    assert smoothed(x, 2).std() < smoothed(x, 1).std() < x.std()
