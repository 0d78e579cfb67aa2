import pytest
import torch

from lookclosely.models.looking.localizer import Localizer


@pytest.mark.parametrize("size", [(48, 48), (33, 50), (16, 16)])
def test_two_heads_read_one_vector(size):
    net = Localizer(num_classes=5, num_coordinates=28, size=size, channels=(4, 6), features=7)
    x = torch.randn(3, 3, *size)
    scores, coordinates = net(x)
    assert scores.shape == (3, 5) and coordinates.shape == (3, 28)
    vector = net.eval().trunk(x)
    assert vector.shape == (3, 7)
    assert torch.equal(net(x)[1], net.coordinates(vector))


def test_the_trunk_knows_where_things_are():
    """One bright pixel, moved by a whole stride: an average over the image would not notice."""
    net = Localizer(num_classes=2, size=(32, 32), channels=(4, 4)).eval()
    left, right = torch.zeros(2, 1, 3, 32, 32)
    left[..., 12:16, 8:12] = 1
    right[..., 12:16, 16:20] = 1
    assert not torch.allclose(net(left)[1], net(right)[1], atol=1e-3)


def test_each_head_trains_the_trunk():
    net = Localizer(num_classes=2, size=(16, 16), channels=(4,), features=6)
    for head in (0, 1):
        net.zero_grad()
        net(torch.randn(4, 3, 16, 16))[head].square().sum().backward()
        first = next(net.trunk.parameters())
        assert first.grad is not None and first.grad.abs().sum() > 0


def test_another_size_is_refused():
    with pytest.raises(ValueError, match=r"x is \(20, 16\) pixels, but .* for \(16, 16\)"):
        Localizer(num_classes=2, size=(16, 16))(torch.zeros(1, 3, 20, 16))
