"""C12: one object at many sizes, for nets that were trained on a narrow range of them."""

import dataclasses
from dataclasses import dataclass, field

from jaxtyping import Int
from torch import Tensor

from ._proposal_training import (
    SCENES,
    Training,
    deconvnet,
    fcn,
    proposal_scores,
    proposals,
    two_stages,
)
from ._scene_labelling import labelled, probabilities
from .core import Experiment, Outcome, Result, Verdict
from .two_stage_training import TINY


@dataclass(frozen=True)
class Config:
    training: Training = field(default_factory=Training)
    # Diameter of the test objects as a share of the image's side. Training: 0.25 to 0.5.
    scales: tuple[float, ...] = (0.12, 0.18, 0.25, 0.35, 0.5, 0.7, 0.9)
    scenes_each: int = 60


def object_iou(pred: Int[Tensor, "N H W"], labels: Int[Tensor, "N H W"]) -> float:
    """IoU of the pixels of the one object's class, the mean over images."""
    kind = labels.flatten(1).amax(1)[:, None, None]
    found, truth = pred == kind, labels == kind
    shared, either = (part.flatten(1).sum(1) for part in (found & truth, found | truth))
    return float((shared / either).mean())


def run(config: Config, seed: int, device: str | None) -> Outcome:
    training = config.training
    whole, fcn_losses = fcn(training, seed, device)
    mirror, losses = deconvnet(training, seed, two_stages(training), device)
    metrics: dict[str, dict[str, float]] = {"fcn": {}, "deconvnet": {}}
    for scale in config.scales:
        knobs = dataclasses.replace(SCENES, objects=(1, 1), scale=(scale, scale))
        images, labels = labelled("test", config.scenes_each, knobs)
        boxes = proposals(config.scenes_each, training.proposals, knobs)
        found = {
            "fcn": probabilities(whole, images),
            "deconvnet": proposal_scores(mirror, images, boxes),
        }
        for name, maps in found.items():
            metrics[name][f"{scale:g}"] = object_iou(maps.argmax(1), labels)
    return Outcome(metrics, {"fcn": fcn_losses, "deconvnet": losses})


def judge(result: Result) -> Verdict:
    """Scale is handled where IoU beyond the trained sizes stays near that within them."""
    within = [s for s in result.config["scales"] if 0.25 <= s <= 0.5]
    beyond = [s for s in result.config["scales"] if s not in within]

    def mean(name: str, scales: list[float]) -> float:
        return sum(result.mean(f"{name}/{s:g}") for s in scales) / len(scales)

    kept = {n: mean(n, beyond) / mean(n, within) for n in ("fcn", "deconvnet")}
    held = kept["deconvnet"] > max(0.9, kept["fcn"])
    return Verdict(
        "yes" if held else "partly" if kept["deconvnet"] > kept["fcn"] else "no",
        f"IoU beyond the trained sizes, as a share of that within: DeconvNet "
        f"{kept['deconvnet']:.0%}, FCN {kept['fcn']:.0%}",
        f"Within: DeconvNet {mean('deconvnet', within):.3f}, FCN {mean('fcn', within):.3f}; "
        f"beyond: {mean('deconvnet', beyond):.3f} and {mean('fcn', beyond):.3f}.",
    )


EXPERIMENT = Experiment(
    name="object_scale",
    claims=("C12",),
    sources=("S000 · DeconvNet: advantages and doubts",),
    statement="DeconvNet is free of scale; an FCN sees objects at one scale only.",
    chapter="segmentation/deconvnet",
    run=run,
    full=Config(),
    smoke=Config(training=TINY, scales=(0.2, 0.4, 0.8), scenes_each=3),
    judge=judge,
)
