import math

import pytest
import torch
import torchvision
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.testing import assert_close

from lookclosely import losses

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
REDUCTIONS = ("none", "mean", "sum")


def draw(seed: int, dtype: torch.dtype, device: torch.device | str = "cpu"):
    """Logits and targets: hard ones, and in every third case shares between 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    shape = [(0,), (7,), (3, 5), (2, 4, 3, 2)][seed % 4]
    logits = torch.randn(shape, generator=generator, dtype=torch.float64) * 4
    targets = torch.rand(shape, generator=generator, dtype=torch.float64)
    targets = targets if seed % 3 == 0 else (targets < 0.3).double()
    return logits.to(device, dtype), targets.to(device, dtype)


def with_slopes(function, logits: Tensor, targets: Tensor, *more) -> tuple[Tensor, ...]:
    leaves = [x.clone().requires_grad_() for x in (logits, targets)]
    value = function(*leaves, *more)
    weights = torch.linspace(1, 2, value.numel()).to(value).reshape(value.shape)
    return (value.detach(), *torch.autograd.grad((value * weights).sum(), leaves))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("alpha", [0.25, 0.0, 1.0, -1])
@pytest.mark.parametrize("gamma", [0, 1, 2, 2.5])
def test_the_focal_loss_is_the_library_s(gamma, alpha, dtype, device):
    for seed in range(20):
        given = *draw(seed, dtype, device), alpha, gamma, REDUCTIONS[seed % 3]
        if given[0].numel() == 0 and given[4] == "mean":
            continue
        ours = with_slopes(losses.sigmoid_focal_loss, *given)
        library = with_slopes(torchvision.ops.sigmoid_focal_loss, *given)
        for mine, theirs in zip(ours, library, strict=True):
            tolerance = TOLERANCE[dtype]
            assert_close(mine, theirs, rtol=tolerance, atol=tolerance)


def slow_focal_loss(logit: float, target: int, alpha: float, gamma: float) -> float:
    p = 1 / (1 + math.exp(-logit))
    p_t, alpha_t = (p, alpha) if target else (1 - p, 1 - alpha)
    return -(alpha_t if alpha >= 0 else 1) * (1 - p_t) ** gamma * math.log(p_t)


@given(
    st.lists(st.tuples(st.floats(-12, 12), st.integers(0, 1)), max_size=6),
    st.sampled_from([-1, 0.0, 0.25, 0.9]),
    st.sampled_from([0, 0.5, 2, 5]),
)
def test_the_focal_loss_is_its_definition(rows, alpha, gamma):
    logits = torch.tensor([row[0] for row in rows], dtype=torch.float64)
    targets = torch.tensor([row[1] for row in rows], dtype=torch.float64)
    loop = [slow_focal_loss(logit, target, alpha, gamma) for logit, target in rows]
    ours = losses.sigmoid_focal_loss(logits, targets, alpha, gamma)
    assert_close(ours, torch.tensor(loop, dtype=torch.float64), rtol=1e-9, atol=1e-12)


def test_without_gamma_and_alpha_it_is_cross_entropy():
    logits, targets = draw(2, torch.float64)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets)
    assert_close(losses.sigmoid_focal_loss(logits, targets, -1, 0, "mean"), entropy)


def test_easy_answers_cost_little():
    logits = torch.tensor([0.5, 0.9]).logit()
    entropy = losses.sigmoid_focal_loss(logits, torch.ones(2), alpha=-1, gamma=0)
    focal = losses.sigmoid_focal_loss(logits, torch.ones(2), alpha=-1)
    assert_close(focal / entropy, torch.tensor([1 / 4, 1 / 100]))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.9, 1, 2])
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_gradients_of_sure_answers_are_finite(gamma, dtype):
    """In the library they are NaN below 1."""
    sure = torch.tensor([900.0, -900, 40, -40, 100], dtype=dtype)
    targets = torch.tensor([1.0, 0, 1, 0, 1], dtype=dtype)
    value, slope, _ = with_slopes(losses.sigmoid_focal_loss, sure, targets, 0.25, gamma)
    assert value.isfinite().all() and slope.isfinite().all()
    assert (slope.abs() < 1e-6).all()
    if 0 < gamma < 1:
        library = with_slopes(torchvision.ops.sigmoid_focal_loss, sure, targets, 0.25, gamma)
        assert library[1].isnan().any()


def test_gradients_are_right_to_second_order():
    logits, targets = draw(2, torch.float64)
    for gamma in (0.5, 2):

        def loss(x: Tensor, gamma=gamma) -> Tensor:
            return losses.sigmoid_focal_loss(x, targets, 0.25, gamma)

        assert gradcheck(loss, logits.requires_grad_())
        assert gradgradcheck(loss, logits)


def test_half_precision_is_summed_in_full():
    logits = torch.full((100_000,), -4.0).half()
    ours = losses.sigmoid_focal_loss(logits, torch.zeros_like(logits), reduction="sum")
    full = losses.sigmoid_focal_loss(logits.float(), torch.zeros(100_000), reduction="sum")
    assert ours.dtype == torch.float16
    assert_close(ours, full.half())


X = torch.zeros(2, 3)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: losses.sigmoid_focal_loss(X, X[:1]), r"targets has shape \(1, 3\)"),
        (lambda: losses.sigmoid_focal_loss(X.int(), X), "inputs is torch.int32"),
        (lambda: losses.sigmoid_focal_loss(X, X, alpha=1.5), "alpha is 1.5"),
        (lambda: losses.sigmoid_focal_loss(X, X, alpha=-0.5), "alpha is -0.5"),
        (lambda: losses.sigmoid_focal_loss(X, X, gamma=-1), "gamma is -1"),
        (lambda: losses.sigmoid_focal_loss(X, X, gamma=math.nan), "gamma is nan"),
        (lambda: losses.sigmoid_focal_loss(X, X, reduction="average"), "reduction is 'average'"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
