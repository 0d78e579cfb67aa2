"""C08: one autoencoder of silhouettes, with each way of upsampling in its decoder.

It sees which pixels of a scene belong to objects, pools three times, and must draw the outline
again. So nothing has to be recognised, and what is measured is where boundaries end up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from lookclosely import cost, metrics
from lookclosely.models.segmentation.encoder_decoder import EncoderDecoder, Way
from lookclosely.tasks import scene_labelling as scene_task

from ..core import Experiment, Outcome, Plot, Result, Verdict
from ..training import train
from ..verdicts import span

Silhouettes = Bool[Tensor, "N H W"]


@dataclass(frozen=True)
class Config:
    steps: int = 250
    batch: int = 16
    lr: float = 1e-2
    precision: Literal["no", "bf16"] = "bf16"
    channels: tuple[int, ...] = (8, 16, 32, 64)
    ways: tuple[Way, ...] = (
        "nearest",
        "bilinear",
        "bed of nails",
        "max unpooling",
        "2×2",
        "3×3",
        "4×4",
    )
    train_images: int = 400
    test_images: int = 150


def silhouettes(split: scene_task.Split, count: int) -> Silhouettes:
    """Whether each pixel belongs to an object."""
    return scene_task.labelled(split, count)[1] > 0


def as_input(shapes: Silhouettes) -> Float[Tensor, "N 1 H W"]:
    return shapes[:, None].float() - 0.5


def batches(shapes: Silhouettes, size: int, seed: int) -> Iterator[scene_task.Labelled]:
    """Pairs of input and answer without end, turned and mirrored at random."""
    return scene_task.batches((as_input(shapes), shapes.long()), size, seed)


def autoencoder(way: Way, channels: tuple[int, ...], seed: int) -> EncoderDecoder:
    """The same encoder for every way: its weights are drawn first."""
    torch.manual_seed(seed)
    return EncoderDecoder(way=way, in_channels=1, num_classes=2, channels=channels)


def drawn(model: EncoderDecoder, shapes: Silhouettes) -> Silhouettes:
    """What the autoencoder draws, at a probability of one half."""
    return scene_task.probabilities(model, as_input(shapes))[:, 1] > 0.5


def outlines(pred: Silhouettes, truth: Silhouettes) -> dict[str, float]:
    """IoU of all pixels, and the mean over images of boundary F within 1 and 2 pixels."""
    matrix = metrics.confusion_matrix(pred.long(), truth.long(), 2)
    return {
        "iou": float(metrics.iou(matrix)[1]),
        "boundary_f_1px": float(metrics.boundary_f_score(pred, truth, 1.0).mean()),
        "boundary_f_2px": float(metrics.boundary_f_score(pred, truth, 2.0).mean()),
    }


def coarse(shapes: Silhouettes, factor: int) -> Silhouettes:
    """The trivial way: the mean of each block of pixels, enlarged bilinearly, cut at one half."""
    small = F.avg_pool2d(shapes[:, None].float(), factor)
    large = F.interpolate(small, size=shapes.shape[-2:], mode="bilinear", align_corners=False)
    return large[:, 0] > 0.5


def run(config: Config, seed: int, device: str | None) -> Outcome:
    """Every way on the same batches, from the same encoder's weights."""
    shapes = silhouettes("train", config.train_images)
    test = silhouettes("test", config.test_images)
    found: dict = {"coarse": outlines(coarse(test, 2 ** (len(config.channels) - 1)), test)}
    losses = {}
    for way in config.ways:
        model = autoencoder(way, config.channels, seed)
        losses[way] = train(
            model,
            scene_task.pixel_loss,
            batches(shapes, config.batch, seed),
            config,
            seed=seed,
            device=device,
        )
        found[way] = {
            **outlines(drawn(model, test), test),
            "parameters": cost.parameters(model),
            "multiply_adds": cost.multiply_adds(model, as_input(test[:1])),
        }
    return Outcome(found, losses)


def judge(result: Result) -> Verdict:
    """The decks' order: positions remembered before none, learnt before fixed, in every seed."""
    names = [name for name in result.seeds[0] if name != "coarse"]
    scores = {name: result.values(f"{name}/boundary_f_1px") for name in names}

    def gain(better: str, than: list[str]) -> list[float]:
        rivals = zip(*(scores[name] for name in than))
        return [a - max(b) for a, b in zip(scores[better], rivals)]

    fixed = [name for name in ("nearest", "bilinear", "bed of nails") if name in names]
    learnt = [name for name in ("2×2", "3×3", "4×4") if name in names]
    positions = gain("max unpooling", fixed)
    learning = [max(each) for each in zip(*(gain(name, fixed) for name in learnt))]
    won = (min(positions) > 0, min(learning) > 0)
    return Verdict(
        "yes" if all(won) else "partly" if any(won) else "no",
        "boundary F within 1 pixel: "
        + ", ".join(f"{name} {result.text(f'{name}/boundary_f_1px')}" for name in names),
        f"Paired by seed, against the best fixed way: max unpooling {span(positions)}. The best "
        f"transposed convolution: {span(learning)}. Equal parameters and multiply-adds, to about "
        f"one per cent.",
    )


EXPERIMENT = Experiment(
    name="upsampling_ways",
    claims=("C08",),
    sources=("S001 · Max Unpooling; Transpose Convolution", "S003 · Learnable Upsampling"),
    statement="Max unpooling keeps the spatial information that pooling lost, and a transposed "
    "convolution learns to upsample: both draw better boundaries than a fixed way.",
    chapter="segmentation/transposed_convolution",
    run=run,
    full=Config(),
    smoke=Config(
        steps=12,
        batch=4,
        precision="no",
        channels=(4, 8),
        ways=("nearest", "max unpooling", "2×2"),
        train_images=8,
        test_images=4,
    ),
    judge=judge,
    short="unpooling keeps where",
    plot=Plot(
        "boundary F within 1 pixel",
        (
            ("max unpooling", "max unpooling/boundary_f_1px"),
            ("transposed, 2×2", "2×2/boundary_f_1px"),
            ("bed of nails", "bed of nails/boundary_f_1px"),
        ),
    ),
)
