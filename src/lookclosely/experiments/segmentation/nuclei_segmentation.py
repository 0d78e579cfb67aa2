"""A U-Net on real microscope images of cell nuclei: the net that the U-Net chapter shows."""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch

from lookclosely.data import nuclei
from lookclosely.models.segmentation.unet import UNet
from lookclosely.tasks.nuclei import (
    averages,
    foreground,
    otsu,
    score,
    training_batches,
    weighted_loss,
    without_specks,
)
from lookclosely.train import History

from ..core import Experiment, Outcome, Result, Verdict
from ..training import train


@dataclass(frozen=True)
class Config:
    steps: int = 9000
    batch: int = 8
    crop: int = 96
    lr: float = 3e-3
    precision: Literal["no", "bf16"] = "bf16"
    dice_weight: float = 1.0
    border_weight: float = 10.0
    channels: tuple[int, ...] = (16, 32, 64, 128)
    turns: int = 4  # orientations that a prediction is the mean of
    min_area: int = 20  # smaller components are not nuclei, in pixels: chosen on validation
    tolerances: tuple[float, ...] = (1.0, 2.0)  # of the boundary F score, in pixels
    train_images: int = 200
    test_images: int = 84


def run(config: Config, seed: int, device: str | None) -> Outcome:
    torch.manual_seed(seed)
    model = UNet(in_channels=1, num_classes=2, channels=config.channels)
    losses = train(
        model,
        partial(weighted_loss, dice_weight=config.dice_weight),
        training_batches(
            config.batch,
            seed,
            crop=config.crop,
            images=config.train_images,
            border_weight=config.border_weight,
        ),
        config,
        seed=seed,
        device=device,
    )
    test = nuclei.load("test")
    images = test.images[: config.test_images].float() / 255
    found = foreground(model, images, turns=config.turns) > 0.5
    rows, baseline = (
        score(
            without_specks(masks, config.min_area),
            test,
            min_area=config.min_area,
            tolerances=config.tolerances,
        )
        for masks in (found, otsu(images))
    )
    metrics = {
        **averages(rows),
        "images": rows,
        "otsu": averages(baseline),
        "parameters": sum(p.numel() for p in model.parameters()),
        "loss": History(losses).smoothed(50)[:: max(1, config.steps // 100)],
    }
    return Outcome(metrics, {"unet": losses}, model.state_dict())


def judge(result: Result) -> Verdict:
    return Verdict(
        "yes" if result.mean("iou") > result.mean("otsu/iou") else "no",
        f"test IoU {result.text('iou')} (Otsu's threshold {result.mean('otsu/iou'):.3f})",
        f"Instance F1 at IoU 0.5 is {result.text('instance_f1')}, against "
        f"{result.mean('otsu/instance_f1'):.3f}.",
    )


EXPERIMENT = Experiment(
    name="nuclei_segmentation",
    claims=(),
    sources=("S002 · U-Net", "S004 · UNet"),
    statement="A U-Net segments microscope images of cells from few training images.",
    chapter="segmentation/unet",
    needs=(nuclei.SOURCE,),
    run=run,
    full=Config(),
    smoke=Config(
        steps=30,
        batch=4,
        crop=48,
        precision="no",
        channels=(8, 16, 32),
        train_images=6,
        test_images=3,
    ),
    judge=judge,
)
