"""C14: dilated against strided convolutions, at equal parameters and at equal multiply-adds.

All nets are the same chain of 3x3 convolutions. Where one takes a stride, another takes a dilation
(or neither), so that it answers at more places. Pairs share parameters, or multiply-adds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lookclosely import cost, ops
from lookclosely.data import scenes
from lookclosely.models.segmentation.dilated import DilatedNet, spread
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

from ..core import Experiment, Outcome, Plot, Result, Verdict
from ..storage import weights
from ..training import Question, Training, compare
from ..verdicts import Held, both, held, order

NAMES = {
    "strided": "strided",
    "dilated": "dilated",
    "plain": "neither",
    "dilated_narrow": "dilated, narrow",
    "strided_wide": "strided, wide",
}


@dataclass(frozen=True)
class Variant:
    """A net of the chain: where its strides stop, whether rates take their place, its widths."""

    name: str
    output_stride: int
    dilate: bool
    channels: tuple[int, ...]


PAIRS = (
    ("dilated", "strided"),  # equal parameters; then equal arithmetic of training
    ("dilated_narrow", "strided"),  # equal multiply-adds of an answer, few
    ("dilated", "strided_wide"),  # equal multiply-adds of an answer, many
    ("dilated", "plain"),  # only the view differs
)
TRAINING = Training(steps=2400)
WIDTH = (12, 12, 24, 24, 32, 32, 32)


@dataclass(frozen=True)
class Config:
    size: int = 65  # a multiple of 8, and 1: the last answer of the coarsest net is the last pixel
    textures: tuple[str, ...] = ("plain",)  # so that a short training learns shapes
    train_images: int = 1500
    val_images: int = 200
    test_images: int = 300
    training: Training = TRAINING
    batch: int = 8
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


def stream(config: Config, seed: int) -> Iterator[Labelled]:
    return batches(images_and_labels(config, "train", config.train_images), config.batch, seed)


def held_out(config: Config, split: Split) -> Labelled:
    count = config.val_images if split == "val" else config.test_images
    return images_and_labels(config, split, count)


def measured(config: Config, model: nn.Module, split: Split) -> dict[str, float]:
    images, labels = held_out(config, split)
    return scores(probabilities(model, images).argmax(1), labels)


def background(config: Config, split: Split) -> dict[str, float]:
    labels = held_out(config, split)[1]
    return scores(torch.zeros_like(labels), labels)


def costs(net: DilatedNet, image: Tensor, repeats: int) -> dict[str, float]:
    """Of one image: milliseconds, and how many numbers the layers put out; and the field."""
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
        "activations": sum(numbers),
        "ms": 1e3 * seconds,
        "field": ops.receptive_field(net.layers).size,
    }


def at_other_strides(strided: DilatedNet, config: Config) -> dict:
    """The strided net's weights, unchanged, at each output stride."""
    images, labels = held_out(config, "test")
    found = {}
    for stride in config.denser:
        net = build(Variant("", stride, True, config.variants[0].channels), config)
        net.load_state_dict(strided.state_dict())
        pred = probabilities(net, images).argmax(1)
        found[str(stride)] = scores(pred, labels) | shares(pred, labels)
    return found


def shares(pred: Tensor, labels: Tensor) -> dict[str, float]:
    """Of the pixels of objects: named rightly, called background. Of the background's: called
    object."""
    thing = labels > 0
    return {
        "object_right": float((pred == labels)[thing].float().mean()),
        "object_missed": float((pred == 0)[thing].float().mean()),
        "background_called_object": float((pred > 0)[~thing].float().mean()),
    }


def truth_at(stride: int, config: Config) -> dict[str, float]:
    """Scores of the true labels themselves, known at every ``stride``-th pixel and interpolated."""
    labels = held_out(config, "test")[1]
    known = F.one_hot(labels[:, ::stride, ::stride], CLASSES).movedim(-1, 1).float()
    return scores(spread(known, stride, labels.shape[-2:]).argmax(1), labels)


def run(config: Config, seed: int, device: str | None) -> Outcome:
    question = Question(
        partial(stream, config), pixel_loss, partial(measured, config), partial(background, config)
    )
    makers = {v.name: partial(build, v, config) for v in config.variants}
    found = compare(makers, question, config.training, pairs=PAIRS, seed=seed, device=device)
    image, kept = held_out(config, "test")[0][:1], {}
    for variant in config.variants:
        net = found.nets[variant.name]
        assert isinstance(net, DilatedNet)
        found.metrics[variant.name] |= costs(net, image, config.repeats)
        if variant.channels == config.variants[0].channels:
            kept |= {f"{variant.name}.{key}": value for key, value in net.state_dict().items()}
        if variant.name == "strided":
            found.metrics["denser"] = at_other_strides(net, config)
    found.metrics["truth_at"] = {str(s): truth_at(s, config) for s in config.denser}
    return Outcome(found.metrics, found.losses, kept, found.seconds)


SAID: dict[Held, str] = {
    "yes": "higher in every seed",
    "partly": "higher in some comparisons only",
    "no": "higher in none",
}


def judge(result: Result) -> Verdict:
    """Held where dilation gains mean IoU and boundary F in every seed: at equal parameters, at
    equal arithmetic of training, and at equal multiply-adds of an answer, few and many."""
    miou, edge = _better(result, "miou"), _better(result, "boundary_f")
    dilated, strided = (result.mean(f"{name}/miou") for name in ("dilated", "strided"))
    longer = result.mean("strided/equal_arithmetic/dilated/miou")
    return Verdict(
        both(miou, edge),
        f"mean IoU {dilated:.2f} dilated; strided {strided:.2f} after as many steps, {longer:.2f} "
        "after as much arithmetic",
        f"Mean IoU of dilated nets is {SAID[miou]}: {dilated:.2f} against {longer:.2f} at equal "
        f"training arithmetic. Their boundary F is {SAID[edge]}.",
    )


def _better(result: Result, metric: str) -> Held:
    orders = [order(result, *pair, metric) for pair in PAIRS[:3]]
    tests = [o.equal_steps for o in orders] + [o.equal_arithmetic for o in orders]
    return held(*tests, half=[gain for o in orders for gain in o.at_half])


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
        val_images=8,
        test_images=8,
        training=Training(steps=14, rates=(3e-3,)),
        batch=4,
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
    short="dilation sees far and sharply",
    plot=Plot(
        "mean IoU",
        (
            ("dilated", "dilated/miou"),
            ("strided", "strided/miou"),
            ("strided, same work", "strided/equal_arithmetic/dilated/miou"),
        ),
    ),
)
