"""Random fields of four kinds after a network: applied, tuned, timed."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from lookclosely import ops
from lookclosely.data import photos

Field = Callable[[Tensor, Tensor], Tensor]  # unary (C, H, W), image (3, H, W) to probabilities


@dataclass(frozen=True)
class Settings:
    """What is tried for each kind of field, and the sides of the pictures that are timed."""

    updates: int = 5  # of mean field
    grid_updates: int = 50  # of the short-range fields, whose messages go two pixels a step
    grid_weights: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
    contrast_weights: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0)
    contrast_thetas: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.8)
    smooth_weights: tuple[float, ...] = (0.3, 1.0, 3.0)
    smooth_thetas: tuple[float, ...] = (1.0, 3.0)
    weights: tuple[float, ...] = (6.0, 12.0, 24.0, 48.0, 96.0)
    thetas_xy: tuple[float, ...] = (5.0, 10.0, 20.0)
    thetas_rgb: tuple[float, ...] = (0.05, 0.1, 0.2)
    timed_exactly: tuple[int, ...] = (32, 64, 96)  # in pixels
    timed_on_a_grid: tuple[int, ...] = (64, 128, 256)


NONE = (0.0, 1.0, 1.0)  # an appearance kernel of weight 0
FIELDS = {"exact": ops.mean_field, "grid": ops.approximate_mean_field}


def field(kind: str, **settings: Any) -> Field:
    """A random field of one kind: a function of the unary term and the image."""
    if kind == "neighbours":
        return lambda unary, image: ops.grid_crf(unary, **settings)
    if kind == "contrast":
        return lambda unary, image: ops.grid_crf(unary, image=image, **settings)
    return partial(ops.mean_field, **settings)


def apply(
    some: Field, probability: Float[Tensor, "N C H W"], images: Float[Tensor, "N 3 H W"]
) -> Int[Tensor, "N H W"]:
    """The most probable labels after a field whose unary term is the network's −log p."""
    unary = -probability.clamp(min=1e-6).log()
    return torch.stack([some(u, x).argmax(0) for u, x in zip(unary, images, strict=True)])


def tune(settings: Settings, value: Callable[[str, dict[str, Any]], float]) -> dict[str, dict]:
    """For each kind of field the settings of the highest ``value``.

    The full field has too many to try them all: the thetas at the middle weight, then the weight,
    then the smoothness kernel.
    """

    def best(kind: str, choices: Iterable[dict[str, Any]]) -> dict[str, Any]:
        return max(choices, key=partial(value, kind))

    short, long = {"steps": settings.grid_updates}, {"steps": settings.updates}
    neighbours = best("neighbours", ({"weight": w, **short} for w in settings.grid_weights))
    by_contrast = product(settings.contrast_weights, settings.contrast_thetas)
    contrast = best("contrast", ({"weight": w, "theta_rgb": t, **short} for w, t in by_contrast))
    smooth = list(product(settings.smooth_weights, settings.smooth_thetas))
    smoothness = best("smoothness", ({"appearance": NONE, "smoothness": s, **long} for s in smooth))
    middle = settings.weights[len(settings.weights) // 2]
    wide = ((middle, *thetas) for thetas in product(settings.thetas_xy, settings.thetas_rgb))
    full = best("full", ({"appearance": a, "smoothness": smooth[0], **long} for a in wide))
    weighted = ((w, *full["appearance"][1:]) for w in settings.weights)
    full = best("full", ({**full, "appearance": a} for a in weighted))
    full = best("full", ({**full, "smoothness": s} for s in smooth))
    return {"neighbours": neighbours, "contrast": contrast, "smoothness": smoothness, "full": full}


def milliseconds(settings: Settings) -> dict[str, float]:
    """Processor time of one thread for five updates of 8 labels, by the side of the picture."""
    times = {}
    sides = {"exact": settings.timed_exactly, "grid": settings.timed_on_a_grid}
    for (name, some), side in ((pair, n) for pair in FIELDS.items() for n in sides[pair[0]]):
        photo = F.interpolate(photos.load("coffee")[None], size=(side, side), mode="area")[0]
        unary = torch.rand(8, side, side, generator=torch.Generator().manual_seed(0))
        start = time.thread_time()
        some(unary, photo, appearance=(10.0, 20.0, 0.1))
        times[f"{name}_{side}"] = round(1000 * (time.thread_time() - start), 1)
    return times
