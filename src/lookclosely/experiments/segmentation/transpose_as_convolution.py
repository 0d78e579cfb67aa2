"""C06: is a transposed convolution an ordinary convolution with another padding?

At stride 1 a convolution's matrix, of any size, is Toeplitz: constant along each diagonal, because
the same kernel stands in every row, one step further. (A larger stride only shrinks.) We take the
transpose of a convolution's matrix at strides 1, 2 and 3, find the Toeplitz matrix nearest to it,
and measure what is left.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from lookclosely import ops

from ..core import Experiment, Outcome, Plot, Result, Verdict


@dataclass(frozen=True)
class Config:
    kernels: int = 1000
    kernel_size: int = 3
    size: int = 16
    strides: tuple[int, ...] = (1, 2, 3)


def toeplitz_residual(matrix: Float[Tensor, "M N"]) -> float:
    """‖A − T‖ / ‖A‖ for the nearest Toeplitz matrix T: the one with A's mean along each
    diagonal.
    """
    residual = torch.zeros((), dtype=matrix.dtype)
    for offset in range(1 - matrix.shape[0], matrix.shape[1]):
        diagonal = matrix.diagonal(offset)
        residual += (diagonal - diagonal.mean()).square().sum()
    return float(residual.sqrt() / matrix.norm())


def layer_difference(kernel: Float[Tensor, "k k"], image: Float[Tensor, "H W"]) -> float:
    """Stride 1, padding 1: the transposed convolution minus the convolution with the turned kernel.

    The other padding is k − 1 − p.
    """
    k = kernel.shape[-1]
    transposed = ops.conv_transpose2d(image[None, None], kernel[None, None], padding=1)
    ordinary = F.conv2d(image[None, None], kernel.flip(-2, -1)[None, None], padding=k - 2)
    return float((transposed - ordinary).abs().max())


def run(config: Config, seed: int, device: str | None) -> Outcome:
    generator = torch.Generator().manual_seed(seed)
    draw = {"generator": generator, "dtype": torch.float64}
    residual: dict[str, float] = {}
    for stride in config.strides:
        matrices = (
            ops.convolution_matrix(
                torch.randn(config.kernel_size, **draw), config.size, stride=stride, padding=1
            ).mT
            for _ in range(config.kernels)
        )
        values = [toeplitz_residual(matrix) for matrix in matrices]
        residual[f"stride {stride}"] = sum(values) / len(values)
    size = (config.kernel_size, config.kernel_size)
    differences = [
        layer_difference(torch.randn(size, **draw), torch.randn(7, 9, **draw))
        for _ in range(config.kernels)
    ]
    return Outcome({"residual": residual, "layer_difference": max(differences)})


def judge(result: Result) -> Verdict:
    one, two = max(result.values("residual/stride 1")), result.mean("residual/stride 2")
    held = "yes" if one < 1e-12 and min(result.values("residual/stride 2")) > 0.1 else "no"
    return Verdict(
        held,
        f"distance from the nearest convolution: {one:.0e} at stride 1, {two:.2f} at stride 2",
        f"At stride 1 the two layers differ by {max(result.values('layer_difference')):.0e} at "
        f"most, which is rounding. At stride 2 no kernel and no padding comes nearer than "
        f"{two:.0%} of the matrix's norm, on average.",
    )


EXPERIMENT = Experiment(
    name="transpose_as_convolution",
    claims=("C06",),
    sources=("S001 · Transpose Convolution", "S003 · Convolution as Matrix Multiplication"),
    statement="At stride 1 a transposed convolution is a regular convolution with different "
    "padding; at stride > 1 it is not.",
    chapter="segmentation/transposed_convolution",
    run=run,
    full=Config(),
    smoke=Config(kernels=10),
    judge=judge,
    short="stride 1: just a convolution",
    plot=Plot(
        "distance from the nearest convolution",
        (("stride 1", "residual/stride 1"), ("stride 2", "residual/stride 2")),
    ),
)
