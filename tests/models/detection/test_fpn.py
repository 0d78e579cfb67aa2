from collections import OrderedDict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close
from torchvision.ops import FeaturePyramidNetwork

from lookclosely.models.backbones import SmallBackbone
from lookclosely.models.detection.fpn import FeaturePyramid

CHANNELS = (3, 5, 7)


def copied(ours: FeaturePyramid) -> FeaturePyramidNetwork:
    """torchvision's pyramid with the weights of ours."""
    library = FeaturePyramidNetwork(list(CHANNELS), 4)
    state = {}
    for mine, theirs in (("laterals", "inner_blocks"), ("smooths", "layer_blocks")):
        for level in range(len(CHANNELS)):
            for part in ("weight", "bias"):
                state[f"{theirs}.{level}.0.{part}"] = ours.state_dict()[f"{mine}.{level}.{part}"]
    library.load_state_dict(state)
    return library


def maps_of(height: int, width: int) -> list[Tensor]:
    """Halved from level to level, odd sides rounded up."""
    sizes = [(-(-height // 2**n), -(-width // 2**n)) for n in range(len(CHANNELS))]
    return [torch.randn(2, c, *size) for c, size in zip(CHANNELS, sizes)]


@settings(max_examples=30)
@given(st.integers(1, 21), st.integers(1, 21))
def test_a_pyramid_is_the_library_s(height, width):
    torch.manual_seed(0)
    ours, maps = FeaturePyramid(in_channels=CHANNELS, out_channels=4), maps_of(height, width)
    for value in ours.parameters():
        torch.nn.init.normal_(value)
    reference = copied(ours)(OrderedDict((str(n), x) for n, x in enumerate(maps)))
    found = ours(maps)
    assert [x.shape[-2:] for x in found] == [x.shape[-2:] for x in maps]
    for mine, theirs in zip(found, reference.values(), strict=True):
        assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


def test_a_finer_level_sees_the_coarser_ones_but_not_the_other_way_round(device):
    maps = [x.to(device).requires_grad_() for x in maps_of(8, 12)]
    found = FeaturePyramid(in_channels=CHANNELS, out_channels=4).to(device)(maps)
    for level, x in enumerate(found):
        slopes = torch.autograd.grad(x.sum(), maps, retain_graph=True, allow_unused=True)
        assert [slope is not None for slope in slopes] == [n >= level for n in range(3)]


def test_its_layers_begin_as_the_library_s():
    torch.manual_seed(0)
    ours = FeaturePyramid(in_channels=CHANNELS, out_channels=4)
    assert sum(p.numel() for p in ours.parameters()) == 4 * (15 + 3) + 3 * (4 * 4 * 9 + 4)
    for name, value in ours.named_parameters():
        if name.endswith("bias"):
            assert not value.any()
        else:
            assert value.any() and value.abs().max() <= (3 / value[0].numel()) ** 0.5


def test_it_wants_a_map_for_each_level(unchecked):
    pyramid = FeaturePyramid(in_channels=CHANNELS, out_channels=4)
    with pytest.raises(ValueError, match="2 maps for 3 levels"):
        pyramid(maps_of(8, 8)[:2])


@pytest.mark.parametrize("size", [(96, 96), (33, 50), (1, 1)])
def test_a_small_backbone_gives_maps_finest_first(size, device):
    backbone = SmallBackbone().to(device).eval()
    maps = backbone(torch.rand(2, 3, *size, device=device))
    assert backbone.strides == (2, 4, 8, 16) and backbone.channels == (16, 24, 48, 96)
    for x, channels, stride in zip(maps, backbone.channels, backbone.strides, strict=True):
        assert x.shape == (2, channels, *(-(-side // stride) for side in size))
        assert (x >= 0).all()


def test_a_small_backbone_is_small():
    assert sum(p.numel() for p in SmallBackbone().parameters()) == 279_168
