"""How much of a photo each way of unpooling gives back after max pooling, with nothing learnt.

Three times: as it comes out; smoothed by a Gaussian, the way a convolution fills gaps; and with the
gaps left out of the average (normalised convolution, Knutsson and Westin 1993). The width of the
Gaussian is chosen on one half of the photos, and the other half is measured. Crops and halves
change with the seed.
"""

from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from lookclosely import ops
from lookclosely.cost import seconds
from lookclosely.data import photos

from ..core import Experiment, Outcome, Result, Verdict
from ..verdicts import span

NAMES = ("nearest", "bilinear", "bed of nails", "max unpooling")
KINDS = ("psnr", "psnr_smoothed", "psnr_normalised")
Grey = Float[Tensor, "N 1 H W"]


@dataclass(frozen=True)
class Config:
    photos: tuple[str, ...] = (
        *("chelsea", "coffee", "camera", "astronaut", "rocket", "hubble_deep_field"),
        *("coins", "brick", "grass", "gravel", "retina", "cell"),
    )
    crop: int = 192
    factors: tuple[int, ...] = (2, 4, 8)
    widths: tuple[float, ...] = (0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.4, 2.0)  # times the factor
    timed: tuple[int, ...] = (4, 32, 64, 64)
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


def unpooled(x: Grey, factor: int) -> dict[str, tuple[Grey, Grey]]:
    """Max pooling in windows of factor × factor, and back in every way; and 1 where a number is."""
    small, places = F.max_pool2d(x, factor, return_indices=True)
    ones = torch.ones_like(small)
    back = partial(F.interpolate, scale_factor=float(factor))
    return {
        "nearest": (back(small), torch.ones_like(x)),
        "bilinear": (back(small, mode="bilinear"), torch.ones_like(x)),
        "bed of nails": (ops.bed_of_nails(small, factor), ops.bed_of_nails(ones, factor)),
        "max unpooling": (
            F.max_unpool2d(small, places, [factor, factor]),
            F.max_unpool2d(ones, places, [factor, factor]),
        ),
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


def gaussian(x: Grey, sigma: float) -> Grey:
    """``x`` under a Gaussian whose weights sum to 1; zeros beyond the border."""
    radius = int(3 * sigma) + 1
    bell = torch.exp(-(torch.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    bell = bell / bell.sum()
    across = F.conv2d(x, bell.view(1, 1, 1, -1), padding=(0, radius))
    return F.conv2d(across, bell.view(1, 1, -1, 1), padding=(radius, 0))


def smoothed(y: Grey, known: Grey, sigma: float) -> Grey:
    """The mean of what lies around, gaps counted as zeros, divided by the share of pixels that are
    no gaps. What lies beyond the border is left out, as it is in ``normalised``."""
    inside = gaussian(torch.ones_like(y), sigma)
    return gaussian(y, sigma) / inside / known.mean()


def normalised(y: Grey, known: Grey, sigma: float) -> Grey:
    """The mean of what lies around, gaps not counted."""
    return gaussian(y, sigma) / gaussian(known, sigma).clamp(min=1e-12)


def recovered(y: Grey, known: Grey, x: Grey, factor: int, widths: tuple[float, ...]) -> dict:
    """Decibels on the second half of the images; each width is the best one on the first half."""
    half = len(x) // 2
    found = {"psnr": psnr(y[half:], x[half:])}
    for name, fill in (("smoothed", smoothed), ("normalised", normalised)):
        filled = [fill(y, known, factor * width) for width in widths]
        best = max(filled, key=lambda z: psnr(z[:half], x[:half]))
        found[f"psnr_{name}"] = psnr(best[half:], x[half:])
    return found


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
    metrics: dict = {}
    for factor in config.factors:
        moved = displacement(x[len(x) // 2 :], factor)
        metrics[f"factor {factor}"] = {
            name: recovered(y, known, x, factor, config.widths)
            | ({"displacement": moved[name]} if name in moved else {})
            for name, (y, known) in unpooled(x, factor).items()
        }
    return Outcome({**metrics, "ms": times(config)})


def judge(result: Result) -> Verdict:
    """Held where the positions bring the photo nearer, in every seed, however gaps are filled."""

    def gains(kind: str) -> list[float]:
        *others, ours = (result.values(f"factor 2/{name}/{kind}") for name in NAMES)
        return [a - max(b) for a, *b in zip(ours, *others)]

    def text(name: str) -> str:
        return f"{name} {result.text(f'factor 2/{name}/psnr_normalised', 1)}"

    plain, fair = gains("psnr_smoothed"), gains("psnr_normalised")
    won = (min(plain) > 0, min(fair) > 0)
    nails, blocks = (
        result.mean(f"factor 2/{name}/displacement") for name in ("bed of nails", "nearest")
    )
    return Verdict(
        "yes" if all(won) else "partly" if any(won) else "no",
        "decibels after one 2×2 pooling, gaps left out of the average: "
        + ", ".join(map(text, NAMES)),
        f"The positions are exact, where a bed of nails moves a maximum by {nails:.2f} pixels on "
        f"average and a block's centre by {blocks:.2f}. Against the best of the others: "
        f"{span(fair, 1)} dB with the gaps left out. Under a plain Gaussian, which the uneven gaps "
        f"upset: {span(plain, 1)} dB.",
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
