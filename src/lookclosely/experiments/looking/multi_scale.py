"""C04: one small network at three scales, against networks at one scale with the same parameters.

Two of the single-scale networks also see as many pixels (dilated, strided). Two have the very
layers of the multi-scale one, at the finest or at the coarsest level only. All four read colours.
So does the multi-scale one with a Gaussian pyramid; with a Laplacian pyramid it reads bands.
"""

from dataclasses import asdict, dataclass
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lookclosely import cost, ops
from lookclosely.models.looking.multiscale import (
    FARABET,
    POOL,
    MultiScale,
    Pyramid,
    Upsample,
    field,
)
from lookclosely.tasks import scene_labelling as task

from .. import training
from ..core import Experiment, Outcome, Plot, Result, Verdict
from ..verdicts import span


@dataclass(frozen=True)
class Net:
    """One network; ``width`` and ``hidden`` are such that all have about the same parameters."""

    name: str
    width: int
    hidden: int
    lr: float
    layers: tuple[int, ...] = FARABET
    scales: tuple[int, ...] = (0, 1, 2)
    shared: bool = True
    pyramid: Pyramid = "laplacian"
    upsample: Upsample = "bilinear"

    def build(self) -> MultiScale:
        settings = asdict(self)
        del settings["name"], settings["lr"]
        return MultiScale(num_classes=task.CLASSES, **settings)


DILATED = (1, 1, POOL, 1, 2, 4, 8)
STRIDED = (1, 1, POOL, 1, POOL, 1, POOL, 1, 1, 1)
MULTI = "multi"
THREE = {"bands": MULTI, "colours": "gaussian"}  # three scales, by what they read
MATCHED = ("dilated", "strided")  # single scale, same field and parameters
SINGLE = (*MATCHED, "fine", "coarse")


@dataclass(frozen=True)
class Config:
    steps: int = 800
    batch: int = 8
    precision: Literal["no", "bf16"] = "bf16"
    nets: tuple[Net, ...] = (
        Net(MULTI, 16, 32, 6e-3),
        Net("gaussian", 16, 32, 6e-3, pyramid="gaussian"),
        Net("nearest", 16, 32, 6e-3, upsample="nearest"),
        Net("unshared", 9, 61, 6e-3, shared=False),
        Net("fine", 17, 29, 6e-3, scales=(0,)),
        Net("coarse", 17, 29, 6e-3, scales=(2,)),
        Net("dilated", 11, 106, 6e-3, DILATED, (0,)),
        Net("strided", 10, 87, 6e-3, STRIDED, (0,)),
    )
    # scale (of values from 0 to 255), sigma and min_size of graph_segmentation
    superpixels: tuple[float, float, int] = (150.0, 0.5, 15)
    train_images: int = 2000
    test_images: int = 300


def train_one(net: Net, train: task.Labelled, config: Config, seed: int, device: str | None):
    """The trained network, and its losses."""
    torch.manual_seed(seed)
    model = net.build()
    stream = task.batches(train, config.batch, seed)
    losses = training.train(
        model, task.pixel_loss, stream, config, seed=seed, device=device, lr=net.lr
    )
    return model, losses


def voted(
    images: Float[Tensor, "N 3 H W"],
    probability: Float[Tensor, "N C H W"],
    settings: tuple[float, float, int],
) -> Int[Tensor, "N H W"]:
    """The class of each pixel after its superpixel has voted; images centred on 0."""
    scale, sigma, least = settings
    votes = []
    for image, p in zip(255 * (images + 0.5), probability):
        regions = ops.graph_segmentation(image, scale=scale, sigma=sigma, min_size=least)
        votes.append(ops.superpixel_vote(p, regions).argmax(0))
    return torch.stack(votes)


def described(net: Net, model: nn.Module) -> dict[str, float]:
    image = torch.zeros(1, 3, *task.SCALES.size)
    with torch.no_grad():
        seconds = cost.seconds(lambda: model(image))
    return {
        "parameters": cost.parameters(model),
        "multiply_adds": cost.multiply_adds(model, image),
        "milliseconds": 1000 * seconds,
        "field": max(field(net.layers, level).size for level in net.scales),
    }


def run(config: Config, seed: int, device: str | None) -> Outcome:
    train = task.labelled("train", config.train_images, task.SCALES)
    test = task.labelled("test", config.test_images, task.SCALES)
    metrics: dict = {"background": task.scores(torch.zeros_like(test[1]), test[1])}
    losses, weights = {}, {}
    for net in config.nets:
        model, losses[net.name] = train_one(net, train, config, seed, device)
        probability = task.probabilities(model, test[0])
        metrics[net.name] = described(net, model) | task.scores(probability.argmax(1), test[1])
        if net.name in (MULTI, "fine"):
            weights |= {f"{net.name}.{key}": value for key, value in model.state_dict().items()}
        if net.name == MULTI:
            votes = voted(test[0], probability, config.superpixels)
            metrics["voted"] = task.scores(votes, test[1])
    return Outcome(metrics, losses, weights)


def judge(result: Result) -> Verdict:
    """Held if three scales beat one of the same field and parameters in each seed, reading bands
    and reading colours as the one does; in part if they do so with one of the two."""
    three = {what: net for what, net in THREE.items() if net in result.seeds[0]}

    def gains(net: str, others: tuple[str, ...]) -> list[list[float]]:
        return [result.gains(f"{net}/miou", f"{other}/miou") for other in others]

    def spans(net: str) -> str:
        pairs = zip(SINGLE, gains(net, SINGLE), strict=True)
        return " ".join(f"Over {name}: {span(gain)}." for name, gain in pairs)

    wins = [min(map(min, gains(net, MATCHED))) > 0 for net in three.values()]
    mious = {name: result.text(f"{name}/miou") for name in (*three.values(), *MATCHED)}
    millions = {name: result.mean(f"{name}/multiply_adds") / 1e6 for name in (MULTI, *MATCHED)}
    return Verdict(
        "yes" if all(wins) else "partly" if any(wins) else "no",
        f"mIoU with three scales of {'; '.join(f'{k} {mious[n]}' for k, n in three.items())}; with "
        f"one of the same field and parameters: {', '.join(f'{n} {mious[n]}' for n in MATCHED)}",
        "Gain over one scale of colours, paired by seed. "
        + " ".join(f"Three scales of {what}. {spans(net)}" for what, net in three.items())
        + " All share one learning rate, chosen for none, and one scale of bands was not measured: "
        "scales, bands and training are not fully told apart. "
        "Million multiply-adds: " + ", ".join(f"{k} {n:.1f}" for k, n in millions.items()) + ".",
    )


EXPERIMENT = Experiment(
    name="multi_scale",
    claims=("C04",),
    sources=("S000 · Scale; image pyramids; Farabet et al.", "S004 · Context"),
    statement="Segmentation should look at several scales.",
    chapter="looking/scale_and_context",
    run=run,
    full=Config(),
    smoke=Config(
        steps=15,
        batch=4,
        precision="no",
        nets=(
            Net(MULTI, 6, 8, 6e-3),
            Net("fine", 6, 8, 6e-3, scales=(0,)),
            Net("coarse", 6, 8, 6e-3, scales=(2,)),
            Net("dilated", 5, 8, 6e-3, DILATED, (0,)),
            Net("strided", 5, 8, 6e-3, STRIDED, (0,)),
        ),
        train_images=40,
        test_images=3,
    ),
    judge=judge,
    published="pixel accuracy on Stanford Background: one scale 66.0 %, three scales 78.8 %, three "
    "scales and a CRF 81.4 % (Farabet et al. 2013)",
    short="look at several scales",
    plot=Plot(
        "mean IoU",
        (
            ("three scales", "multi/miou"),
            ("one, dilated", "dilated/miou"),
            ("one, strided", "strided/miou"),
        ),
    ),
)
