"""C14: dilated against strided convolutions, at equal parameters and at equal multiply-adds.

All nets are the same chain of 3x3 convolutions. Where one takes a stride, another takes a dilation
(or neither), so that it answers at more places. Pairs share parameters, or multiply-adds.
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from lookclosely import cost, ops
from lookclosely.data import scenes
from lookclosely.models.segmentation.dilated import DilatedNet
from lookclosely.tasks.scene_labelling import (
    CLASSES,
    Labelled,
    Split,
    batches,
    labelled,
    pixel_loss,
    probabilities,
    scores,
)
from lookclosely.train import fit

from ..core import Experiment, Outcome, Result, Verdict
from ..storage import weights

NAMES = {
    "strided": "strided",
    "dilated": "dilated",
    "plain": "neither",
    "dilated_narrow": "dilated, narrow",
    "strided_wide": "strided, wide",
}


@dataclass(frozen=True)
class Variant:
    name: str
    output_stride: int
    dilate: bool
    channels: tuple[int, ...]


WIDTH = (12, 12, 24, 24, 32, 32, 32)


@dataclass(frozen=True)
class Config:
    size: int = 65  # a multiple of 8, and 1: the last answer of the coarsest net is the last pixel
    textures: tuple[str, ...] = ("plain",)  # so that a short training learns shapes
    train_images: int = 1500
    test_images: int = 300
    steps: int = 800
    batch: int = 8
    lr: float = 3e-3
    precision: Literal["no", "bf16"] = "bf16"
    repeats: int = 15
    strides: tuple[int, ...] = (1, 2, 1, 2, 1, 2, 1)
    variants: tuple[Variant, ...] = (
        Variant("strided", 8, True, WIDTH),
        Variant("dilated", 2, True, WIDTH),
        Variant("plain", 2, False, WIDTH),
        Variant("dilated_narrow", 2, True, (6, 6, 13, 13, 16, 16, 16)),
        Variant("strided_wide", 8, True, (24, 24, 48, 48, 62, 62, 62)),
    )
    denser: tuple[int, ...] = (8, 4, 2, 1)  # output strides for the trained strided net


def build(variant: Variant, config: Config) -> DilatedNet:
    return DilatedNet(
        num_classes=CLASSES,
        channels=variant.channels,
        strides=config.strides,
        output_stride=variant.output_stride,
        dilate=variant.dilate,
    )


def trained(name: str, *, output_stride: int | None = None) -> DilatedNet:
    """A net of the full run, in evaluation mode, also at another output stride than its own.

    Weights of "strided", "dilated" and "plain" are kept.
    """
    config: Config = EXPERIMENT.full
    variant = next(v for v in config.variants if v.name == name)
    if output_stride is not None:
        variant = replace(variant, output_stride=output_stride)
    net = build(variant, config)
    net.load_state_dict(weights(EXPERIMENT.name, name))
    return net.eval()


def images_and_labels(config: Config, split: Split, count: int) -> Labelled:
    knobs = scenes.Config(size=(config.size, config.size), textures=config.textures)
    return labelled(split, count, knobs)


def costs(net: DilatedNet, image: Tensor, repeats: int) -> dict[str, float]:
    """Of one image: multiply-adds, milliseconds, and what the layers' outputs take in memory."""
    numbers: list[int] = []
    hooks = [
        block.register_forward_hook(lambda _, __, y: numbers.append(y.numel()))
        for block in net.features
    ]
    with torch.no_grad():
        net(image)
        for hook in hooks:
            hook.remove()
        seconds = cost.seconds(lambda: net(image), repeats=repeats)
    return {
        "parameters": cost.parameters(net),
        "multiply_adds": cost.multiply_adds(net, image),
        "activations": sum(numbers),
        "ms": 1e3 * seconds,
        "field": ops.receptive_field(net.layers).size,
    }


def at_other_strides(strided: DilatedNet, config: Config, test: Labelled) -> dict:
    """The strided net's weights, unchanged, at each output stride."""
    found = {}
    for stride in config.denser:
        net = build(Variant("", stride, True, config.variants[0].channels), config)
        net.load_state_dict(strided.state_dict())
        found[str(stride)] = scores(probabilities(net, test[0]).argmax(1), test[1])
    return found


def run(config: Config, seed: int, device: str | None) -> Outcome:
    train = images_and_labels(config, "train", config.train_images)
    test = images_and_labels(config, "test", config.test_images)
    metrics: dict = {"background": scores(torch.zeros_like(test[1]), test[1])}
    losses, kept = {}, {}
    for variant in config.variants:
        torch.manual_seed(seed)
        net = build(variant, config)
        losses[variant.name] = fit(
            net,
            pixel_loss,
            batches(train, config.batch, seed),
            steps=config.steps,
            lr=config.lr,
            seed=seed,
            precision=config.precision,
            device=device,
        ).loss
        found = scores(probabilities(net, test[0]).argmax(1), test[1])
        metrics[variant.name] = found | costs(net, test[0][:1], config.repeats)
        if variant.name == "strided":
            metrics["denser"] = at_other_strides(net, config, test)
        if variant.channels == config.variants[0].channels:
            kept |= {f"{variant.name}.{key}": value for key, value in net.state_dict().items()}
    return Outcome(metrics, losses, kept)


def judge(result: Result) -> Verdict:
    """Held where dilation gains in mean IoU and at the boundary in every seed, at equal parameters
    and at equal multiply-adds."""
    pairs = {
        "parameters": ("dilated", "strided"),
        "multiply-adds (few)": ("dilated_narrow", "strided"),
        "multiply-adds (many)": ("dilated", "strided_wide"),
    }
    miou, edge = (
        {name: result.gains(f"{a}/{metric}", f"{b}/{metric}") for name, (a, b) in pairs.items()}
        for metric in ("miou", "boundary_f")
    )
    wins = {name: min(*miou[name], *edge[name]) > 0 for name in pairs}
    some = any(min(gain) > 0 for gain in (*miou.values(), *edge.values()))
    texts = [f"{name} {min(gain):+.3f} to {max(gain):+.3f}" for name, gain in miou.items()]
    edges = [f"{name} {min(gain):+.3f} to {max(gain):+.3f}" for name, gain in edge.items()]
    return Verdict(
        "yes" if all(wins.values()) else "partly" if some else "no",
        f"mean IoU {result.text('dilated/miou')} dilated, {result.text('strided/miou')} strided, "
        f"{result.text('strided_wide/miou')} strided at the dilated net's multiply-adds",
        "Dilated less strided, paired by seed, mean IoU at equal "
        + ", ".join(texts)
        + "; boundary F at equal "
        + ", ".join(edges)
        + ".",
    )


EXPERIMENT = Experiment(
    name="dilated_against_strided",
    claims=("C14",),
    sources=("S002 · Dilated Convolution (Atrous Convolution)",),
    statement="Dilated convolutions see as far as strided ones without losing resolution, and so "
    "allow efficient dense feature extraction.",
    chapter="segmentation/dilated_convolution",
    run=run,
    full=Config(),
    smoke=Config(
        size=25,
        train_images=24,
        test_images=8,
        steps=14,
        batch=4,
        precision="no",
        repeats=1,
        variants=(
            Variant("strided", 8, True, (4, 4, 8, 8, 8, 8, 8)),
            Variant("dilated", 2, True, (4, 4, 8, 8, 8, 8, 8)),
            Variant("plain", 2, False, (4, 4, 8, 8, 8, 8, 8)),
            Variant("dilated_narrow", 2, True, (3, 3, 4, 4, 4, 4, 4)),
            Variant("strided_wide", 8, True, (6, 6, 12, 12, 16, 16, 16)),
        ),
    ),
    judge=judge,
    published="DeepLabv3, ResNet-50, VOC 2012 val, equal parameters: mean IoU 75.2 at output "
    "stride 8, 73.9 at 16, 70.1 at 32 (its Table 1)",
)
