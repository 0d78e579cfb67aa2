"""How well a fixed list of numbers is regressed: 14 joints of a figure, one cell of a blood image.

No claim of the slides; the full numbers that the chapter shows beside its own short trainings.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from lookclosely import cost, metrics
from lookclosely.data import bccd
from lookclosely.losses import multi_task_loss, smooth_l1_loss
from lookclosely.models.looking.localizer import Localizer
from lookclosely.tasks import fixed_outputs as task

from .. import training
from ..core import Experiment, Outcome, Result, Verdict


@dataclass(frozen=True)
class Config:
    pose_steps: int = 1200
    cell_steps: int = 400
    batch: int = 32
    lr: float = 3e-3
    beta: float = 1 / 9
    weight: float = 1.0
    precision: Literal["no", "bf16"] = "bf16"
    figures: int = 4000
    test_figures: int = 600
    windows: int = 4  # of each blood cell, for training
    threshold: float = 0.2  # of the torso


def pose_loss(model: nn.Module, batch: tuple[Tensor, ...], *, beta: float) -> Tensor:
    """Smooth L1, summed over the 28 numbers of a figure."""
    _, joints = model(batch[0])
    return smooth_l1_loss(joints.float(), batch[2], beta=beta, reduction="sum") / len(joints)


def cell_loss(model: nn.Module, batch: tuple[Tensor, ...], *, beta: float, weight: float) -> Tensor:
    logits, boxes = (output.float() for output in model(batch[0]))
    regression = partial(smooth_l1_loss, beta=beta)
    return multi_task_loss(
        logits, boxes, batch[1], batch[2], weight=weight, regression=regression
    ).total


def joint_scores(found: Tensor, data: task.Answers, threshold: float) -> dict[str, Any]:
    """PCK of each joint and its mean, the torso being the size of a figure."""
    pred, truth = (x.reshape(-1, 14, 2) * task.SIZE for x in (found, data.coordinates))
    share = metrics.pck(pred, truth, metrics.torso_length(truth), threshold=threshold)
    return {"pck": float(share.mean()), "pck_joint": [round(v, 4) for v in share.tolist()]}


def pose(config: Config, seed: int, device: str | None) -> tuple[dict[str, Any], list[float]]:
    train, test = task.figures("train", config.figures), task.figures("test", config.test_figures)
    torch.manual_seed(seed)
    model = Localizer(num_classes=1, num_coordinates=28, size=(task.SIZE, task.SIZE))
    losses = training.train(
        model,
        partial(pose_loss, beta=config.beta),
        task.batches(train, config.batch, seed),
        config,
        seed=seed,
        device=device,
        steps=config.pose_steps,
    )
    mean = train.coordinates.mean(0).expand(len(test.images), -1)
    found = {
        **joint_scores(task.predict(model, test.images)[1], test, config.threshold),
        "mean_pose": joint_scores(mean, test, config.threshold)["pck"],
        "train_pck": joint_scores(
            task.predict(model, train.images[:600])[1],
            task.Answers(*(part[:600] for part in train)),
            config.threshold,
        )["pck"],
    }
    return found, losses


def blood(config: Config, seed: int, device: str | None) -> tuple[dict[str, Any], list[float]]:
    train, test = task.cells("train", config.windows), task.cells("test", 2)
    torch.manual_seed(seed)
    model = Localizer(num_classes=len(task.CELLS), size=(task.SIZE, task.SIZE))
    losses = training.train(
        model,
        partial(cell_loss, beta=config.beta, weight=config.weight),
        task.batches(train, config.batch, seed),
        config,
        seed=seed,
        device=device,
        steps=config.cell_steps,
    )
    count = len(test.images)
    most = torch.bincount(train.classes, minlength=len(task.CELLS)).float().expand(count, -1)
    mean = train.coordinates.mean(0).expand(count, -1)
    logits, boxes = task.predict(model, test.images)
    iou = task.pair_iou(boxes, test.coordinates)
    found = {
        **task.scores(logits, boxes, test),
        "guess": task.scores(most, mean, test),
        "iou_of": {name: float(iou[test.classes == k].mean()) for k, name in enumerate(task.CELLS)},
        "windows": {"train": len(train.images), "test": count},
    }
    return found, losses


def milliseconds(num_coordinates: int, num_classes: int) -> float:
    """One pass over one image."""
    size = (task.SIZE, task.SIZE)
    model = Localizer(num_classes=num_classes, num_coordinates=num_coordinates, size=size).eval()
    with torch.no_grad():
        return 1e3 * cost.seconds(lambda: model(torch.zeros(1, 3, *size)), repeats=51)


def run(config: Config, seed: int, device: str | None) -> Outcome:
    joints, pose_losses = pose(config, seed, device)
    cells, cell_losses = blood(config, seed, device)
    found = {"pose": joints, "cells": cells, "ms": milliseconds(4, len(task.OBJECTS))}
    return Outcome(found, {"pose": pose_losses, "cells": cell_losses})


def judge(result: Result) -> Verdict:
    joints, guess = result.mean("pose/pck"), result.mean("pose/mean_pose")
    cells, blind = result.mean("cells/localization"), result.mean("cells/guess/localization")
    return Verdict(
        "yes" if joints > guess and cells > blind else "no",
        f"PCK at 0.2 of the torso {result.text('pose/pck')} (the mean pose {guess:.3f}); "
        f"localisation accuracy on blood cells {result.text('cells/localization')} "
        f"(one answer for all {blind:.3f})",
        f"Mean IoU of white cells {result.mean('cells/iou_of/WBC'):.2f}, of platelets "
        f"{result.mean('cells/iou_of/Platelets'):.2f}.",
    )


EXPERIMENT = Experiment(
    name="fixed_outputs",
    claims=(),
    sources=("S001 · Human Pose Estimation", "S001 · Classification + Localization"),
    statement="Any fixed number of positions can be regressed: a box, or 14 joints.",
    chapter="looking/localization",
    needs=(bccd.SOURCE,),
    run=run,
    full=Config(),
    smoke=Config(
        pose_steps=16,
        cell_steps=12,
        batch=16,
        precision="no",
        figures=64,
        test_figures=16,
        windows=1,
    ),
    judge=judge,
)
