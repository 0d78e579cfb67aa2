"""DilatedNet gives the same answers at every output stride; ASPP by its branches."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from lookclosely import cost, ops
from lookclosely.models.segmentation.dilated import ASPP, DilatedNet, spread, strides_and_rates

STRIDES = (1, 2, 1, 2, 2)


def small(output_stride, **options):
    """In double precision and evaluation mode, with normalisation that is not the identity."""
    torch.manual_seed(0)
    net = DilatedNet(
        num_classes=3,
        channels=(4, 4, 5, 5, 6),
        strides=STRIDES,
        output_stride=output_stride,
        **options,
    ).double()
    net(torch.randn(4, 3, 17, 17, dtype=torch.float64))  # running statistics
    return net.eval()


@pytest.mark.parametrize("size", [(33, 33), (25, 41), (32, 30), (9, 64)])
@pytest.mark.parametrize("dense", [1, 2, 4])
def test_denser_nets_give_the_strided_nets_answers_at_its_places(size, dense):
    coarse, fine = small(8), small(dense)
    fine.load_state_dict(coarse.state_dict())
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    with torch.no_grad():
        every_eighth = fine.head(fine.features(x))[..., :: 8 // dense, :: 8 // dense]
        assert torch.allclose(every_eighth, coarse.head(coarse.features(x)), atol=1e-12)
        assert torch.allclose(fine(x)[..., ::8, ::8], coarse(x)[..., ::8, ::8], atol=1e-12)


@pytest.mark.parametrize("size", [(33, 33), (20, 31), (1, 5)])
@pytest.mark.parametrize("output_stride", [1, 2, 4, 8])
def test_scores_have_the_size_of_the_image(size, output_stride):
    assert small(output_stride)(torch.zeros(2, 3, *size).double()).shape == (2, 3, *size)


def test_parameters_and_field_are_equal_and_only_cost_and_density_differ():
    nets = {stride: small(stride) for stride in (8, 4, 2, 1)}
    x = torch.zeros(1, 3, 33, 33, dtype=torch.float64)
    assert len({cost.parameters(net) for net in nets.values()}) == 1
    fields = {stride: ops.receptive_field(net.layers) for stride, net in nets.items()}
    assert {field.size for field in fields.values()} == {1 + 2 * (1 + 1 + 2 + 2 + 4)}
    assert all(field.stride == stride for stride, field in fields.items())
    macs = [cost.multiply_adds(net, x) for net in nets.values()]
    assert macs == sorted(macs) and macs[0] < macs[-1]


def test_without_dilation_the_field_shrinks_and_the_cost_stays():
    dilated, plain = small(1), small(1, dilate=False)
    x = torch.zeros(1, 3, 33, 33, dtype=torch.float64)
    assert ops.receptive_field(plain.layers).size == 11
    assert cost.multiply_adds(plain, x) == cost.multiply_adds(dilated, x)


def test_plans_by_hand():
    assert strides_and_rates((1, 2, 1, 2, 1), 1) == [(1, 1), (1, 1), (1, 2), (1, 2), (1, 4)]
    assert strides_and_rates((1, 2, 1, 2, 1), 2) == [(1, 1), (2, 1), (1, 1), (1, 1), (1, 2)]
    assert strides_and_rates((1, 2, 1, 2, 1), 4) == [(s, 1) for s in (1, 2, 1, 2, 1)]


@given(st.lists(st.integers(1, 3), min_size=1, max_size=6))
def test_plans_keep_the_field(strides):
    before = ops.receptive_field([(3, stride, 1) for stride in strides])
    for stop in {int(torch.tensor(strides[:n]).prod()) for n in range(len(strides) + 1)}:
        layers = [(3, s, rate, rate) for s, rate in strides_and_rates(strides, stop)]
        after = ops.receptive_field(layers)
        assert (after.size, after.offset, after.stride) == (before.size, before.offset, stop)


def test_spread_keeps_answers_at_their_places():
    x = torch.randn(1, 2, 3, 4, dtype=torch.float64)
    wide = spread(x, 4, (9, 13))
    assert torch.allclose(wide[..., ::4, ::4], x)
    assert torch.allclose(wide[..., 2, 0], (x[..., 0, 0] + x[..., 1, 0]) / 2)
    longer = spread(x, 4, (12, 16))
    assert torch.equal(longer[..., 11, 15], longer[..., 8, 12])


def parts(aspp, branch) -> Any:
    """Convolution and normalisation of a branch."""
    return list(aspp.branches[branch].children())[:2]


def test_aspp_reads_one_map_at_several_rates():
    torch.manual_seed(0)
    aspp = ASPP(4, 5, rates=(2, 4)).double().eval()
    x = torch.randn(2, 4, 13, 11, dtype=torch.float64)
    assert aspp(x).shape == (2, 5, 13, 11)
    conv, norm = parts(aspp, 2)
    by_hand = F.relu(norm(F.conv2d(x, conv.weight, padding=4, dilation=4)))
    assert torch.allclose(aspp.branches[2](x), by_hand)


def test_a_rate_as_large_as_the_map_leaves_only_the_centre_tap():
    torch.manual_seed(0)
    aspp = ASPP(4, 5, rates=(9,)).double().eval()
    x = torch.randn(1, 4, 9, 9, dtype=torch.float64)
    conv, norm = parts(aspp, 1)
    centre = F.relu(norm(F.conv2d(x, conv.weight[..., 1:2, 1:2])))
    assert torch.allclose(aspp.branches[1](x), centre)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="strides has 2 entries for 3 channels"):
        DilatedNet(channels=(4, 4, 4), strides=(1, 2))
    for wrong in (3, 16):
        with pytest.raises(ValueError, match=f"output_stride is {wrong}"):
            strides_and_rates(STRIDES, wrong)


def test_a_stride_after_a_dilation_is_not_kept():
    with pytest.raises(ValueError, match=r"output_stride is 2.*stop at 1"):
        strides_and_rates((3, 2), 2)
