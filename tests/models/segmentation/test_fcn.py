"""FCN: any size, bilinear upsampling, skips, and fully connected layers as convolutions."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lookclosely import cost
from lookclosely.models.segmentation.fcn import FCN, Upsample


def small(**options):
    """Random scores: an untrained net's are 0."""
    torch.manual_seed(0)
    settings = {"num_classes": 3, "channels": (4, 5, 6), "hidden": 7, "strides": (8, 4, 2)}
    model = FCN(**{**settings, **options}).double().eval()
    for layer in model.score:
        assert isinstance(layer, nn.Conv2d)
        nn.init.normal_(layer.weight)
    return model


@pytest.mark.parametrize("size", [(16, 16), (33, 47), (7, 64), (1, 1)])
@pytest.mark.parametrize("strides", [(8,), (8, 4), (8, 4, 2)])
def test_output_has_the_size_of_the_input(size, strides, device):
    model = small(strides=strides).to(device)
    x = torch.zeros(2, 3, *size, dtype=torch.float64, device=device)
    assert model(x).shape == (2, 3, *size)
    shapes = [tuple(part.shape[-2:]) for part in model.score_maps(x)]
    assert shapes == [(-(-size[0] // s), -(-size[1] // s)) for s in strides]


@given(
    classes=st.integers(1, 4),
    factor=st.sampled_from([2, 4, 8, 16]),
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    learnt=st.booleans(),
)
def test_upsampling_starts_as_bilinear_up_to_the_border(classes, factor, height, width, learnt):
    x = torch.randn(2, classes, height, width)
    y = Upsample(classes, factor, learnt=learnt)(x)
    library = F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
    torch.testing.assert_close(y, library, atol=1e-5, rtol=1e-5)


def test_what_is_fixed_stays_and_what_is_learnt_moves():
    x, target = torch.randn(2, 3, 16, 16).double(), torch.randint(3, (2, 16, 16))
    for intermediate, last in ((True, False), (False, True), (False, False)):
        model = small(learn_intermediate=intermediate, learn_last=last)
        layers = [*model.enlarge, model.last]
        before = [layer.layer.weight.clone() for layer in layers]
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
        F.cross_entropy(model(x), target).backward()
        optimizer.step()
        moved = [bool((b != a.layer.weight).any()) for b, a in zip(before, layers)]
        assert moved == [intermediate, intermediate, last]
    assert cost.parameters(small(learn_intermediate=False)) + 2 * 9 * 16 == cost.parameters(small())


def test_a_new_net_gives_zeros_and_every_skip_matters():
    x = torch.randn(1, 3, 24, 24).double()
    assert not FCN(num_classes=3).double()(x).any()
    model = small()
    whole = model(x)
    for skips in ((False, True), (True, False)):
        model.skips = skips
        assert not torch.allclose(model(x), whole)
    model.skips = (False, False)
    coarse = F.interpolate(model.score_maps(x)[0], scale_factor=8, mode="bilinear")
    # Twice by 2 and once by 2 is not once by 8, but the mean over the image is kept.
    torch.testing.assert_close(model(x).mean((2, 3)), coarse.mean((2, 3)), atol=0.05, rtol=0.05)


def test_one_stride_is_the_coarse_scores_interpolated():
    model, x = small(strides=(8,)), torch.randn(2, 3, 24, 40).double()
    coarse = F.interpolate(model.score_maps(x)[0], scale_factor=8, mode="bilinear")
    torch.testing.assert_close(model(x), coarse)


def test_the_paper_s_net_has_134_million_parameters():
    with torch.device("meta"):  # shapes only
        model = FCN(
            num_classes=21,
            channels=(64, 128, 256, 512, 512),
            convolutions=(2, 2, 3, 3, 3),
            hidden=4096,
            kernel=7,
            strides=(32, 16, 8),
        )
        assert model(torch.zeros(1, 3, 500, 500)).shape == (1, 21, 500, 500)
    assert round(cost.parameters(model) / 1e6) == 134  # Table 1


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: FCN(strides=(32,)), "strides"),
        (lambda: FCN(strides=(16, 4)), "strides"),
        (lambda: FCN(strides=()), "strides"),
        (lambda: FCN(channels=(4, 4), strides=(4, 2, 1)), "strides"),
        (lambda: FCN(convolutions=(1, 2)), "convolutions"),
        (lambda: FCN(convolutions=0), "convolutions"),
    ],
)
def test_bad_arguments_are_named(unchecked, call, word):
    with pytest.raises(ValueError, match=word):
        call()
