import itertools
import math
import subprocess
import sys

import pytest
import slow_crf
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from parity import DTYPES, assert_close

from lookclosely import ops
from lookclosely.ops import gaussian_filters
from lookclosely.ops.crf import dense

SETTINGS = {"appearance": (2.0, 3.0, 0.2), "smoothness": (1.5, 1.2)}
SIZES = [(3, 5, 4), (2, 1, 6), (4, 6, 1), (1, 3, 3), (2, 0, 3), (3, 4, 0)]


def random_field(size, dtype=torch.float64, device="cpu", channels=3):
    classes, height, width = size
    generator = torch.Generator().manual_seed(classes * 100 + height * 10 + width)
    unary = 3 * torch.rand(classes, height, width, generator=generator, dtype=dtype)
    image = torch.rand(channels, height, width, generator=generator, dtype=dtype)
    return unary.to(device), image.to(device)


def symmetric_table(classes, dtype=torch.float64):
    table = torch.rand(classes, classes, dtype=dtype)
    return table + table.T


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_mean_field_is_its_definition(size, dtype, device):
    unary, image = random_field(size, dtype, device)
    for steps, table in ((0, None), (1, None), (3, symmetric_table(size[0], dtype))):
        on_device = None if table is None else table.to(device)
        q = ops.mean_field(unary, image, steps=steps, compatibility=on_device, **SETTINGS)
        slow = slow_crf.mean_field(unary.cpu(), image.cpu(), steps, table, **SETTINGS)
        assert_close(q.cpu(), slow)


def test_mean_field_of_a_grey_image_and_with_either_kernel_left_out():
    unary, image = random_field((2, 4, 5), channels=1)
    for left_out in ("appearance", "smoothness"):
        settings = {**SETTINGS, left_out: (0.0, *SETTINGS[left_out][1:])}
        slow = slow_crf.mean_field(unary, image, 2, None, **settings)
        assert_close(ops.mean_field(unary, image, steps=2, **settings), slow)


def test_mean_field_in_pieces_is_mean_field_at_once(monkeypatch):
    unary, image = random_field((3, 6, 7))
    at_once = ops.mean_field(unary, image, **SETTINGS)
    monkeypatch.setattr(dense, "CACHED_PAIRS", 0)
    monkeypatch.setattr(gaussian_filters, "PAIRS_AT_ONCE", 100)  # 2 rows of 42 at a time
    assert_close(ops.mean_field(unary, image, **SETTINGS), at_once)


def test_mean_field_is_differentiable():
    unary, image = random_field((2, 2, 3))
    table = symmetric_table(2).requires_grad_()

    def field(unary, image, half):
        return ops.mean_field(unary, image, steps=2, compatibility=half + half.T, **SETTINGS)

    inputs = (unary.requires_grad_(), image.requires_grad_(), table)
    assert torch.autograd.gradcheck(field, inputs)
    short = {"weight": 0.7, "steps": 2, "theta_rgb": 0.3}
    assert torch.autograd.gradcheck(lambda u, i: ops.grid_crf(u, image=i, **short), (unary, image))


def test_mean_field_step_is_the_gradient_of_the_expected_energy():
    """Q ← softmax(−∂E/∂Q), E the expected energy with half of each pixel's pair with itself."""
    unary, image = random_field((3, 3, 4))
    pairs = ops.pair_weights(image, **SETTINGS)
    q = (-unary).softmax(0).requires_grad_()
    flat = q.flatten(1)  # (C, N)
    expected = (q * unary).sum() + 0.5 * (pairs * (1 - flat.T @ flat)).sum()
    (gradient,) = torch.autograd.grad(expected, q)
    step = ops.mean_field(unary, image, steps=1, **SETTINGS)
    assert_close(step, (-gradient).softmax(0).detach())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_grid_crf_is_its_definition(size, dtype, device):
    unary, image = random_field(size, dtype, device)
    for contrast in (None, image):
        q = ops.grid_crf(unary, weight=0.8, steps=3, image=contrast, theta_rgb=0.4)
        on_cpu = None if contrast is None else contrast.cpu()
        assert_close(q.cpu(), slow_crf.grid_crf(unary.cpu(), on_cpu, 0.8, 3, 0.4))


@pytest.mark.parametrize("weight", [0.5, 2.0, 8.0])
def test_grid_crf_settles_and_its_free_energy_falls(weight):
    unary, _ = random_field((3, 8, 7))

    def free_energy(q):
        agree = (q[:, 1:] * q[:, :-1]).sum() + (q[:, :, 1:] * q[:, :, :-1]).sum()
        return float((q * unary).sum() - weight * agree + torch.special.xlogy(q, q).sum())

    energies = [free_energy(ops.grid_crf(unary, weight=weight, steps=n)) for n in range(12)]
    assert all(b <= a + 1e-9 for a, b in itertools.pairwise(energies))
    late = [ops.grid_crf(unary, weight=weight, steps=n) for n in (300, 301)]
    assert_close(*late)


def test_mean_field_s_free_energy_falls_though_all_pixels_move_at_once():
    """With each pixel's pair with itself the kernels are positive semi-definite."""
    unary, image = random_field((3, 6, 5))
    strong = {"appearance": (20.0, 3.0, 0.3), "smoothness": (5.0, 2.0)}
    pairs = ops.pair_weights(image, **strong)

    def free_energy(q):
        flat = q.flatten(1)
        return float((q * unary).sum() - 0.5 * (flat @ pairs * flat).sum()) + float(
            torch.special.xlogy(q, q).sum()
        )

    energies = [free_energy(ops.mean_field(unary, image, steps=n, **strong)) for n in range(8)]
    assert all(b <= a + 1e-9 for a, b in itertools.pairwise(energies))


def test_without_pairs_a_field_is_its_unary():
    unary, image = random_field((3, 4, 5))
    alone = (-unary).softmax(0)
    assert_close(ops.grid_crf(unary, weight=0.0), alone)
    none = {"appearance": (0.0, 1.0, 1.0), "smoothness": (0.0, 1.0)}
    assert_close(ops.mean_field(unary, image, **none), alone)
    assert_close(ops.approximate_mean_field(unary, image, **none), alone)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(0, 5))
def test_exact_marginals_are_sums_over_all_labellings(classes, height, width, seed):
    torch.manual_seed(seed)
    unary, image = random_field((classes, height, width))
    pairs = ops.pair_weights(image, **SETTINGS)
    table = symmetric_table(classes) if seed % 2 else None
    if classes ** (height * width) > 600:
        return
    slow = slow_crf.crf_marginals(unary, pairs, table)
    assert_close(ops.crf_marginals(unary, pairs, table), slow)


def test_energy_of_one_labelling_and_of_many():
    unary, image = random_field((3, 2, 3))
    pairs, table = ops.pair_weights(image), symmetric_table(3)
    labels = torch.randint(3, (4, 5, 2, 3))
    energy = ops.crf_energy(labels, unary, pairs, table)
    assert energy.shape == (4, 5)
    for index in itertools.product(range(4), range(5)):
        one = ops.crf_energy(labels[index], unary, pairs, table)
        slow = slow_crf.crf_energy(labels[index], unary, pairs, table)
        assert float(one) == pytest.approx(slow, rel=1e-12)
        assert_close(energy[index], one)


def test_mean_field_without_pairs_is_exact_and_with_weak_pairs_nearly():
    unary, image = random_field((2, 3, 3))
    errors = []
    for weight in (0.0, 0.02, 0.5):
        field = {"appearance": (weight, 3.0, 0.3), "smoothness": (0.0, 1.0)}
        exact = ops.crf_marginals(unary, ops.pair_weights(image, **field))
        errors.append(float((ops.mean_field(unary, image, steps=20, **field) - exact).abs().max()))
    assert errors[0] < 1e-12 < errors[1] < 0.01 < errors[2] < 0.2


@pytest.mark.parametrize("dtype", DTYPES)
def test_gauss_transform_is_its_sum(dtype, device):
    values, features = torch.rand(7, 2, dtype=dtype), 2 * torch.randn(7, 3, dtype=dtype)
    slow = torch.zeros_like(values)
    for i, j in itertools.product(range(7), range(7)):
        slow[i] += (-0.5 * (features[i] - features[j]).square().sum()).exp() * values[j]
    assert_close(ops.gauss_transform(values.to(device), features.to(device)).cpu(), slow)


def test_bilateral_grid_comes_nearer_as_its_spacing_falls(device):
    torch.manual_seed(0)
    features = (4 * torch.rand(400, 3)).double().to(device)
    values = torch.rand(400, 2).double().to(device)
    ones = torch.ones(400, 1).double().to(device)
    exact = ops.gauss_transform(values, features) / ops.gauss_transform(ones, features)
    errors = []
    for spacing in (1.0, 0.5, 0.25):
        near, norm = (
            ops.bilateral_grid_transform(v, features, spacing=spacing) for v in (values, ones)
        )
        errors.append(float((near / norm - exact).abs().max()))
        scale = float((norm / ops.gauss_transform(ones, features)).mean())
        assert scale == pytest.approx(1, abs=0.02)
    assert errors[0] < 0.03 and errors[1] < errors[0] / 2 and errors[2] < errors[1] / 2


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("spacing", [1.0, 0.4])
def test_bilateral_grid_is_splat_blur_slice(spacing, dtype, device):
    """Point by point, corner by corner; the blur as one matrix over all cells."""
    features, values = 2 * torch.randn(15, 3, dtype=dtype), torch.rand(15, 2, dtype=dtype)
    place = (features - features.amin(0)) / spacing
    size = [int(n) + 2 for n in place.floor().amax(0)]
    splat = torch.zeros(15, *size, dtype=dtype)
    for i, corner in itertools.product(range(15), itertools.product((0, 1), repeat=3)):
        cell = place[i].floor() + torch.tensor(corner)
        splat[(i, *cell.int().tolist())] += (1 - (place[i] - cell).abs()).prod()
    variance = spacing**-2 - 1 / 3
    line = torch.arange(-40, 41, dtype=torch.float64)
    scale = math.sqrt(2 * math.pi) / spacing / (-0.5 * line**2 / variance).exp().sum()
    blur = torch.ones(1, 1, dtype=dtype)
    for n in size:
        line = torch.arange(n, dtype=dtype)
        apart = (line[:, None] - line) ** 2
        blur = torch.kron(blur, scale.to(dtype) * (-0.5 * apart / variance).exp())
    slow = splat.flatten(1) @ (blur @ (splat.flatten(1).T @ values))
    fast = ops.bilateral_grid_transform(values.to(device), features.to(device), spacing=spacing)
    assert_close(fast.cpu(), slow)


def test_bilateral_grid_gradients_are_right():
    free = (3 * torch.rand(9, 2, dtype=torch.float64)).requires_grad_()
    values = torch.rand(10, 2, dtype=torch.float64, requires_grad=True)

    def transform(values, free):  # places are counted from the least features: these stay
        return ops.bilateral_grid_transform(values, torch.cat([free[:1].detach() * 0, free]))

    assert torch.autograd.gradcheck(transform, (values, free))


def test_bilateral_grid_s_sum_is_off_but_its_quotient_is_near():
    """On a photo's features; the shares are those of the docstring."""
    height, width = 40, 60
    picture = F.interpolate(torch.rand(1, 3, 4, 6), (height, width), mode="bilinear")[0]
    rows, columns = torch.arange(height), torch.arange(width)
    places = torch.cartesian_prod(rows, columns) / 80
    features = torch.cat([places, picture.flatten(1).T * 255 / 13], dim=1)
    values, ones = torch.rand(height * width, 1), torch.ones(height * width, 1)
    exact, norm = (ops.gauss_transform(v, features) for v in (values, ones))
    for spacing, least, most in ((1.0, 0.05, 0.25), (0.5, 0.005, 0.05)):
        near, near_norm = (
            ops.bilateral_grid_transform(v, features, spacing=spacing) for v in (values, ones)
        )
        assert least < float((1 - near_norm / norm).abs().mean()) < most
        error = (near / near_norm - exact / norm).abs()  # of values from 0 to 1
        assert float(error.mean()) < 0.01 and float(error.max()) < 0.06


def test_bilateral_grid_is_symmetric():
    """Splat and slice are each other's transpose, so that a pair counts equally both ways."""
    features = 3 * torch.rand(30, 2, dtype=torch.float64)
    matrix = ops.bilateral_grid_transform(torch.eye(30).double(), features)
    assert_close(matrix, matrix.T.contiguous())


def test_bilateral_grid_on_the_grid_lines_of_a_flat_picture():
    """One point, and points that all agree: each gets the sum of all, times one factor."""
    features = torch.zeros(5, 2, dtype=torch.float64)
    values = torch.rand(5, 3, dtype=torch.float64)
    out = ops.bilateral_grid_transform(values, features)
    factor = out[0] / values.sum(0)
    assert_close(out, (factor * values.sum(0)).expand(5, 3))
    assert float(factor.min()) == pytest.approx(float(factor.max()))


@pytest.mark.parametrize("dtype", DTYPES)
def test_approximate_mean_field_is_near_the_exact_one(dtype, device):
    unary, _ = random_field((3, 24, 20), dtype, device)
    down = torch.linspace(0, 1, 24, dtype=dtype)[:, None].expand(24, 20)
    image = torch.stack([down, (down > 0.5).to(dtype), 1 - down]).to(device)
    settings = {"appearance": (4.0, 8.0, 0.2), "smoothness": (1.0, 2.0)}
    exact = ops.mean_field(unary, image, **settings)
    near = ops.approximate_mean_field(unary, image, **settings)
    nearer = ops.approximate_mean_field(unary, image, spacing=0.5, **settings)
    assert near.dtype == dtype
    assert float((near - exact).abs().mean()) < 0.01
    assert float((nearer - exact).abs().mean()) < 0.5 * float((near - exact).abs().mean())


def test_approximate_mean_field_of_nothing():
    unary, image = random_field((2, 0, 3))
    assert ops.approximate_mean_field(unary, image).shape == (2, 0, 3)


U, X, T = torch.zeros(2, 3, 4), torch.zeros(3, 3, 4), torch.tensor([[0.0, 1], [2, 0]])
LONG = torch.zeros(3, dtype=torch.long)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.mean_field(U[0], X), "unary"),
        (lambda: ops.mean_field(U[:0], X), "unary"),
        (lambda: ops.mean_field(U, X[..., 1:]), "image"),
        (lambda: ops.mean_field(U, X, steps=-1), "steps"),
        (lambda: ops.mean_field(U, X, appearance=(-1.0, 1.0, 1.0)), "appearance"),
        (lambda: ops.mean_field(U, X, appearance=(1.0, 0.0, 1.0)), "appearance"),
        (lambda: ops.mean_field(U, X, smoothness=(1.0, 0.0)), "smoothness"),
        (lambda: ops.mean_field(U, X, compatibility=T), "compatibility"),
        (lambda: ops.mean_field(U, X, compatibility=T[:1]), "compatibility"),
        (lambda: ops.approximate_mean_field(U, X, spacing=0.0), "spacing"),
        (lambda: ops.approximate_mean_field(U, X, spacing=1.1), "spacing"),
        (lambda: ops.grid_crf(U, weight=-1.0), "weight"),
        (lambda: ops.grid_crf(U, weight=1.0, theta_rgb=0.0), "theta_rgb"),
        (lambda: ops.grid_crf(U, weight=1.0, image=X[:, 1:]), "image"),
        (lambda: ops.gauss_transform(torch.zeros(3, 1), torch.zeros(4, 2)), "features"),
        (lambda: ops.gauss_transform(torch.zeros(3), torch.zeros(3, 2)), "values"),
        (
            lambda: ops.bilateral_grid_transform(torch.zeros(2, 1), 1e4 * torch.eye(2)),
            "spacing 1.0 needs a grid of",
        ),
        (lambda: ops.pair_weights(X[0]), "image"),
        (lambda: ops.pair_weights(X, appearance=(1.0, 0.0, 0.1)), "appearance"),
        (lambda: ops.pair_weights(X, smoothness=(-5.0, 1.0)), "smoothness"),
        (lambda: ops.crf_energy(LONG[None], U, torch.zeros(12, 12)), "labels"),
        (lambda: ops.crf_marginals(torch.zeros(3, 4, 4), torch.zeros(16, 16)), "43,046,721"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()


LARGE = """
import re, time, torch
from pathlib import Path
from lookclosely import ops
begin = time.process_time()
ops.mean_field(torch.rand(21, 128, 128), torch.rand(3, 128, 128), steps=5)
# Not ru_maxrss, which begins with what the parent process had.
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
print(time.process_time() - begin, peak / 2**20)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other units of memory elsewhere")
def test_all_pairs_of_128_x_128_pixels_and_21_labels_fit_a_laptop():
    done = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, check=True)
    seconds, gigabytes = map(float, done.stdout.split())
    assert seconds < 2 * 20 and gigabytes < 2  # two cores share the processor time
