"""Window classifiers: their convolutional form and one pass give what each window gives alone."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lookclosely import cost, ops
from lookclosely.models.looking.patch import cut_patches
from lookclosely.models.looking.scanning import OnePass, WindowClassifier, to_convolution


def classifier(window=19, pools=2, **options):
    """Weights that are whole numbers, so that float64 sums are exact in any order."""
    torch.manual_seed(0)
    options = {"in_channels": 2, "num_classes": 3, "width": 3, "hidden": 4, **options}
    model = WindowClassifier(window=window, pools=pools, **options).double()
    for weight in model.parameters():
        weight.data = torch.randint(-2, 3, weight.shape).double()
    return model


def all_windows(images, window):
    """(N·H'·W', C, w, w): every window that lies inside, row by row."""
    parts = images.unfold(-2, window, 1).unfold(-2, window, 1)  # (N, C, H', W', w, w)
    return parts.permute(0, 2, 3, 1, 4, 5).flatten(0, 2)


@pytest.mark.parametrize(("pools", "window"), [(1, 5), (1, 11), (2, 11), (2, 19), (3, 31)])
@pytest.mark.parametrize("more", [(0, 0), (3, 6), (9, 8)])
def test_every_way_gives_what_the_windows_give(pools, window, more):
    model = classifier(window, pools)
    rows, columns = 2**pools + more[0], 2**pools + more[1]
    x = torch.randint(-3, 4, (2, 2, window - 1 + rows, window - 1 + columns)).double()
    with torch.no_grad():
        alone = model(all_windows(x, window)).unflatten(0, (2, rows, columns)).movedim(-1, 1)
        network = model.convolutional()
        assert torch.equal(network(x), alone[..., :: 2**pools, :: 2**pools])
        assert torch.equal(OnePass(network)(x), alone)
        assert torch.equal(ops.shift_and_stitch(network, x, model.stride), alone)


def test_windows_round_pixels_are_those_of_the_padded_image():
    model = classifier()
    image = torch.randint(-3, 4, (1, 2, 12, 14)).double()
    where = torch.cartesian_prod(torch.tensor([0]), torch.arange(12), torch.arange(14))
    padded = nn.ReflectionPad2d(model.window // 2)(image)
    with torch.no_grad():
        alone = model(cut_patches(image, where, model.window)).T.reshape(1, 3, 12, 14)
        assert torch.equal(OnePass(model.convolutional())(padded), alone)


@pytest.mark.parametrize(("pools", "window"), [(1, 15), (2, 27), (3, 31)])
def test_layers_describe_the_network(pools, window):
    model = classifier(window, pools)
    field = ops.receptive_field(model.layers)
    assert field == (window, 2**pools, 0) == (model.window, model.stride, 0)
    network = model.convolutional()
    x = torch.randn(40, 2, window + 8, window + 8, dtype=torch.float64)
    seen = ops.effective_receptive_field(network, x, at=0) > 0
    assert seen[:window, :window].any(0).all() and not seen[window:].any()


def test_one_pass_computes_each_number_once():
    """Multiply-adds: the places of each layer's field, times its weights."""
    model, side = classifier(19), 8
    x = torch.zeros(1, 2, 19 - 1 + side, 19 - 1 + side, dtype=torch.float64)
    network = model.convolutional()
    expected = 0
    convolutions = [layer for layer in network if isinstance(layer, nn.Conv2d)]
    for layer, field in zip(convolutions, (4, 9, 19, 19), strict=True):
        expected += layer.weight.numel() * (x.shape[-1] - field + 1) ** 2
    assert cost.multiply_adds(OnePass(network), x) == expected


def test_gradients_reach_the_weights_through_one_pass():
    model = classifier(11)
    x = torch.randn(1, 2, 18, 18, dtype=torch.float64)
    network = OnePass(model.convolutional())
    network(x).square().sum().backward()
    for weights in [*network.parameters(), *model.features.parameters()]:
        assert weights.grad is not None and weights.grad.abs().sum() > 0


@pytest.mark.parametrize(("window", "pools"), [(10, 2), (7, 2), (28, 2), (4, 1), (11, 0)])
def test_windows_that_do_not_fit_are_named(window, pools):
    with pytest.raises(ValueError, match=f"window is {window}"):
        WindowClassifier(in_channels=3, num_classes=2, window=window, pools=pools)


@pytest.mark.parametrize(
    "layer",
    [
        nn.MaxPool2d(3, stride=2),
        nn.MaxPool2d(2, padding=1),
        nn.MaxPool2d(2, dilation=2),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.MaxPool2d((2, 3)),
        nn.Conv2d(2, 2, 3, stride=2),
        nn.Conv2d(2, 2, 3, padding=1),
        nn.Conv2d(2, 2, 3, padding="same"),
        nn.Conv2d(2, 2, 3, dilation=2),
        nn.Conv2d(2, 2, (3, 1)),
        nn.ConvTranspose2d(2, 2, 2, stride=2),
        nn.AvgPool2d(2),
        nn.AdaptiveAvgPool2d(4),
        nn.Upsample(scale_factor=2),
        nn.ZeroPad2d(1),
        nn.Sequential(nn.MaxPool2d(2)),
    ],
    ids=str,
)
def test_layers_that_one_pass_would_get_wrong_are_named(layer):
    with pytest.raises(ValueError, match=r"(?s)network\[1\] is .*give"):
        OnePass(nn.Sequential(nn.Conv2d(2, 2, 3), layer))


@pytest.mark.parametrize(
    "layer",
    [
        nn.MaxPool2d(3),
        nn.MaxPool2d((2, 2), stride=(2, 2)),
        nn.Conv2d(2, 2, 2, padding="valid"),
        nn.Sequential(nn.BatchNorm2d(2), nn.Tanh()),
    ],
    ids=str,
)
def test_layers_that_one_pass_takes_give_what_the_shifts_give(layer):
    network = nn.Sequential(nn.Conv2d(2, 2, 3), layer, nn.Conv2d(2, 1, 2)).double().eval()
    stride = 12 // layer(torch.zeros(1, 2, 12, 12).double()).shape[-1]
    x = torch.randn(1, 2, 13, 14, dtype=torch.float64)
    expected = ops.shift_and_stitch(network, x, stride)
    torch.testing.assert_close(OnePass(network)(x), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("bias", [True, False])
@given(channels=st.integers(1, 5), height=st.integers(1, 4), width=st.integers(1, 4))
def test_a_fully_connected_layer_is_a_convolution(dtype, bias, channels, height, width):
    layer = nn.Linear(channels * height * width, 6, bias=bias).to(dtype)
    convolution = to_convolution(layer, (height, width))
    x = torch.randn(2, channels, height + 2, width + 1, dtype=dtype)
    y = convolution(x)
    assert y.shape == (2, 6, 3, 2) and y.dtype == dtype
    for i in range(3):
        for j in range(2):
            window = x[:, :, i : i + height, j : j + width]
            torch.testing.assert_close(y[:, :, i, j], layer(window.flatten(1)))


def test_a_converted_layer_has_weights_of_its_own():
    layer = nn.Linear(8, 2)
    convolution = to_convolution(layer, (2, 2))
    before = convolution.weight.clone()
    nn.init.zeros_(layer.weight)
    assert torch.equal(convolution.weight, before)


@pytest.mark.parametrize("size", [(3, 1), (0, 1)])
def test_a_size_that_does_not_divide_the_inputs_is_named(unchecked, size):
    with pytest.raises(ValueError, match="size"):
        to_convolution(nn.Linear(10, 2), size)
