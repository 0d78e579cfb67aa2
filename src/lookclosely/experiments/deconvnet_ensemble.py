"""C11: FCN and DeconvNet averaged, against two FCNs and against two DeconvNets."""

from dataclasses import dataclass, field

import torch

from ._proposal_training import (
    SCENES,
    Training,
    deconvnet,
    fcn,
    proposal_scores,
    proposals,
    two_stages,
)
from ._scene_labelling import labelled, probabilities, scores
from .core import Experiment, Outcome, Result, Verdict
from .two_stage_training import TINY


@dataclass(frozen=True)
class Config:
    training: Training = field(default_factory=Training)
    test_scenes: int = 100
    seeds: int = 3  # the second net of a kind is that of the next seed, round and round


def run(config: Config, seed: int, device: str | None) -> Outcome:
    images, labels = labelled("test", config.test_scenes, SCENES)
    boxes = proposals(config.test_scenes, config.training.proposals)
    training, losses, maps = config.training, {}, {}
    for number, of in enumerate((seed, (seed + 1) % config.seeds), 1):
        net, losses[f"fcn {number}"] = fcn(training, of, device)
        maps[f"fcn {number}"] = probabilities(net, images)
        mirror, losses[f"deconvnet {number}"] = deconvnet(
            training, of, two_stages(training), device
        )
        maps[f"deconvnet {number}"] = proposal_scores(mirror, images, boxes).softmax(1)
    pairs = {
        "fcn": ("fcn 1",),
        "deconvnet": ("deconvnet 1",),
        "both": ("fcn 1", "deconvnet 1"),
        "two_fcns": ("fcn 1", "fcn 2"),
        "two_deconvnets": ("deconvnet 1", "deconvnet 2"),
    }
    metrics = {
        name: scores(torch.stack([maps[part] for part in parts]).mean(0).argmax(1), labels)
        for name, parts in pairs.items()
    }
    return Outcome(metrics, losses)


def judge(result: Result) -> Verdict:
    both = result.values("both/miou")
    rivals = zip(result.values("two_fcns/miou"), result.values("two_deconvnets/miou"))
    gains = [a - max(b) for a, b in zip(both, rivals)]
    held = "yes" if min(gains) > 0 else "no" if max(gains) < 0 else "partly"
    return Verdict(
        held,
        f"mean IoU {result.text('both/miou')} together; two FCNs {result.text('two_fcns/miou')}, "
        f"two DeconvNets {result.text('two_deconvnets/miou')}; alone {result.text('fcn/miou')} and "
        f"{result.text('deconvnet/miou')}",
        f"Against the better ensemble of two alike, paired by seed: {min(gains):+.3f} to "
        f"{max(gains):+.3f}. DeconvNet's proposals are jittered true boxes, so it is told where "
        "objects are.",
    )


EXPERIMENT = Experiment(
    name="deconvnet_ensemble",
    claims=("C11",),
    sources=("S000 · DeconvNet: variations",),
    statement="DeconvNet and FCN complement each other: their ensemble is better than either.",
    chapter="segmentation/deconvnet",
    run=run,
    full=Config(),
    smoke=Config(training=TINY, test_scenes=4),
    judge=judge,
    published="VOC 2012 test, mean IoU: 72.5 for the ensemble with a CRF",
)
