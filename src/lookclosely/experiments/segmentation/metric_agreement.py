"""C16: do the metrics of segmentation put the same networks in the same order?

Eight small networks that differ in shape, learning rate and loss are looked at several times while
they train on noisy scenes with rare classes. Every metric then ranks all these checkpoints.
"""

import itertools
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Int
from torch import Tensor

from lookclosely import metrics
from lookclosely.cost import seconds
from lookclosely.data import scenes
from lookclosely.tasks import scene_labelling as task
from lookclosely.tasks.rankings import agreement, disagreement, reliability

from ..core import Experiment, Outcome, Plot, Result, Verdict
from ._checkpoints import Variant, network, train_one

NAMES = {
    "pixel_accuracy": "PA",
    "mean_pixel_accuracy": "MPA",
    "mean_precision": "mean precision",
    "miou": "mIoU",
    "mdice": "mean Dice",
    "image_miou": "mIoU per image",
    "boundary_f": "boundary F",
}
# For each of these, the two checkpoints that the metrics disagree on most are kept to be shown.
PAIRS = (("pixel_accuracy", "miou"), ("miou", "boundary_f"), ("miou", "mean_pixel_accuracy"))


@dataclass(frozen=True)
class Config:
    snapshots: tuple[int, ...] = (40, 80, 150, 250, 400)  # the last is the end of the training
    batch: int = 8
    precision: Literal["no", "bf16"] = "bf16"
    noise: float = 0.3
    class_weights: tuple[int, ...] = (8, 4, 4, 2, 2, 1, 1)
    train_images: int = 2000
    test_images: int = 400
    tolerance: float = 1.0  # of boundary F, in pixels
    shown: int = 12  # test images whose predictions are kept
    variants: tuple[Variant, ...] = (
        Variant("U-Net"),
        Variant("wide", channels=(12, 24, 48)),
        Variant("deep", channels=(8, 16, 32, 64)),
        Variant("slow", lr=1e-3),
        Variant("fast", lr=1e-2),
        Variant("no skips", kind="no skips"),
        Variant("flat", channels=(16, 16), kind="flat"),
        Variant("balanced", loss="balanced"),
    )


def scene_config(config: Config) -> scenes.Config:
    """Each class has its colour, the noise hides it, and the last classes are rare."""
    return scenes.Config(
        size=(64, 64), independent=False, noise=config.noise, weights=config.class_weights
    )


def score(
    pred: Int[Tensor, "N H W"], labels: Int[Tensor, "N H W"], tolerance: float = 1.0
) -> dict[str, float]:
    """Every metric in ``NAMES``; all but two from the confusion matrix of the whole set."""
    matrices = metrics.confusion_matrices(pred, labels, task.CLASSES)
    whole = matrices.sum(0)
    return {
        **task.scores(pred, labels, tolerance=tolerance),
        "mean_pixel_accuracy": float(metrics.mean_pixel_accuracy(whole)),
        "mean_precision": float(metrics.precision(whole).nanmean()),
        "mdice": float(metrics.dice(whole).nanmean()),
        "image_miou": float(metrics.mean_iou(matrices).mean()),
    }


def run(config: Config, seed: int, device: str | None) -> Outcome:
    setting = scene_config(config)
    train = task.labelled("train", config.train_images, setting)
    images, labels = task.labelled("test", config.test_images, setting)
    half = len(images) // 2
    checkpoints, losses, kept = [], {}, []
    for variant in config.variants:
        model, states, losses[variant.name] = train_one(variant, train, config, seed, device)
        for step in config.snapshots:
            model.load_state_dict(states[step])
            pred = task.probabilities(model, images).argmax(1)
            checkpoints.append(
                {
                    "name": variant.name,
                    "step": step,
                    "iou": _per_class(pred, labels),
                    **score(pred, labels, config.tolerance),
                    "halves": [
                        score(pred[part], labels[part], config.tolerance)
                        for part in (slice(half), slice(half, None))
                    ],
                }
            )
            kept.append(pred[: config.shown].to(torch.uint8))
    pairs = {f"{a} or {b}": disagreement(checkpoints, a, b) for a, b in PAIRS}
    chosen = sorted({index for pair in pairs.values() for index in pair})
    outcome: dict[str, Any] = {
        "checkpoints": checkpoints,
        "tau": agreement(checkpoints, NAMES),
        "tau_same_step": agreement(checkpoints, NAMES, same_step=True),
        "same": {name: reliability(checkpoints, name) for name in NAMES},
        "pairs": pairs,
        "background": score(torch.zeros_like(labels), labels, config.tolerance),
        "ms": _times(config, images, labels),
    }
    return Outcome(outcome, losses, {f"pred{index}": kept[index] for index in chosen})


def _per_class(pred: Tensor, labels: Tensor) -> list[float]:
    """IoU of each class, 0 for one that is nowhere (only in small tests)."""
    found = metrics.iou(metrics.confusion_matrix(pred, labels, task.CLASSES)).nan_to_num(0.0)
    return [round(value, 4) for value in found.tolist()]


@torch.no_grad()
def _times(config: Config, images: Tensor, labels: Tensor) -> dict[str, float]:
    """Milliseconds for 100 images on the CPU: a network's answer, and what judging it costs."""
    images, labels = images[:100], labels[:100]
    net, pred = network(Variant("U-Net")).eval(), labels.roll(1, -1)
    calls = {
        "network": lambda: net(images),
        "confusion_matrix": lambda: metrics.confusion_matrix(pred, labels, task.CLASSES),
        "boundary_f": lambda: [
            metrics.boundary_f_score(pred == k, labels == k, config.tolerance)
            for k in range(1, task.CLASSES)
        ],
    }
    return {name: 1e3 * seconds(call, repeats=5) for name, call in calls.items()}


def judge(result: Result) -> Verdict:
    twins = result.values("tau/miou/mdice")
    least = {(a, b): result.mean(f"tau/{a}/{b}") for a, b in itertools.combinations(NAMES, 2)}
    a, b = min(least, key=lambda pair: least[pair])
    others = ("pixel_accuracy", "mean_pixel_accuracy", "boundary_f")
    *same, last = (f"{NAMES[n]} {result.mean(f'same/{n}'):.2f}" for n in ("miou", *others))
    return Verdict(
        "yes" if min(twins) > 0.9 else "partly" if min(twins) > 0 else "no",
        f"Kendall's τ with mIoU: mean Dice {result.text('tau/miou/mdice', 2)}, "
        + ", ".join(f"{NAMES[name]} {result.text(f'tau/miou/{name}', 2)}" for name in others),
        f"Over {len(result.seeds[0]['checkpoints'])} checkpoints a seed. Not all metrics put "
        f"networks in one order: least alike are {NAMES[a]} and {NAMES[b]} ({least[a, b]:.2f}). "
        f"For comparison, a metric against itself "
        f"on the other half of the test images: {', '.join(same)}. And {last}.",
    )


EXPERIMENT = Experiment(
    name="metric_agreement",
    claims=("C16",),
    sources=("S003 · Metrics for Segmentation Models",),
    statement="Dice is essentially F1, and Dice and IoU are positively correlated.",
    chapter="segmentation/segmentation_metrics",
    run=run,
    full=Config(),
    smoke=Config(
        snapshots=(9, 18),
        batch=4,
        precision="no",
        noise=0.05,
        train_images=40,
        test_images=16,
        shown=2,
        variants=(
            Variant("U-Net", channels=(8, 16), lr=1e-2),
            Variant("flat", channels=(8,), kind="flat", lr=1e-2),
            Variant("balanced", channels=(8, 16), lr=1e-2, loss="balanced"),
        ),
    ),
    judge=judge,
    short="Dice is F1, near IoU",
    plot=Plot(
        "Kendall’s τ with mean IoU",
        (
            ("mean Dice", "tau/mdice/miou"),
            ("pixel accuracy", "tau/pixel_accuracy/miou"),
            ("boundary F", "tau/boundary_f/miou"),
        ),
    ),
)
