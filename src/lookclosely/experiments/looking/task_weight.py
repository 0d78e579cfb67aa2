"""C02: can two weights of a multi-task loss be compared by their losses?

One network is trained with each weight on the box loss, all else equal: initial weights, batches,
steps. The control changes the learning rate in the place of the weight; there all share one loss.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from lookclosely.losses import MultiTaskLoss, multi_task_loss, smooth_l1_loss
from lookclosely.metrics import kendall_tau
from lookclosely.models.looking.localizer import Localizer
from lookclosely.tasks import fixed_outputs as task

from ..core import Experiment, Outcome, Plot, Result, Verdict
from ..training import train
from ..verdicts import held

METRICS = ("accuracy", "iou", "localization")


@dataclass(frozen=True)
class Config:
    weights: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0)
    # The control: other learning rates at one weight.
    rates: tuple[float, ...] = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
    weight: float = 10.0
    lr: float = 3e-3
    beta: float = 1 / 9
    steps: int = 400
    batch: int = 32
    precision: Literal["no", "bf16"] = "bf16"
    train_images: int = 2000
    test_images: int = 600
    shown: int = 8  # test scenes whose predicted boxes are kept, for the chapter


def loss_parts(
    model: nn.Module, batch: tuple[Tensor, Tensor, Tensor], *, weight: float, beta: float
) -> MultiTaskLoss:
    images, classes, boxes = batch
    logits, found = (output.float() for output in model(images))
    regression = partial(smooth_l1_loss, beta=beta)
    return multi_task_loss(logits, found, classes, boxes, weight=weight, regression=regression)


def train_one(
    config: Config, weight: float, lr: float, seed: int, device: str | None
) -> tuple[Localizer, list[float]]:
    torch.manual_seed(seed)
    model = Localizer(num_classes=len(task.OBJECTS), size=(task.SIZE, task.SIZE))
    losses = train(
        model,
        lambda net, batch: loss_parts(net, batch, weight=weight, beta=config.beta).total,
        task.batches(task.objects("train", config.train_images), config.batch, seed),
        config,
        seed=seed,
        device=device,
        lr=lr,
    )
    return model, losses


def measured(model: nn.Module, data: task.Answers, weight: float, beta: float) -> dict[str, float]:
    """The three losses and the three metrics, side by side."""
    logits, boxes = task.predict(model, data.images)
    loss = multi_task_loss(
        logits,
        boxes,
        data.classes,
        data.coordinates,
        weight=weight,
        regression=partial(smooth_l1_loss, beta=beta),
    )
    losses = {name: float(value) for name, value in loss._asdict().items()}
    return {f"{name}_loss": value for name, value in losses.items()} | task.scores(
        logits, boxes, data
    )


def shown(model: nn.Module, data: task.Answers) -> dict[str, Any]:
    """Boxes (xyxy, in pixels) and classes of a few images, as lists."""
    logits, boxes = task.predict(model, data.images)
    cx, cy, w, h = (boxes * task.SIZE).unbind(1)
    corners = torch.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], dim=1)
    return {
        "boxes": [[round(v, 1) for v in box] for box in corners.tolist()],
        "classes": logits.argmax(1).tolist(),
    }


def ranks(rows: dict[str, dict[str, Any]], split: str) -> dict[str, float]:
    """Kendall's τ of −loss and each metric over the rows: 1 if the loss ranks like the metric, and
    0 where the metric is the same in all rows."""
    column = {
        name: torch.tensor([row[split][name] for row in rows.values()])
        for name in ("total_loss", *METRICS)
    }
    return {
        name: float(kendall_tau(-column["total_loss"], column[name]).nan_to_num(0))
        for name in METRICS
    }


def choice(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the lowest validation loss chooses, what the metric chooses, and both on test."""
    by_loss = min(rows, key=lambda name: rows[name]["val"]["total_loss"])
    by_metric = max(rows, key=lambda name: rows[name]["val"]["localization"])
    return {
        "by_loss": float(by_loss),
        "by_metric": float(by_metric),
        "test_by_loss": rows[by_loss]["test"]["localization"],
        "test_by_metric": rows[by_metric]["test"]["localization"],
    }


def run(config: Config, seed: int, device: str | None) -> Outcome:
    splits: dict[task.Split, task.Answers] = {
        "val": task.objects("val", config.test_images),
        "test": task.objects("test", config.test_images),
    }
    few = task.Answers(*(part[: config.shown] for part in splits["test"]))
    losses, sweeps = {}, {}
    pairs = {
        "weights": [(w, config.lr, w) for w in config.weights],
        "rates": [(config.weight, lr, lr) for lr in config.rates],
    }
    for sweep, settings in pairs.items():
        rows: dict[str, dict[str, Any]] = {}
        for weight, lr, name in settings:
            model, losses[f"{sweep} {name}"] = train_one(config, weight, lr, seed, device)
            rows[f"{name}"] = {
                split: measured(model, data, weight, config.beta) for split, data in splits.items()
            }
            if sweep == "weights":
                rows[f"{name}"]["shown"] = shown(model, few)
        sweeps[sweep] = {"rows": rows, "tau": ranks(rows, "test"), "choice": choice(rows)}
    return Outcome({**sweeps, "guess": guess(config, splits["test"])}, losses)


def guess(config: Config, test: task.Answers) -> dict[str, float]:
    """One answer for every image: the most frequent class and the mean box of training."""
    train = task.objects("train", config.train_images)
    logits = torch.bincount(train.classes, minlength=len(task.OBJECTS)).float()
    box = train.coordinates.mean(0)
    count = len(test.images)
    return task.scores(logits.expand(count, -1), box.expand(count, -1), test)


def judge(result: Result) -> Verdict:
    """Held if the weight that the lowest loss chooses is worse than the metric's in each seed, in
    part if it is in some. τ only describes: it depends on which weights the sweep has."""

    def lost(sweep: str) -> list[float]:
        return result.gains(f"{sweep}/choice/test_by_metric", f"{sweep}/choice/test_by_loss")

    across, within = lost("weights"), lost("rates")
    return Verdict(
        held(across),
        f"localisation accuracy with the weight of the lowest validation loss: "
        f"{result.text('weights/choice/test_by_loss')}, with the one that the metric chooses: "
        f"{result.text('weights/choice/test_by_metric')}",
        f"What the loss's choice costs, paired by seed: {min(across):.3f} to {max(across):.3f}. "
        f"Among learning rates at one weight: {min(within):.3f} to {max(within):.3f}. For "
        f"description, Kendall's τ of −loss and localisation accuracy: "
        f"{result.text('weights/tau/localization', 2)} across these weights, "
        f"{result.text('rates/tau/localization', 2)} across these rates.",
    )


EXPERIMENT = Experiment(
    name="task_weight",
    claims=("C02",),
    sources=("S001 · Classification + Localization",),
    statement="The weight of a multi-task loss is hard to choose, because it changes the loss "
    "itself: compare a performance metric across weights, not the loss.",
    chapter="looking/localization",
    run=run,
    full=Config(),
    smoke=Config(
        weights=(0.1, 10.0),
        rates=(1e-3, 3e-3),
        steps=16,
        batch=16,
        precision="no",
        train_images=64,
        test_images=16,
        shown=2,
    ),
    judge=judge,
    short="weighing two losses is hard",
    plot=Plot(
        "localisation accuracy",
        (
            ("weight by lowest loss", "weights/choice/test_by_loss"),
            ("weight by the metric", "weights/choice/test_by_metric"),
        ),
    ),
)
