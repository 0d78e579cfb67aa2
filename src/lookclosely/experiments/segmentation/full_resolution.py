"""C45: convolutions at full resolution against down and up, and what a 500 × 500 image costs.

The same convolutions stand in three nets: with poolings between them (an FCN), without, and without
but narrow enough for the FCN's multiply-adds.
"""

import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import torch
from torch import nn

from lookclosely import cost
from lookclosely.models.layers import conv_norm_relu
from lookclosely.models.segmentation.fcn import FCN, score_layer
from lookclosely.tasks import scene_labelling as scene

from ..core import Experiment, Outcome, Plot, Result, Verdict
from ..training import train

VGG16: dict[str, Any] = {
    "num_classes": 21,
    "channels": (64, 128, 256, 512, 512),
    "convolutions": (2, 2, 3, 3, 3),
    "hidden": 4096,
    "kernel": 7,
    "strides": (32, 16, 8),
}
"""FCN-8s at the size of the paper's."""


@dataclass(frozen=True)
class Config:
    steps: int = 1200
    batch: int = 8
    lr: float = 1e-2
    precision: Literal["no", "bf16"] = "bf16"
    channels: tuple[int, ...] = (8, 16, 32)
    hidden: int = 48
    strides: tuple[int, ...] = (8, 4, 2)
    narrow: int = 6  # channels of every layer of the third net
    train_images: int = 2000
    test_images: int = 400
    timed_size: int = 500
    repeats: int = 2
    paper: bool = True  # time the net of the paper's size too


def full_resolution(widths: tuple[int, ...], hidden: int) -> nn.Sequential:
    """The FCN's layers with one convolution a block, and no poolings: every map has H × W."""
    pairs = pairwise([3, *widths, hidden])
    layers = [conv_norm_relu(a, b) for a, b in pairs]
    return nn.Sequential(
        *layers, conv_norm_relu(hidden, hidden, 1), score_layer(hidden, scene.CLASSES)
    )


def nets(config: Config) -> dict[str, nn.Module]:
    """The three nets, untrained.

    The FCN has 2,256 weights more than the net with its convolutions at full resolution: 208 score
    the two skips, 2,048 are in the two learnt enlargements.
    """
    narrow = config.narrow
    return {
        "down_up": FCN(
            num_classes=scene.CLASSES,
            channels=config.channels,
            convolutions=1,
            hidden=config.hidden,
            strides=config.strides,
        ),
        "same_weights": full_resolution(config.channels, config.hidden),
        "same_work": full_resolution((narrow,) * len(config.channels), narrow),
    }


def trained(config: Config, seed: int, device: str | None, name: str) -> tuple[dict, list[float]]:
    """Costs for one image of the scenes' size, and scores after training."""
    fresh, image = nets(config)[name], torch.zeros(1, 3, *scene.SCENES.size)
    costs: dict[str, Any] = {
        "parameters": cost.parameters(fresh),
        "multiply_adds": cost.multiply_adds(fresh, image),
        "saved_bytes": cost.saved_bytes(fresh, image),
    }
    torch.manual_seed(seed)
    model = nets(config)[name]
    batches = scene.batches(scene.labelled("train", config.train_images), config.batch, seed)
    begin = time.process_time()  # of the processor, so that other programs do not count
    losses = train(
        model,
        scene.pixel_loss,
        batches,
        config,
        seed=seed,
        device=device,
    )
    costs["seconds"] = round(time.process_time() - begin, 1)
    images, labels = scene.labelled("test", config.test_images)
    pred = scene.probabilities(model, images, batch=20).argmax(1)
    return costs | scene.scores(pred, labels), losses


@torch.no_grad()
def inference_ms(config: Config) -> dict[str, float]:
    """Milliseconds for one large image: this book's FCN-8s, and one of the paper's size."""
    image = torch.zeros(1, 3, config.timed_size, config.timed_size)
    makers = {"ours": lambda: FCN(num_classes=21)}
    if config.paper:
        makers["paper_size"] = lambda: FCN(**VGG16)
    times = {}
    for name, make in makers.items():
        model = make().eval()  # made here, so that only one is in memory
        times[name] = 1e3 * cost.seconds(lambda: model(image), repeats=config.repeats)  # noqa: B023
    return times


def run(config: Config, seed: int, device: str | None) -> Outcome:
    _, labels = scene.labelled("test", config.test_images)
    metrics: dict[str, Any] = {"background": scene.scores(torch.zeros_like(labels), labels)}
    losses = {}
    for name in nets(config):
        metrics[name], losses[name] = trained(config, seed, device, name)
    metrics["inference_ms"] = inference_ms(config)
    return Outcome(metrics, losses)


def judge(result: Result) -> Verdict:
    """Held where the same layers cost more in every way and, at equal work, every seed loses."""

    def ratio(metric: str) -> float:
        return result.mean(f"same_weights/{metric}") / result.mean(f"down_up/{metric}")

    dearer = min(ratio("multiply_adds"), ratio("saved_bytes"))
    equal_work = min(result.gains("down_up/miou", "same_work/miou"))
    equal_weights = min(result.gains("down_up/miou", "same_weights/miou"))
    return Verdict(
        "yes" if dearer > 1 and equal_work > 0 else "partly" if dearer > 1 else "no",
        f"with about the same weights, full resolution takes {ratio('multiply_adds'):.0f} times "
        f"the multiply-adds and {ratio('saved_bytes'):.1f} times the memory; mIoU "
        f"{result.text('down_up/miou')} down and up, {result.text('same_weights/miou')} at full "
        f"resolution, {result.text('same_work/miou')} with equal multiply-adds",
        f"Down and up against full resolution, the least gain of a seed: {equal_weights:+.3f} mIoU "
        f"at about equal weights, {equal_work:+.3f} at equal multiply-adds. Poolings also widen "
        "what a pixel's score can see.",
    )


EXPERIMENT = Experiment(
    name="full_resolution",
    claims=("C45",),
    sources=(
        "S001 · Fully Convolutional Network",
        "S003 · Semantic Segmentation Idea: Fully Convolutional",
        "S004 · CNN Segmentation",
    ),
    statement="Convolutions at full resolution cost too much; networks go down and up instead.",
    chapter="segmentation/fcn",
    run=run,
    full=Config(),
    smoke=Config(
        steps=15,
        batch=4,
        precision="no",
        channels=(4, 6, 8),
        hidden=8,
        narrow=2,
        train_images=12,
        test_images=4,
        timed_size=96,
        repeats=1,
        paper=False,
    ),
    judge=judge,
    short="full resolution costs too much",
    plot=Plot(
        "mean IoU",
        (
            ("down and up", "down_up/miou"),
            ("full, same weights", "same_weights/miou"),
            ("full, same work", "same_work/miou"),
        ),
    ),
)
