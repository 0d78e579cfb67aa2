"""C46: DeconvNet with and without batch normalisation, its two merging rules, and what it costs."""

from dataclasses import dataclass, field

import torch

from lookclosely import cost

from ._proposal_training import (
    SCENES,
    Training,
    deconvnet,
    fcn,
    proposal_scores,
    proposals,
    two_stages,
)
from ._scene_labelling import labelled, scores
from .core import Experiment, Outcome, Result, Verdict
from .two_stage_training import TINY


@dataclass(frozen=True)
class Config:
    training: Training = field(default_factory=Training)
    test_scenes: int = 100


def run(config: Config, seed: int, device: str | None) -> Outcome:
    training = config.training
    images, labels = labelled("test", config.test_scenes, SCENES)
    boxes = proposals(config.test_scenes, training.proposals)
    metrics, losses = {}, {}
    for name, norm in (("with_norm", True), ("without_norm", False)):
        net, losses[name] = deconvnet(training, seed, two_stages(training), device, norm=norm)
        metrics[name] = {
            how: scores(proposal_scores(net, images, boxes, how=how).argmax(1), labels)
            for how in ("max", "sum")
        }
    mirror, _ = deconvnet(training, seed, two_stages(training), device)
    whole, losses["fcn"] = fcn(training, seed, device)
    crop = torch.zeros(1, 3, training.size, training.size)
    metrics["cost"] = {
        "deconvnet_parameters": cost.parameters(mirror),
        "fcn_parameters": cost.parameters(whole),
        "proposal_multiply_adds": cost.multiply_adds(mirror, crop),
        "image_multiply_adds": cost.multiply_adds(mirror, crop) * training.proposals,
        "fcn_multiply_adds": cost.multiply_adds(whole, images[:1]),
    }
    return Outcome(metrics, losses)


def judge(result: Result) -> Verdict:
    gains = [
        a - b
        for a, b in zip(result.values("with_norm/max/miou"), result.values("without_norm/max/miou"))
    ]
    size, work = (
        result.mean(f"cost/{ours}") / result.mean(f"cost/{theirs}")
        for ours, theirs in (
            ("deconvnet_parameters", "fcn_parameters"),
            ("image_multiply_adds", "fcn_multiply_adds"),
        )
    )
    cheap, needed = size < 1 and work < 1, min(gains) > 0
    return Verdict(
        "yes" if cheap and needed else "partly" if cheap or needed else "no",
        f"mean IoU {result.text('with_norm/max/miou')} with batch normalisation, "
        f"{result.text('without_norm/max/miou')} without; {size:.1f} times the parameters "
        f"of our FCN and {work:.1f} times its multiply-adds an image",
        f"Merged by the sum instead of the maximum: {result.text('with_norm/sum/miou')}.",
    )


EXPERIMENT = Experiment(
    name="deconvnet_batch_norm",
    claims=("C46",),
    sources=("S000 · DeconvNet: advantages and tricks",),
    statement="DeconvNet trains thanks to batch normalisation, and its complexity is low.",
    chapter="segmentation/deconvnet",
    run=run,
    full=Config(),
    smoke=Config(training=TINY, test_scenes=4),
    judge=judge,
)
