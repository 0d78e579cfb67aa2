import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from parity import DTYPES
from torch import nn

from lookclosely import ops

layer = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2))
chains = st.lists(layer, max_size=4)


def network_of(layers, dtype=torch.float64):
    """The chain with one channel and all weights 1, so that no two paths cancel."""
    convolutions = [nn.Conv2d(1, 1, k, s, p, d, bias=False) for k, s, p, d in layers]
    for convolution in convolutions:
        nn.init.ones_(convolution.weight)
    return nn.Sequential(*convolutions).to(dtype)


@given(chains, st.integers(0, 2))
def test_the_formula_is_what_gradients_measure(layers, beyond):
    """At an output far enough from the border, exactly the pixels of the field have a gradient."""
    field = ops.receptive_field(layers)
    index = beyond - field.offset // field.stride  # the first fields reach into the padding
    length = field.pixels(index).stop + sum(p for _, _, p, _ in layers) * field.stride + 1
    x = torch.zeros(1, 1, length, length, dtype=torch.float64)
    seen = ops.effective_receptive_field(network_of(layers), x, at=(index, index)) > 0
    for axis in (0, 1):
        touched = seen.any(dim=axis).nonzero().flatten().tolist()
        assert touched == reached(layers, index)
        assert (touched[0], touched[-1]) == (field.pixels(index)[0], field.pixels(index)[-1])


def reached(layers, index):
    """Brute force: go back through the layers, pixel by pixel."""
    places = {index}
    for kernel, stride, padding, dilation in reversed(layers):
        places = {i * stride - padding + dilation * u for i in places for u in range(kernel)}
    return sorted(places)


@given(chains, st.integers(0, 3))
def test_the_formula_is_the_way_back_through_the_layers(layers, index):
    field, places = ops.receptive_field(layers), reached(layers, index)
    assert (places[0], places[-1]) == (field.pixels(index)[0], field.pixels(index)[-1])
    assert field.centre(index) == (places[0] + places[-1]) / 2


@given(chains, chains)
def test_fields_of_chains_add_up(first, second):
    a, b, both = (ops.receptive_field(chain) for chain in (first, second, first + second))
    assert both.size == a.size + (b.size - 1) * a.stride
    assert both.stride == a.stride * b.stride
    assert both.offset == a.offset + b.offset * a.stride


def test_known_networks():
    assert ops.receptive_field([]) == (1, 1, 0)
    assert ops.receptive_field([(3, 1, 1)] * 3) == (7, 1, -3)
    blocks = [2, 2, 3, 3, 3]  # VGG-16: convolutions 3×3 in each block, then a pooling
    vgg = [layer for n in blocks for layer in [(3, 1, 1)] * n + [(2, 2, 0)]]
    assert ops.receptive_field(vgg) == (212, 32, -90)  # Araujo et al. 2019, table
    assert ops.receptive_field([*vgg, (7, 1, 0)]).size == 404  # FCN-32s's view
    exponential = [(3, 1, d, d) for d in (1, 2, 4, 8)]  # Yu and Koltun 2016: 2^(i+2) − 1
    assert [ops.receptive_field(exponential[:i]).size for i in (1, 2, 3, 4)] == [3, 7, 15, 31]


@pytest.mark.parametrize("dtype", DTYPES)
def test_effective_receptive_field_counts_the_paths(dtype, device):
    """Three 3×3 kernels of ones: the gradient is the number of paths, 1 3 6 7 6 3 1 by axis."""
    network = network_of([(3, 1, 1, 1)] * 3, dtype).to(device)
    x = torch.randn(2, 1, 9, 11, dtype=dtype, device=device)
    counts = torch.tensor([1, 3, 6, 7, 6, 3, 1], dtype=dtype, device=device)
    expected = torch.zeros(9, 11, dtype=dtype, device=device)
    expected[1:8, 2:9] = torch.outer(counts, counts)
    assert torch.equal(ops.effective_receptive_field(network, x), expected)
    moved = ops.effective_receptive_field(network, x, at=(3, 4))
    assert torch.equal(moved[:-1, :-1], expected[1:, 1:])


def test_effective_receptive_field_of_many_images_finds_every_pixel_of_a_maximum():
    pool = nn.MaxPool2d(2)
    one = ops.effective_receptive_field(pool, torch.randn(1, 1, 6, 6), at=(1, 2))
    many = ops.effective_receptive_field(pool, torch.randn(64, 3, 6, 6), at=(1, 2))
    assert int((one > 0).sum()) == 1
    assert many[2:4, 4:6].gt(0).all() and int((many > 0).sum()) == 4


def test_effective_receptive_field_leaves_weights_without_gradients():
    network = network_of([(3, 1, 1, 1)])
    with torch.no_grad():
        ops.effective_receptive_field(network, torch.zeros(1, 1, 5, 5, dtype=torch.float64))
    assert all(weight.grad is None for weight in network.parameters())


X = torch.zeros(1, 1, 6, 6)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.receptive_field([(3, 1)]), r"layers\[0\]"),
        (lambda: ops.receptive_field([(3, 1, 1), (3, 1, 1, 1, 1)]), r"layers\[1\]"),
        (lambda: ops.receptive_field([(0, 1, 0)]), "kernel"),
        (lambda: ops.receptive_field([(3, 0, 0)]), "stride"),
        (lambda: ops.receptive_field([(3, 1, -1)]), "padding"),
        (lambda: ops.receptive_field([(3, 1, 0, 0)]), "dilation"),
        (lambda: ops.effective_receptive_field(nn.Identity(), X[:0]), "x must"),
        (lambda: ops.effective_receptive_field(nn.Identity(), X[0]), "x must"),
        (lambda: ops.effective_receptive_field(nn.Flatten(), X), "network"),
        (lambda: ops.effective_receptive_field(nn.Identity(), X, at=6), "at is"),
        (lambda: ops.effective_receptive_field(nn.Identity(), X, at=(0, -1)), "at is"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
