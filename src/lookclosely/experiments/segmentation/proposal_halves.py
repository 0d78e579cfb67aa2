"""A control of C12: which of DeconvNet's proposals lose objects of other sizes?

Half of our proposals are jittered true boxes, which follow the object's size, and half are random
boxes, which do not. The same nets are asked about all of them, and about each half alone.
"""

from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor

from lookclosely.tasks.proposals import lone, proposal_scores, proposals
from lookclosely.tasks.scene_labelling import labelled

from ..core import Experiment, Outcome, Result, Verdict
from ..verdicts import held
from ._shared import TINY, Training, deconvnet, fcn_on_crops, kept, named, object_iou, two_stages

HALVES = ("all", "fitting", "random")


@dataclass(frozen=True)
class Config:
    training: Training = field(default_factory=Training)
    scales: tuple[float, ...] = (0.12, 0.18, 0.25, 0.35, 0.5, 0.7, 0.9)  # as in C12
    scenes_each: int = 60


def halves(boxes: list[Float[Tensor, "P 4"]]) -> dict[str, list[Float[Tensor, "P 4"]]]:
    """The fitting ones come first in a list of proposals."""
    return {
        "all": boxes,
        "fitting": [found[: len(found) // 2] for found in boxes],
        "random": [found[len(found) // 2 :] for found in boxes],
    }


def run(config: Config, seed: int, device: str | None) -> Outcome:
    training = config.training
    mirror, losses = deconvnet(training, seed, two_stages(training), device)
    small, small_losses = fcn_on_crops(training, seed, device)
    nets = {"deconvnet": mirror, "fcn_on_crops": small}
    metrics = {f"{name}_{half}": {} for name in nets for half in HALVES}
    for scale in config.scales:
        knobs = lone(scale)
        images, labels = labelled("test", config.scenes_each, knobs)
        boxes = halves(proposals(config.scenes_each, training.test_proposals, knobs))
        for name, net in nets.items():
            for half, some in boxes.items():
                answer = proposal_scores(net, images, some, training.size).argmax(1)
                metrics[f"{name}_{half}"][f"{scale:g}"] = object_iou(answer, labels)
    return Outcome(metrics, named("deconvnet", losses) | named("fcn on crops", small_losses))


def judge(result: Result) -> Verdict:
    shares = {half: kept(result, f"deconvnet_{half}") for half in HALVES}
    gains = [a - b for a, b in zip(shares["fitting"], shares["all"])]
    texts = {half: f"{min(found):.0%} to {max(found):.0%}" for half, found in shares.items()}
    return Verdict(
        held(gains),
        "IoU beyond the trained sizes, as a share of that within: "
        + ", ".join(f"{half} {text}" for half, text in texts.items()),
        f"By seed the fitting half keeps {min(gains):+.0%} to {max(gains):+.0%} more than all do.",
    )


EXPERIMENT = Experiment(
    name="proposal_halves",
    claims=(),
    sources=("S000 · DeconvNet: advantages and doubts",),
    statement="What DeconvNet loses beyond the trained sizes is lost to proposals that do not fit.",
    chapter="segmentation/deconvnet",
    run=run,
    full=Config(),
    smoke=Config(training=TINY, scales=(0.2, 0.4, 0.8), scenes_each=3),
    judge=judge,
)
