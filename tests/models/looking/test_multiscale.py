import pytest
import torch

from lookclosely import ops
from lookclosely.models.looking.multiscale import FARABET, POOL, MultiScale, features, field

PAPER = [(7, 1, 0), (2, 2, 0), (7, 1, 0), (2, 2, 0), (7, 1, 0)]


def test_the_paper_s_layers_see_46_pixels():
    assert ops.receptive_field(PAPER).size == 46


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("layers", [FARABET, (1, POOL, 2, 3)])
def test_field_is_where_the_gradient_is(layers, level):
    """Several random images: a ReLU that is off passes no gradient."""
    net = features(layers, 4).double()
    x = torch.rand(20, 3, 120, 112, dtype=torch.float64)
    sees = ops.effective_receptive_field(
        lambda images: net(ops.gaussian_pyramid(images, level + 1)[-1]), x
    )
    theory, rows = field(layers, level), (sees > 0).any(1).nonzero()[:, 0]
    middle = -(-(120 // 2**level) // 2) // 2  # of the feature map's rows
    expected = theory.pixels(middle)
    assert (rows.min().item(), rows.max().item()) == (expected[0], expected[-1])


@pytest.mark.parametrize("size", [(32, 32), (31, 45)])
@pytest.mark.parametrize("scales", [(0,), (2,), (0, 1, 2)])
@pytest.mark.parametrize("upsample", ["nearest", "bilinear"])
@pytest.mark.parametrize("pyramid", ["laplacian", "gaussian"])
def test_scores_have_the_image_s_size(size, scales, upsample, pyramid):
    net = MultiScale(
        num_classes=5, scales=scales, width=4, hidden=6, upsample=upsample, pyramid=pyramid
    )
    assert net(torch.rand(2, 3, *size)).shape == (2, 5, *size)


def test_weights_are_shared_or_not():
    def count(shared):
        net = MultiScale(num_classes=5, width=4, hidden=6, shared=shared)
        return sum(p.numel() for p in net.features.parameters())

    assert count(False) == 3 * count(True)


def test_shared_features_of_one_level_are_those_of_the_network_itself():
    """With the head's weights of the other levels at 0, only the finest counts."""
    torch.manual_seed(0)
    three = MultiScale(num_classes=5, width=4, hidden=6, pyramid="gaussian")
    one = MultiScale(num_classes=5, scales=(0,), width=4, hidden=6, pyramid="gaussian")
    one.features.load_state_dict(three.features.state_dict())
    weights = three.head.state_dict()
    weights["0.weight"][:, 8:] = 0  # in place: the network's own
    one.head.load_state_dict(weights | {"0.weight": weights["0.weight"][:, :8]})
    x = torch.rand(2, 3, 30, 26)
    assert torch.allclose(three(x), one(x), atol=1e-6)


@pytest.mark.parametrize("scales", [(), (1, 0), (0, 0), (-1, 0)])
def test_wrong_scales_are_named(scales):
    with pytest.raises(ValueError, match="scales"):
        MultiScale(num_classes=2, scales=scales)
