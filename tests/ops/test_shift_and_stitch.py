import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from parity import DTYPES
from torch import nn

from lookclosely import ops

layer = st.tuples(st.integers(1, 3), st.integers(1, 2))  # kernel, stride
chains = st.lists(layer, max_size=3)


def network_of(layers, dtype=torch.float64, seed=0):
    """Convolutions and poolings with whole numbers for weights: sums in any order are exact."""
    generator = torch.Generator().manual_seed(seed)
    modules: list[nn.Module] = []
    for kernel, stride in layers:
        convolution = nn.Conv2d(2, 2, kernel)
        for weight in convolution.parameters():
            weight.data = torch.randint(-3, 4, weight.shape, generator=generator).float()
        modules += [convolution, nn.ReLU(), nn.MaxPool2d(stride)]
    return nn.Sequential(*modules).to(dtype)


def field_of(layers):
    return ops.receptive_field([x for k, s in layers for x in ((k, 1, 0), (s, s, 0))])


def whole_numbers(*shape, dtype=torch.float64):
    return torch.randint(-5, 6, shape, generator=torch.Generator().manual_seed(1)).to(dtype)


def window_by_window(network, x, size):
    """The definition: cut out every window, and ask the network."""
    rows, columns = x.shape[-2] - size + 1, x.shape[-1] - size + 1
    answers = [
        [network(x[..., i : i + size, j : j + size]) for j in range(columns)] for i in range(rows)
    ]
    return torch.cat([torch.cat(row, dim=-1) for row in answers], dim=-2)


@given(chains, st.integers(0, 5), st.integers(0, 5))
def test_every_answer_is_that_of_its_window(layers, more_rows, more_columns):
    network, (size, factor, _) = network_of(layers), field_of(layers)
    x = whole_numbers(2, 2, size + factor - 1 + more_rows, size + factor - 1 + more_columns)
    ours = ops.shift_and_stitch(network, x, factor)
    assert torch.equal(ours, window_by_window(network, x, size))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("pools", "passes"), [(0, 1), (1, 4), (2, 16), (3, 64)])
def test_p_poolings_need_4_to_the_p_passes(pools, passes, dtype, device):
    layers = [(2, 2)] * pools
    network, factor = network_of(layers, dtype).to(device), 2**pools
    calls = []
    network.register_forward_hook(lambda *_: calls.append(1))
    x = whole_numbers(1, 2, 26, 27, dtype=dtype).to(device)
    ours = ops.shift_and_stitch(network, x, factor)
    assert len(calls) == passes
    assert (ours.dtype, ours.device.type) == (dtype, device.type)
    assert torch.equal(ours, window_by_window(network, x, field_of(layers).size))


def test_fragments_at_every_pooling_give_the_same_in_one_pass():
    layers, x = [(3, 2), (2, 2)], whole_numbers(3, 2, 14, 18)
    network, (size, factor, _) = network_of(layers), field_of(layers)
    y = x[..., : (14 - size + 1) // 4 * 4 + size - 1, : (18 - size + 1) // 4 * 4 + size - 1]
    expected = ops.shift_and_stitch(network, y, factor)
    for module in network:
        pooled = isinstance(module, nn.MaxPool2d)
        y = ops.split_phases(F.max_pool2d(y, 2, stride=1), 2) if pooled else module(y)
    assert torch.equal(ops.stitch(ops.stitch(y, 2), 2), expected)


def test_shift_and_stitch_has_right_gradients():
    network = nn.Sequential(nn.Conv2d(1, 2, 2), nn.AvgPool2d(2)).double()
    x = torch.randn(1, 1, 6, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: ops.shift_and_stitch(network, x, 2), (x,))


def test_no_images_give_no_answers():
    network = network_of([(3, 2)])
    assert ops.shift_and_stitch(network, whole_numbers(0, 2, 8, 9), 2).shape == (0, 2, 5, 6)
    assert ops.split_phases(whole_numbers(0, 2, 8, 6), 2).shape == (0, 2, 4, 3)
    assert ops.stitch(whole_numbers(0, 2, 4, 3), 2).shape == (0, 2, 8, 6)


small = st.integers(1, 3)


@given(small, small, small, small, small)
def test_split_phases_is_pixel_unshuffle_and_stitch_its_inverse(n, c, h, w, factor):
    x = torch.randn(n, c, h * factor, w * factor)
    parts = ops.split_phases(x, factor)
    library = F.pixel_unshuffle(x, factor).unflatten(1, (c, factor**2))  # (N, C, f², h, w)
    assert torch.equal(parts, library.movedim(2, 0).flatten(0, 1))
    assert torch.equal(ops.stitch(parts, factor), x)


def test_split_phases_is_its_definition():
    x = torch.arange(2 * 6 * 4).reshape(2, 1, 6, 4)
    parts = ops.split_phases(x, 2)
    for a, b, n in [(0, 0, 0), (0, 1, 1), (1, 0, 0), (1, 1, 1)]:
        assert torch.equal(parts[(a * 2 + b) * 2 + n], x[n, :, a::2, b::2])


def test_offset_pooling_holds_the_poolings_of_all_offsets():
    x = torch.randn(2, 3, 10, 13)
    parts = ops.split_phases(F.max_pool2d(x[..., :-2], 3, stride=1)[..., :6, :9], 3)
    for a in range(3):
        for b in range(3):
            pooled = F.max_pool2d(x[..., a : a + 6, b : b + 9], 3)
            assert torch.equal(parts.unflatten(0, (3, 3, 2))[a, b], pooled)


X = torch.zeros(1, 1, 6, 6)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.shift_and_stitch(nn.MaxPool2d(2), X, 0), "factor"),
        (lambda: ops.shift_and_stitch(nn.MaxPool2d(2), X[0], 2), "x must"),
        (lambda: ops.shift_and_stitch(nn.Conv2d(1, 1, 2), X, 4), "factor is 4"),
        (lambda: ops.split_phases(X, 4), "multiples of factor, 4"),
        (lambda: ops.split_phases(X[0], 2), "x must"),
        (lambda: ops.split_phases(X, 0), "factor"),
        (lambda: ops.stitch(X, 2), "factor² = 4"),
        (lambda: ops.stitch(X[0], 1), "x must"),
        (lambda: ops.stitch(X, 0), "factor"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
