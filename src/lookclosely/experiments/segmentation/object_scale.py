"""C12: one object at many sizes, for nets that were trained on a narrow range of them.

Two controls take the system apart: DeconvNet with the whole image as its only proposal, and an FCN
on DeconvNet's proposals.
"""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lookclosely.models.segmentation.fcn import FCN
from lookclosely.tasks.proposals import SCENES, lone, proposal_scores, proposals
from lookclosely.tasks.scene_labelling import CLASSES, labelled, probabilities, scores

from ..core import Experiment, Outcome, Plot, Result, Verdict
from ..storage import weights
from ._shared import (
    TINY,
    Training,
    deconvnet,
    fcn,
    fcn_on_crops,
    kept,
    named,
    object_iou,
    two_stages,
)


@dataclass(frozen=True)
class Config:
    training: Training = field(default_factory=Training)
    # Diameter of the test objects. Training: 0.25 to 0.5.
    scales: tuple[float, ...] = (0.12, 0.18, 0.25, 0.35, 0.5, 0.7, 0.9)
    scenes_each: int = 60
    test_scenes: int = 100  # ordinary ones


def run(config: Config, seed: int, device: str | None) -> Outcome:
    training = config.training
    whole, fcn_losses = fcn(training, seed, device)
    small, small_losses = fcn_on_crops(training, seed, device)
    mirror, losses = deconvnet(training, seed, two_stages(training), device)

    def answers(
        images: Float[Tensor, "N 3 H W"], boxes: list[Float[Tensor, "P 4"]]
    ) -> dict[str, Int[Tensor, "N H W"]]:
        height, width = images.shape[-2:]
        frame = [torch.tensor([[0.0, 0.0, width, height]])] * len(images)
        maps = {
            "fcn": probabilities(whole, images),
            "deconvnet": proposal_scores(mirror, images, boxes, training.size),
            "fcn_on_crops": proposal_scores(small, images, boxes, training.size),
            "deconvnet_frame": proposal_scores(mirror, images, frame, training.size),
            "deconvnet_convolved": probabilities(mirror, images),
        }
        return {name: scores.argmax(1) for name, scores in maps.items()}

    def test(count: int, knobs) -> tuple[Tensor, dict[str, Tensor]]:
        images, labels = labelled("test", count, knobs)
        return labels, answers(images, proposals(count, training.test_proposals, knobs))

    labels, found = test(config.test_scenes, SCENES)
    metrics = {name: {"scenes": scores(pred, labels)["miou"]} for name, pred in found.items()}
    for scale in config.scales:
        labels, found = test(config.scenes_each, lone(scale))
        for name, pred in found.items():
            metrics[name][f"{scale:g}"] = object_iou(pred, labels)
    trained = named("deconvnet", losses) | named("fcn on crops", small_losses)
    return Outcome(metrics, {"fcn": fcn_losses, **trained}, whole.state_dict())


def trained() -> FCN:
    """The FCN that was trained on whole scenes with seed 0."""
    net = FCN(num_classes=CLASSES)
    net.load_state_dict(weights("object_scale"))
    return net.eval()


def judge(result: Result) -> Verdict:
    """Scale is handled where IoU beyond the trained sizes stays near that within them."""
    mirror, whole, small = (kept(result, name) for name in ("deconvnet", "fcn", "fcn_on_crops"))
    better = min(a - b for a, b in zip(mirror, whole)) > 0
    held = "yes" if better and min(mirror) > 0.9 else "partly" if better else "no"

    scales = result.config["scales"]
    ends = [result.mean(f"deconvnet_frame/{s:g}") for s in (min(scales), max(scales))]

    def span(shares: list[float]) -> str:
        return f"{min(shares):.0%} to {max(shares):.0%}"

    return Verdict(
        held,
        f"IoU beyond the trained sizes, as a share of that within: DeconvNet {span(mirror)}, "
        f"FCN {span(whole)}",
        f"DeconvNet's proposals are jittered true boxes and as many random ones, so it is told "
        f"place and size. An FCN on the same proposals keeps {span(small)}. With the whole image "
        f"as its only proposal, DeconvNet's IoU goes from {ends[0]:.2f} for the smallest objects "
        f"to {ends[1]:.2f} for the largest.",
    )


EXPERIMENT = Experiment(
    name="object_scale",
    claims=("C12",),
    sources=("S000 · DeconvNet: advantages and doubts",),
    statement="DeconvNet is free of scale; an FCN sees objects at one scale only.",
    chapter="segmentation/deconvnet",
    run=run,
    full=Config(),
    smoke=Config(training=TINY, scales=(0.2, 0.4, 0.8), scenes_each=3, test_scenes=4),
    judge=judge,
    short="DeconvNet is free of scale",
    plot=Plot(
        "IoU of objects as large as 0.9 of the picture",
        (
            ("DeconvNet", "deconvnet/0.9"),
            ("FCN", "fcn/0.9"),
            ("FCN on proposals", "fcn_on_crops/0.9"),
        ),
    ),
)
