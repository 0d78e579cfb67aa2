"""How much of a photo each way of unpooling gives back after max pooling, with nothing learnt.

Twice: as it comes out, and after the best 5×5 filter that least squares finds on other photos,
which is what one convolution could make of it. Half of the photos fit the filter, half are
measured; crops and halves change with the seed.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from lookclosely.cost import seconds
from lookclosely.data import photos

from .core import Experiment, Outcome, Result, Verdict

NAMES = ("nearest", "bilinear", "bed of nails", "max unpooling")
Grey = Float[Tensor, "N 1 H W"]


@dataclass(frozen=True)
class Config:
    photos: tuple[str, ...] = (
        *("chelsea", "coffee", "camera", "astronaut", "rocket", "hubble_deep_field"),
        *("coins", "brick", "grass", "gravel", "retina", "cell"),
    )
    crop: int = 192
    factors: tuple[int, ...] = (2, 4, 8)
    filter_size: int = 5
    timed: tuple[int, ...] = (8, 32, 64, 64)
    repeats: int = 11


def crops(config: Config, generator: torch.Generator) -> Grey:
    """One grey square of each photo, the photos in random order."""
    squares = []
    for i in torch.randperm(len(config.photos), generator=generator).tolist():
        grey = photos.load(config.photos[i]).mean(0)
        row, column = (
            int(torch.randint(side - config.crop + 1, (), generator=generator))
            for side in grey.shape
        )
        squares.append(grey[row : row + config.crop, column : column + config.crop])
    return torch.stack(squares)[:, None]


def unpooled(x: Grey, factor: int) -> dict[str, Grey]:
    """Max pooling in windows of factor × factor, and back in every way."""
    small, places = F.max_pool2d(x, factor, return_indices=True)
    nails = torch.zeros_like(x)
    nails[..., ::factor, ::factor] = small
    return {
        "nearest": F.interpolate(small, scale_factor=float(factor)),
        "bilinear": F.interpolate(small, scale_factor=float(factor), mode="bilinear"),
        "bed of nails": nails,
        "max unpooling": F.max_unpool2d(small, places, [factor, factor]),
    }


def displacement(x: Grey, factor: int) -> dict[str, float]:
    """Mean distance in pixels from where a maximum was to where it is put: a nail at the top left,
    a block around its centre."""
    _, places = F.max_pool2d(x, factor, return_indices=True)
    row, column = (places // x.shape[-1]) % factor, (places % x.shape[-1]) % factor
    centre = (factor - 1) / 2
    return {
        "nearest": float(torch.hypot(row - centre, column - centre).mean()),
        "bed of nails": float(torch.hypot(row.float(), column.float()).mean()),
        "max unpooling": 0.0,
    }


def psnr(y: Grey, x: Grey) -> float:
    """Peak signal-to-noise ratio in decibels, 1 the peak: the mean over images."""
    return float((-10 * (y - x).square().mean((1, 2, 3)).log10()).mean())


def patches(y: Grey, size: int) -> Float[Tensor, "pixels taps"]:
    padded = F.pad(y, (size // 2,) * 4, mode="reflect")
    taps = F.unfold(padded, size).transpose(1, 2).flatten(0, 1).double()
    return torch.cat([taps, taps.new_ones(len(taps), 1)], dim=1)  # and a constant


def filtered(fit: tuple[Grey, Grey], y: Grey, size: int) -> Grey:
    """``y`` through the filter that takes ``fit[0]`` nearest to ``fit[1]``."""
    a = patches(fit[0], size)
    weights = torch.linalg.lstsq(a.T @ a, a.T @ fit[1].flatten().double()[:, None]).solution
    return (patches(y, size) @ weights).reshape(y.shape).float()


def times(config: Config) -> dict[str, float]:
    """Milliseconds of the library's functions on one batch of maps."""
    x = torch.randn(config.timed)
    small, places = F.max_pool2d(x, 2, return_indices=True)
    calls = {
        "pool": lambda: F.max_pool2d(x, 2),
        "pool with positions": lambda: F.max_pool2d(x, 2, return_indices=True),
        "nearest": lambda: F.interpolate(small, scale_factor=2.0),
        "bilinear": lambda: F.interpolate(small, scale_factor=2.0, mode="bilinear"),
        "max unpooling": lambda: F.max_unpool2d(small, places, [2, 2]),
    }
    return {name: 1e3 * seconds(call, repeats=config.repeats) for name, call in calls.items()}


def run(config: Config, seed: int, device: str | None) -> Outcome:
    x = crops(config, torch.Generator().manual_seed(seed))
    half = len(x) // 2
    metrics: dict = {}
    for factor in config.factors:
        ways, moved = unpooled(x, factor), displacement(x[half:], factor)
        metrics[f"factor {factor}"] = {
            name: {
                "psnr": psnr(y[half:], x[half:]),
                "psnr_filtered": psnr(
                    filtered((y[:half], x[:half]), y[half:], config.filter_size), x[half:]
                ),
                **({"displacement": moved[name]} if name in moved else {}),
            }
            for name, y in ways.items()
        }
    return Outcome({**metrics, "ms": times(config)})


def judge(result: Result) -> Verdict:
    """Held where the positions bring the photo nearer too, in every seed."""

    def text(name: str) -> str:
        return f"{name} {result.text(f'factor 2/{name}/psnr_filtered', 1)}"

    rivals = [result.values(f"factor 2/{name}/psnr_filtered") for name in NAMES]
    nearer = min(ours - max(others) for *others, ours in zip(*rivals))
    moved = min(result.values("factor 2/bed of nails/displacement"))
    return Verdict(
        "yes" if nearer > 0 and moved > 0 else "partly" if moved > 0 else "no",
        "decibels after one pooling and the best 5×5 filter: " + ", ".join(map(text, NAMES)),
        "The positions are kept exactly; a bed of nails moves a maximum by "
        f"{result.mean('factor 2/bed of nails/displacement'):.2f} pixels on average, a block's "
        f"centre by {result.mean('factor 2/nearest/displacement'):.2f}. "
        f"Against the best of the others, max unpooling gives the photo back "
        f"{nearer:+.1f} dB in its worst seed.",
    )


EXPERIMENT = Experiment(
    name="unpooling_recovery",
    claims=(),
    sources=("S001 · Max Unpooling", "S003 · In-Network upsampling: Max Unpooling"),
    statement="Remembering where each maximum was keeps spatial information that max pooling "
    "loses.",
    chapter="segmentation/unpooling",
    run=run,
    full=Config(),
    smoke=Config(photos=("chelsea", "camera"), crop=48, timed=(1, 2, 8, 8), repeats=2),
    judge=judge,
)
