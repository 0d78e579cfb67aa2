"""The decks' formulas for the gradients of a 1-D convolution, against autograd.

Every kernel, signal and gradient from above is random. What should be equal is computed twice in
float64, and the largest difference is kept; what should differ, as a share of the gradient's norm.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from lookclosely import ops
from lookclosely.cost import seconds

from ..core import Experiment, Outcome, Result, Verdict

Row = Float[Tensor, " _"]


@dataclass(frozen=True)
class Config:
    draws: int = 1000
    size: int = 16
    kernel_size: int = 3
    strides: tuple[int, ...] = (1, 2)
    image: int = 64
    repeats: int = 11


def spread(row: Row, stride: int, length: int) -> Row:
    """The row's numbers ``stride`` apart, zeros between them and at the end: (length,)."""
    out = row.new_zeros(length)
    out[: (len(row) - 1) * stride + 1 : stride] = row
    return out


def gradients(x: Row, w: Row, above: Row, stride: int) -> tuple[Row, Row]:
    """∂L/∂w and ∂L/∂x as the decks have them: a cross-correlation and a true convolution."""
    k = len(w)
    dense = spread(above, stride, len(x) - k + 1)
    return ops.cross_correlate(x, dense), ops.convolve(dense, w, padding=k - 1)


def differences(config: Config, stride: int, generator: torch.Generator) -> dict[str, float]:
    def draw(count: int) -> Tensor:
        return torch.randn(count, generator=generator, dtype=torch.float64)

    found = []
    for _ in range(config.draws):
        x, w = draw(config.size).requires_grad_(), draw(config.kernel_size).requires_grad_()
        y = F.conv1d(x[None, None], w[None, None], stride=stride)[0, 0]
        above = draw(len(y))
        y.backward(above)
        assert x.grad is not None and w.grad is not None
        x_, w_, y = x.detach(), w.detach(), y.detach()
        to_weight, to_input = gradients(x_, w_, above, stride)
        _, turned = gradients(x_, w_.flip(0), above, stride)  # Wᵀ, read as the flipped kernel
        same, mirrored = (op(x_, w_, stride=stride) for op in (ops.cross_correlate, ops.convolve))
        found.append(
            {
                "weight": float((to_weight - w.grad).abs().max()),
                "input": float((to_input - x.grad).abs().max()),
                "input_turned": float((turned - x.grad).norm() / x.grad.norm()),
                "layer_is_correlation": float((same - y).abs().max()),
                "layer_is_convolution": float((mirrored - y).norm() / y.norm()),
            }
        )
    rows = torch.tensor([list(row.values()) for row in found])
    worst, mean = rows.amax(0).tolist(), rows.mean(0).tolist()
    return {
        name: mean[i] if name in ("input_turned", "layer_is_convolution") else worst[i]
        for i, name in enumerate(found[0])
    }


@torch.no_grad()
def times(size: int, repeats: int) -> dict[str, float]:
    """Milliseconds for a 3×3 kernel on a square grey image: three ways to the same numbers."""
    image, kernel = torch.randn(size, size), torch.randn(3, 3)
    matrix = ops.convolution_matrix(kernel, (size, size))
    calls = {
        "ours": lambda: ops.cross_correlate(image, kernel),
        "library": lambda: F.conv2d(image[None, None], kernel[None, None]),
        "matrix": lambda: matrix @ image.flatten(),
    }
    return {name: 1e3 * seconds(call, repeats=repeats) for name, call in calls.items()}


def run(config: Config, seed: int, device: str | None) -> Outcome:
    generator = torch.Generator().manual_seed(seed)
    by_stride = {f"stride {s}": differences(config, s, generator) for s in config.strides}
    return Outcome({**by_stride, "ms": times(config.image, config.repeats)})


def judge(result: Result) -> Verdict:
    def worst(metric: str) -> float:
        return max(max(result.values(f"stride {s}/{metric}")) for s in (1, 2))

    weight, input_, turned = worst("weight"), worst("input"), result.mean("stride 1/input_turned")
    right = max(weight, input_, worst("layer_is_correlation")) < 1e-12
    return Verdict(
        ("partly" if turned > 0.1 else "yes") if right else "no",
        f"largest difference from autograd: kernel's gradient {weight:.0e}, input's {input_:.0e}; "
        f"with the kernel flipped once more {turned:.0%} of the gradient's norm",
        "Both formulas are exact, at stride 1 as printed and at stride 2 with zeros between the "
        "numbers from above. The last step, W ∗ = Wᵀ ∗, holds for symmetric kernels only.",
    )


EXPERIMENT = Experiment(
    name="convolution_gradients",
    claims=(),
    sources=("S000 · Convolution and Cross-correlation", "S000 · Gradient of 1-D Convolution"),
    statement="What networks compute is cross-correlation. The kernel's gradient is a "
    "cross-correlation with the input, and the input's gradient a convolution with W, which is "
    "written Wᵀ too.",
    chapter="segmentation/convolution",
    run=run,
    full=Config(),
    smoke=Config(draws=20, image=16, repeats=2),
    judge=judge,
)
