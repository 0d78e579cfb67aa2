"""C13: what the copied features of a U-Net are worth at the boundary of objects."""

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
)

from ..core import Experiment, Outcome, Plot, Result, Verdict
from ..training import train
from ..verdicts import span


@dataclass(frozen=True)
class Config:
    steps: int = 600
    batch: int = 8
    crop: int = 96
    lr: float = 3e-3
    precision: Literal["no", "bf16"] = "bf16"
    border_weight: float = 10.0
    channels: tuple[int, ...] = (16, 32, 64, 128)
    # From full resolution down. A cut skip passes zeros: the same parameters and multiply-adds.
    variants: tuple[tuple[str, tuple[bool, ...]], ...] = (
        ("all", (True, True, True)),
        ("finest", (True, False, False)),
        ("coarsest", (False, False, True)),
        ("none", (False, False, False)),
    )
    min_area: int = 20
    dice_weight: float = 1.0
    tolerances: tuple[float, ...] = (1.0, 2.0)
    train_images: int = 200
    test_images: int = 84


def run(config: Config, seed: int, device: str | None) -> Outcome:
    """Every variant from the same initial weights, on the same batches."""
    test = nuclei.load("test")
    images = test.images[: config.test_images].float() / 255
    rules = {"min_area": config.min_area, "tolerances": config.tolerances}
    metrics, losses = {"otsu": averages(score(otsu(images), test, **rules))}, {}
    for name, skips in config.variants:
        torch.manual_seed(seed)
        model = UNet(in_channels=1, channels=config.channels, skips=skips)
        batches = training_batches(
            config.batch,
            seed,
            crop=config.crop,
            images=config.train_images,
            border_weight=config.border_weight,
        )
        losses[name] = train(
            model,
            partial(weighted_loss, dice_weight=config.dice_weight),
            batches,
            config,
            seed=seed,
            device=device,
        )
        metrics[name] = averages(score(foreground(model, images) > 0.5, test, **rules))
    return Outcome(metrics, losses)


def judge(result: Result) -> Verdict:
    """Held where every seed gains at both tolerances, in part where at one; all against none."""

    metrics = ("boundary_f_1px", "boundary_f_2px", "iou")
    fine, coarse, area = (result.gains(f"all/{m}", f"none/{m}") for m in metrics)
    every = [min(gain) > 0 for gain in (fine, coarse)]
    held = "yes" if all(every) else "partly" if any(every) else "no"
    return Verdict(
        held,
        f"boundary F within 1 pixel {result.text('all/boundary_f_1px')} with all skips, "
        f"{result.text('none/boundary_f_1px')} with none; within 2 pixels "
        f"{result.text('all/boundary_f_2px')} and {result.text('none/boundary_f_2px')}",
        f"All skips against none, paired by seed: boundary F within 1 pixel {span(fine)}. Within 2 "
        f"pixels it is {span(coarse)}. IoU is {span(area)}.",
    )


EXPERIMENT = Experiment(
    name="skip_connections",
    claims=("C13",),
    sources=(
        "S000 · Fully convolutional networks, of FCN's skips",
        "S002 · Fully Convolution Network, of FCN's skips",
        "S002 · U-Net, which shows the copied maps",
    ),
    statement="Copying the encoder's features across gives finer boundaries.",
    chapter="segmentation/unet",
    needs=(nuclei.SOURCE,),
    run=run,
    full=Config(),
    smoke=Config(
        steps=20,
        batch=4,
        precision="no",
        crop=48,
        channels=(8, 16, 32),
        variants=(("all", (True, True)), ("none", (False, False))),
        train_images=6,
        test_images=3,
    ),
    judge=judge,
    short="copies give sharper edges",
    plot=Plot(
        "boundary F within 1 pixel",
        (("all skips", "all/boundary_f_1px"), ("none", "none/boundary_f_1px")),
    ),
)
