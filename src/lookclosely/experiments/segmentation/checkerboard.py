"""C07: output variance by phase of upsampling layers, with random kernels and after training.

A phase is a place in the s×s pattern in which input pixels reach the output of a layer of stride s.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lookclosely import ops
from lookclosely.data import scenes
from lookclosely.models.segmentation.checkerboard import Doubling

from ..core import Experiment, Outcome, Plot, Result, Verdict
from ..training import train

NAMES = {"k3s2": "3×3", "k4s2": "4×4", "k2s2": "2×2", "resize": "resize, then 3×3"}


@dataclass(frozen=True)
class Config:
    draws: int = 4000
    steps: int = 400
    batch: int = 16
    size: int = 64
    train_images: int = 512
    test_images: int = 256
    lr: float = 3e-3
    width: int = 24
    # name, kernel size of the transposed convolution; 0 is "resize, then convolve 3x3"
    layers: tuple[tuple[str, int], ...] = (
        ("k3s2", 3),
        ("k4s2", 4),
        ("k2s2", 2),
        ("resize", 0),
    )

    @property
    def precision(self) -> Literal["no"]:
        """Full floats: half of them would leave a pattern of their own."""
        return "no"


def phase_variance(x: Float[Tensor, "B C H W"], period: int = 2) -> Float[Tensor, "p p"]:
    """Mean square of the output at each phase of a pattern, the border left out."""
    inner = x[..., 2 * period : -2 * period, 2 * period : -2 * period]
    rows = [
        inner[..., i::period, j::period].square().mean()
        for i in range(period)
        for j in range(period)
    ]
    return torch.stack(rows).reshape(period, period)


def random_kernel_variance(
    kernel_size: int, draws: int, generator: torch.Generator
) -> Float[Tensor, "2 2"]:
    """Over kernels and inputs of independent standard normal numbers, stride 2, relative to the
    least.
    """
    x = torch.randn(draws, 1, 12, 12, generator=generator)
    kernels = torch.randn(draws, 1, kernel_size, kernel_size, generator=generator)
    # One kernel a sample: samples become the groups of one call.
    y = ops.conv_transpose2d(x.transpose(0, 1), kernels, stride=2, groups=draws).transpose(0, 1)
    variance = phase_variance(y)
    return variance / variance.min()


def autoencoder(kernel_size: int, width: int) -> nn.Sequential:
    """Two strided convolutions down, two upsampling layers up; the last one paints the image."""
    return nn.Sequential(
        nn.Conv2d(3, width, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
        nn.ReLU(),
        Doubling(2 * width, width, kernel_size),
        nn.ReLU(),
        Doubling(width, 3, kernel_size),
    )


def unevenness(error: Float[Tensor, "B C H W"]) -> float:
    """The most noisy of the 4×4 phases of two layers of stride 2, over the least: 1 is even."""
    variance = phase_variance(error, 4)
    return float(variance.max() / variance.min())


def nyquist_peak(error: Float[Tensor, "B C H W"]) -> float:
    """Power of the error at the frequency of a checkerboard, over the mean power around it (1 is
    no peak).
    """
    inner = error[..., 4:-4, 4:-4]
    power = torch.fft.fft2(inner).abs().square().mean((0, 1))  # (H, W)
    row, column = power.shape[0] // 2, power.shape[1] // 2
    peaks = power[row, column] + power[row, 0] + power[0, column]
    around = power[row - 3 : row, column - 3 : column].mean() + power[row - 3 : row, 1:4].mean()
    return float(peaks / (around + power[1:4, column - 3 : column].mean()))


def pictures(count: int, size: int, seed: int) -> Float[Tensor, "B 3 H W"]:
    return scenes.batch(range(count), seed=seed, config=scenes.Config(size=(size, size)))["image"]


def run(config: Config, seed: int, device: str | None) -> Outcome:
    generator = torch.Generator().manual_seed(seed)
    seen = pictures(config.train_images, config.size, 0)
    test = pictures(config.test_images, config.size, 2)

    def batches() -> Iterator[Tensor]:
        order = torch.Generator().manual_seed(seed)
        while True:
            yield seen[torch.randint(len(seen), (config.batch,), generator=order)]

    metrics, losses = {}, {}
    for name, kernel_size in config.layers:
        torch.manual_seed(seed)
        model = autoencoder(kernel_size, config.width)
        losses[name] = train(
            model,
            lambda net, x: F.mse_loss(net(x), x),
            batches(),
            config,
            seed=seed,
            device=device,
        )
        with torch.no_grad():
            error = model(test) - test
        metrics[name] = {
            "psnr": float(-10 * error.square().mean().log10()),
            "unevenness": unevenness(error),
            "peak": nyquist_peak(error),
            "parameters": sum(p.numel() for p in model.parameters()),
        }
        if kernel_size:
            variance = random_kernel_variance(kernel_size, config.draws, generator)
            metrics[name]["variance"] = [[round(v, 3) for v in row] for row in variance.tolist()]
            metrics[name]["variance_ratio"] = float(variance.max())
    return Outcome(metrics, losses)


def judge(result: Result) -> Verdict:
    ratio = {name: result.mean(f"{name}/variance_ratio") for name in ("k3s2", "k4s2", "k2s2")}
    trained = {
        name: result.mean(f"{name}/unevenness") for name in ("k3s2", "k4s2", "k2s2", "resize")
    }
    random_holds = abs(ratio["k3s2"] - 4) < 0.4 and max(ratio["k4s2"], ratio["k2s2"]) < 1.1
    trained_holds = min(
        a - max(b, c)
        for a, b, c in zip(
            *(result.values(f"{name}/unevenness") for name in ("k3s2", "k4s2", "k2s2"))
        )
    )
    return Verdict(
        "yes" if random_holds and trained_holds > 0 else "partly" if random_holds else "no",
        f"variance of the noisiest phase over that of the quietest: 3×3 {ratio['k3s2']:.2f}, "
        f"4×4 {ratio['k4s2']:.2f}, 2×2 {ratio['k2s2']:.2f}",
        "With random kernels as the overlaps say. After training, the error's noisiest "
        "phase over its quietest: "
        + ", ".join(f"{NAMES[name]} {trained[name]:.2f}" for name in ratio)
        + f". After {NAMES['resize']}: {trained['resize']:.2f}.",
    )


EXPERIMENT = Experiment(
    name="checkerboard",
    claims=("C07",),
    sources=("S001 · Transpose Convolution", "S001 · Checkerboard artifact"),
    statement="A 3×3 transposed convolution of stride 2 overlaps unevenly and leaves a "
    "checkerboard; 4×4 and 2×2 at stride 2 are preferred.",
    chapter="segmentation/transposed_convolution",
    run=run,
    full=Config(),
    smoke=Config(draws=200, steps=12, batch=4, size=32, train_images=16, test_images=8, width=8),
    judge=judge,
    short="3×3 at stride 2: a checkerboard",
    plot=Plot(
        "noisiest phase over quietest, random kernels",
        (
            ("3×3", "k3s2/variance_ratio"),
            ("4×4", "k4s2/variance_ratio"),
            ("2×2", "k2s2/variance_ratio"),
        ),
    ),
)
