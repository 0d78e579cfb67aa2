"""C09: FCN-32s against 16s against 8s, and fixed against learnt upsampling, on scenes and nuclei.

The strides are halved to suit images of 64 × 64: 16, 8 and 4 stand for the paper's 32, 16 and 8.
"""

from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from lookclosely.data import nuclei
from lookclosely.losses import cross_entropy
from lookclosely.models.segmentation.fcn import FCN
from lookclosely.tasks import nuclei as cells
from lookclosely.tasks import scene_labelling as scene

from ..core import Experiment, Outcome, Plot, Result, Verdict
from ..training import train

STRIDES = {"32s": (16,), "16s": (16, 8), "8s": (16, 8, 4)}


@dataclass(frozen=True)
class NucleiConfig:
    steps: int = 400
    batch: int = 8
    crop: int = 96
    channels: tuple[int, ...] = (8, 16, 24, 32)
    hidden: int = 48
    border_weight: float = 0.0  # every pixel counts the same
    train_images: int = 200
    test_images: int = 84
    min_area: int = 20  # smaller components are not nuclei, in pixels
    tolerances: tuple[float, ...] = (1.0, 2.0)  # of the boundary F score, in pixels


@dataclass(frozen=True)
class Config:
    steps: int = 1000
    batch: int = 16
    lr: float = 6e-3
    precision: Literal["no", "bf16"] = "bf16"
    channels: tuple[int, ...] = (8, 16, 32, 64)
    hidden: int = 64
    train_images: int = 2000
    test_images: int = 400
    # name, strides, the enlargements by 2 are learnt, the last enlargement is learnt
    variants: tuple[tuple[str, str, bool, bool], ...] = (
        ("32s", "32s", True, False),
        ("16s", "16s", True, False),
        ("8s", "8s", True, False),
        ("8s_fixed", "8s", False, False),
        ("8s_learnt", "8s", True, True),
    )
    nuclei: NucleiConfig = NucleiConfig()


def scene_net(config: Config, name: str) -> FCN:
    """The net of a variant, untrained."""
    strides, intermediate, last = next(v[1:] for v in config.variants if v[0] == name)
    return FCN(
        num_classes=scene.CLASSES,
        channels=config.channels,
        hidden=config.hidden,
        strides=STRIDES[strides],
        learn_intermediate=intermediate,
        learn_last=last,
    )


def nuclei_net(config: NucleiConfig, name: str) -> FCN:
    return FCN(in_channels=1, channels=config.channels, hidden=config.hidden, strides=STRIDES[name])


def pixel_loss(model: nn.Module, batch: cells.Batch) -> Float[Tensor, ""]:
    """Cross-entropy on nuclei, the mean over all pixels of the batch."""
    images, target, _ = batch
    return cross_entropy(model(images).float(), target)


def shrunk_and_enlarged(
    labels: Int[Tensor, "N H W"], stride: int, classes: int
) -> Int[Tensor, "N H W"]:
    """The labels as a net of this stride would give them that knew each cell's shares of classes.

    Not a strict bound (a net may do better by giving other scores), but what coarseness alone does.
    """
    shares = F.avg_pool2d(F.one_hot(labels, classes).movedim(-1, 1).float(), stride)
    return F.interpolate(shares, size=labels.shape[-2:], mode="bilinear").argmax(1)


def run(config: Config, seed: int, device: str | None) -> Outcome:
    """Variants of one data set see the same batches; each starts from the same encoder."""
    metrics, losses, weights = {"scenes": {}, "nuclei": {}}, {}, {}
    learnt = scene.labelled("train", config.train_images)
    images, labels = scene.labelled("test", config.test_images)
    rules = {"seed": seed, "device": device}
    for name, *_ in config.variants:
        torch.manual_seed(seed)
        model = scene_net(config, name)
        batches = scene.batches(learnt, config.batch, seed)
        losses[f"scenes {name}"] = train(model, scene.pixel_loss, batches, config, **rules)
        pred = scene.probabilities(model, images).argmax(1)
        metrics["scenes"][name] = scene.scores(pred, labels)
        if name in STRIDES:
            weights |= {f"scenes.{name}.{k}": v for k, v in model.state_dict().items()}
    metrics["scenes"]["background"] = scene.scores(torch.zeros_like(labels), labels)
    for name, strides in STRIDES.items():
        coarse = shrunk_and_enlarged(labels, strides[-1], scene.CLASSES)
        metrics["scenes"][f"labels_{name}"] = scene.scores(coarse, labels)

    test = nuclei.load("test")
    pictures = test.images[: config.nuclei.test_images].float() / 255
    scored = {"min_area": config.nuclei.min_area, "tolerances": config.nuclei.tolerances}
    for name in STRIDES:
        torch.manual_seed(seed)
        model = nuclei_net(config.nuclei, name)
        batches = cells.training_batches(
            config.nuclei.batch,
            seed,
            crop=config.nuclei.crop,
            images=config.nuclei.train_images,
            border_weight=config.nuclei.border_weight,
        )
        steps = config.nuclei.steps
        losses[f"nuclei {name}"] = train(model, pixel_loss, batches, config, steps=steps, **rules)
        masks = cells.foreground(model, pictures) > 0.5
        metrics["nuclei"][name] = cells.averages(cells.score(masks, test, **scored))
        if name != "16s":
            weights |= {f"nuclei.{name}.{k}": v for k, v in model.state_dict().items()}
    otsu = cells.score(cells.otsu(pictures), test, **scored)
    metrics["nuclei"]["otsu"] = cells.averages(otsu)
    return Outcome(metrics, losses, weights)


def _steps(result: Result, metric: str) -> tuple[list[float], list[float]]:
    """What each seed gains from 32s to 16s, and from 16s to 8s; ``metric`` has a hole for both."""
    coarse, middle, fine = (result.values(metric.format(name)) for name in STRIDES)
    return [b - a for a, b in zip(coarse, middle)], [b - a for a, b in zip(middle, fine)]


def judge(result: Result) -> Verdict:
    """Held where every seed gains at both steps, in both measures, on both data sets."""
    metrics: Any = {
        "mIoU on scenes": "scenes/{}/miou",
        "Boundary F on scenes": "scenes/{}/boundary_f",
        "IoU on nuclei": "nuclei/{}/iou",
        "Boundary F on nuclei": "nuclei/{}/boundary_f_1px",
    }
    gains = {name: _steps(result, path) for name, path in metrics.items()}
    both = all(min(*first, *second) > 0 for first, second in gains.values())
    total = all(min(a + b for a, b in zip(*pair)) > 0 for pair in gains.values())
    miou, border = (
        ", ".join(f"{name} {result.text(f'scenes/{name}/{metric}')}" for name in STRIDES)
        for metric in ("miou", "boundary_f")
    )
    cell = ", ".join(f"{result.mean(f'nuclei/{name}/boundary_f_1px'):.3f}" for name in STRIDES)
    area = ", ".join(f"{result.mean(f'nuclei/{name}/iou'):.3f}" for name in STRIDES)
    least = {name: [min(part) for part in pair] for name, pair in gains.items()}
    details = " ".join(f"{name}: {a:+.3f} and {b:+.3f}." for name, (a, b) in least.items())
    return Verdict(
        "yes" if both else "partly" if total else "no",
        f"mIoU on scenes: {miou}; boundary F: {border}. Nuclei, in the same order: IoU {area}, "
        f"boundary F {cell}",
        f"The least that a seed gains from 32s to 16s, and from 16s to 8s. {details}",
    )


EXPERIMENT = Experiment(
    name="fcn_strides",
    claims=("C09",),
    sources=("S000 · Fully convolutional networks", "S002 · Fully Convolution Network"),
    statement="Adding scores of finer layers makes the segmentation finer: 32s < 16s < 8s.",
    chapter="segmentation/fcn",
    needs=(nuclei.SOURCE,),
    run=run,
    full=Config(),
    smoke=Config(
        steps=12,
        batch=4,
        precision="no",
        channels=(4, 4, 8, 8),
        hidden=8,
        train_images=12,
        test_images=4,
        variants=(
            ("32s", "32s", True, False),
            ("16s", "16s", True, False),
            ("8s", "8s", True, False),
        ),
        nuclei=NucleiConfig(
            steps=12,
            batch=4,
            crop=48,
            channels=(4, 4, 8, 8),
            hidden=8,
            train_images=2,
            test_images=1,
        ),
    ),
    judge=judge,
    published="mean IU 59.4 (FCN-32s), 62.4 (16s), 62.7 (8s) on PASCAL VOC 2011 (Long et al. 2015)",
    short="finer scores, finer outlines",
    plot=Plot(
        "mean IoU on scenes",
        (("8s", "scenes/8s/miou"), ("16s", "scenes/16s/miou"), ("32s", "scenes/32s/miou")),
    ),
)
