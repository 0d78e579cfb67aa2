"""C46: DeconvNet with and without batch normalisation, its two merging rules, and what it costs."""

from dataclasses import dataclass, field
from itertools import product

import torch

from lookclosely import cost
from lookclosely.models.segmentation.fcn import FCN
from lookclosely.tasks.proposals import SCENES, proposal_scores, proposals
from lookclosely.tasks.scene_labelling import CLASSES, labelled, probabilities, scores

from ..core import Experiment, Outcome, Plot, Result, Verdict
from ..verdicts import span
from ._shared import TINY, Norm, Stages, Training, compared, two_stages


@dataclass(frozen=True)
class Config:
    training: Training = field(default_factory=Training)
    test_scenes: int = 100
    fewer: tuple[int, ...] = (6, 12, 24)  # proposals of a scene, beside all of them


VARIANTS: dict[str, Norm] = {"with_norm": "batch", "without_norm": "none", "good_start": "start"}


def run(config: Config, seed: int, device: str | None) -> Outcome:
    training = config.training
    variants: dict[str, tuple[Training, Stages, Norm]] = {
        name: (training, two_stages(training), norm) for name, norm in VARIANTS.items()
    }
    nets, metrics, losses = compared(variants, config.test_scenes, seed, device)
    images, labels = labelled("test", config.test_scenes, SCENES)
    boxes = proposals(config.test_scenes, training.test_proposals)
    mirror = nets["with_norm"]
    metrics["merged"] = {}
    for each, how in product((*config.fewer, training.test_proposals), ("max", "sum")):
        some = proposals(config.test_scenes, each)
        maps = proposal_scores(mirror, images, some, training.size, how=how)
        metrics["merged"][f"{how}_{each}"] = scores(maps.argmax(1), labels)
    whole = FCN(num_classes=CLASSES).eval()  # untrained: here it only has to cost
    one = images[:1], boxes[:1]
    crop = torch.zeros(1, 3, training.size, training.size)
    metrics["cost"] = {
        "deconvnet_parameters": cost.parameters(mirror),
        "fcn_parameters": cost.parameters(whole),
        "proposal_multiply_adds": cost.multiply_adds(mirror, crop),
        "image_multiply_adds": cost.multiply_adds(mirror, crop) * training.test_proposals,
        "fcn_multiply_adds": cost.multiply_adds(whole, images[:1]),
        "deconvnet_ms": 1000 * cost.seconds(lambda: proposal_scores(mirror, *one, training.size)),
        "fcn_ms": 1000 * cost.seconds(lambda: probabilities(whole, one[0])),
    }
    return Outcome(metrics, losses)


def judge(result: Result) -> Verdict:
    """Two claims in one: it trains thanks to the normalisation, and its complexity is low."""
    most = result.config["training"]["test_proposals"]
    gains, over_start = (
        result.gains("with_norm/miou", f"{other}/miou") for other in ("without_norm", "good_start")
    )
    size, work = (
        result.mean(f"cost/{ours}") / result.mean(f"cost/{theirs}")
        for ours, theirs in (
            ("deconvnet_parameters", "fcn_parameters"),
            ("image_multiply_adds", "fcn_multiply_adds"),
        )
    )
    cheap, needed = size < 1 and work < 1, min(gains + over_start) > 0
    return Verdict(
        "yes" if cheap and needed else "partly" if cheap or needed else "no",
        f"mean IoU {result.text('with_norm/miou')} with batch normalisation, "
        f"{result.text('without_norm/miou')} without, {result.text('good_start/miou')} without but "
        f"scaled once at the start; {size:.1f} times the parameters of our FCN and {work:.0f} "
        f"times its multiply-adds an image",
        f"Its gain is {span(gains)}, paired by seed. Over the good start it is "
        f"{span(over_start)}. Merged by the sum "
        f"instead of the maximum: {result.text(f'merged/sum_{most}/miou')}.",
    )


EXPERIMENT = Experiment(
    name="deconvnet_batch_norm",
    claims=("C46",),
    sources=("S000 · DeconvNet: advantages and tricks",),
    statement="DeconvNet trains thanks to batch normalisation, and its complexity is low.",
    chapter="segmentation/deconvnet",
    run=run,
    full=Config(),
    smoke=Config(training=TINY, test_scenes=4, fewer=(2,)),
    judge=judge,
    short="batch norm lets DeconvNet train",
    plot=Plot(
        "mean IoU",
        (
            ("with", "with_norm/miou"),
            ("without", "without_norm/miou"),
            ("a good start instead", "good_start/miou"),
        ),
    ),
)
