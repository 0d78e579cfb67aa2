"""C15: what a conditional random field adds to a coarse FCN at the boundary of objects.

One FCN of stride 8, its scores enlarged bilinearly, is followed by random fields of four kinds.
Each field's settings are chosen on validation images, by boundary IoU, for each seed's network;
what is reported is measured on test images. The same FCN with skips, trained as long, stands
beside them: the other cure for soft borders.
"""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from lookclosely.metrics import boundary_iou
from lookclosely.models.segmentation.fcn import FCN
from lookclosely.tasks.random_fields import Settings, apply, field, milliseconds, tune
from lookclosely.tasks.scene_labelling import (
    CLASSES,
    batches,
    labelled,
    pixel_loss,
    probabilities,
    scores,
)

from ..core import Experiment, Outcome, Plot, Result, Verdict
from ..training import train
from ..verdicts import span


@dataclass(frozen=True)
class Config(Settings):
    steps: int = 700
    batch: int = 16
    lr: float = 6e-3
    precision: Literal["no", "bf16"] = "bf16"
    channels: tuple[int, ...] = (16, 32, 64)
    hidden: int = 64
    train_images: int = 2000
    val_images: int = 8
    test_images: int = 40
    band: int = 2  # of boundary IoU, in pixels: 2 % of the diagonal


def score(pred: Tensor, labels: Tensor, band: int) -> dict[str, float]:
    """``scores``, and boundary IoU: the mean over the classes in each image's prediction or truth,
    the background left out.

    A class that is predicted and not there counts 0, so taking away an island of it is a gain;
    ``boundary_iou_true`` is the mean over the classes that are there, and ``false_classes`` how
    many an image has that are not.
    """
    each = torch.stack([boundary_iou(pred == k, labels == k, band) for k in range(1, CLASSES)])
    there = torch.stack([(labels == k).flatten(1).any(1) for k in range(1, CLASSES)])
    return {
        **scores(pred, labels),
        "boundary_iou": float(each.nanmean()),
        "boundary_iou_true": float(each[there].mean()),
        "false_classes": int((~there & ~each.isnan()).sum()) / len(labels),
    }


def build(config: Config, *, skips: bool = False) -> FCN:
    """The coarse FCN, or the same with two finer maps."""
    coarsest = 2 ** len(config.channels)
    strides = (coarsest, coarsest // 2, coarsest // 4) if skips else (coarsest,)
    return FCN(num_classes=CLASSES, channels=config.channels, hidden=config.hidden, strides=strides)


def train_one(
    config: Config, seed: int, device: str | None, *, skips: bool
) -> tuple[FCN, list[float]]:
    torch.manual_seed(seed)
    model = build(config, skips=skips)
    losses = train(
        model,
        pixel_loss,
        batches(labelled("train", config.train_images), config.batch, seed),
        config,
        seed=seed,
        device=device,
    )
    return model, losses


def run(config: Config, seed: int, device: str | None) -> Outcome:
    coarse, loss = train_one(config, seed, device, skips=False)
    fine, fine_loss = train_one(config, seed, device, skips=True)
    val, test = labelled("val", config.val_images), labelled("test", config.test_images)
    p_val, p_test = probabilities(coarse, val[0]), probabilities(coarse, test[0])

    def value(kind: str, settings: dict[str, Any]) -> float:
        pred = apply(field(kind, **settings), p_val, val[0])
        return score(pred, val[1], config.band)["boundary_iou"]

    metrics: dict[str, Any] = {
        "none": score(p_test.argmax(1), test[1], config.band),
        "skips": score(probabilities(fine, test[0]).argmax(1), test[1], config.band),
        "background": score(torch.zeros_like(test[1]), test[1], config.band),
        "ms": milliseconds(config),
    }
    for kind, settings in tune(config, value).items():
        pred = apply(field(kind, **settings), p_test, test[0])
        metrics[kind] = {**score(pred, test[1], config.band), "settings": settings}
    weights = {name: value.detach().clone() for name, value in coarse.state_dict().items()}
    return Outcome(metrics, {"coarse": loss, "skips": fine_loss}, weights)


def judge(result: Result) -> Verdict:
    """Held where on every seed the full field beats the network and both short-range fields."""
    helped, *over = (
        result.gains("full/boundary_iou", f"{other}/boundary_iou")
        for other in ("none", "neighbours", "contrast")
    )
    held = "partly" if min(helped) > 0 else "no"
    if min(helped) > 0 and min(min(g) for g in over) > 0:
        held = "yes"
    names = {
        "none": "no CRF",
        "neighbours": "4 neighbours",
        "contrast": "4 neighbours, by contrast",
        "full": "fully connected",
    }

    def texts(metric: str) -> str:
        return ", ".join(f"{text} {result.text(f'{k}/{metric}')}" for k, text in names.items())

    return Verdict(
        held,
        f"boundary IoU on test: {texts('boundary_iou')}; over the classes that are really there: "
        f"{texts('boundary_iou_true')}",
        f"Fully connected against none, paired by seed: {span(helped)}. Against 4 neighbours: "
        f"{span(over[0])}. Against those with contrast: {span(over[1])}. The same FCN with skips "
        f"reaches {result.text('skips/boundary_iou')}.",
    )


EXPERIMENT = Experiment(
    name="crf_boundaries",
    claims=("C15",),
    sources=("S002 · Conditional Random Fields", "S000 · CRF after the CNN"),
    statement="A conditional random field after a coarse FCN gives finer boundaries, the fully "
    "connected one more than the short-range one.",
    chapter="segmentation/crf",
    run=run,
    full=Config(),
    smoke=Config(
        steps=20,
        batch=4,
        precision="no",
        channels=(8, 8, 16),
        hidden=16,
        train_images=16,
        val_images=1,
        test_images=1,
        updates=1,
        grid_updates=1,
        grid_weights=(1.0,),
        contrast_weights=(2.0,),
        contrast_thetas=(0.2,),
        smooth_weights=(1.0,),
        smooth_thetas=(1.0,),
        weights=(6.0,),
        thetas_xy=(10.0,),
        thetas_rgb=(0.1,),
        timed_exactly=(16,),
        timed_on_a_grid=(16,),
    ),
    judge=judge,
    published="DeepLab on PASCAL VOC 2012, validation: mean IoU 59.8 without, 63.7 with the fully "
    "connected CRF",
    short="a CRF sharpens edges",
    plot=Plot(
        "boundary IoU",
        (
            ("fully connected", "full/boundary_iou"),
            ("4 neighbours", "neighbours/boundary_iou"),
            ("no CRF", "none/boundary_iou"),
        ),
    ),
)
