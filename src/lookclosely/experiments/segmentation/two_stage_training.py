"""C10: DeconvNet trained on easy crops first, then on hard ones, or on hard ones all the time."""

from dataclasses import dataclass, field

from lookclosely.models.segmentation.deconvnet import DeconvNet

from ..core import Experiment, Outcome, Plot, Result, Verdict
from ..storage import weights as stored
from ..verdicts import held, span
from ._shared import TINY, Training, build, compared, stage_variants


@dataclass(frozen=True)
class Config:
    training: Training = field(default_factory=Training)
    test_scenes: int = 100


def run(config: Config, seed: int, device: str | None) -> Outcome:
    nets, metrics, losses = compared(
        stage_variants(config.training), config.test_scenes, seed, device
    )
    return Outcome(metrics, losses, nets["two_stages"].state_dict())


def trained() -> DeconvNet:
    """The net that was trained in two stages with seed 0."""
    net = build(EXPERIMENT.full.training)
    net.load_state_dict(stored("two_stage_training"))
    return net.eval()


def judge(result: Result) -> Verdict:
    two, one, again = (
        result.values(f"{name}/miou") for name in ("two_stages", "one_stage", "restarted")
    )
    gains = [a - max(b, c) for a, b, c in zip(two, one, again)]
    return Verdict(
        held(gains),
        f"mean IoU {result.text('two_stages/miou')} in two stages, {result.text('one_stage/miou')} "
        f"in one, {result.text('restarted/miou')} in one with the schedule of two",
        f"Against the better of the two others, paired by seed: {span(gains)}.",
    )


EXPERIMENT = Experiment(
    name="two_stage_training",
    claims=("C10",),
    sources=("S000 · DeconvNet: tricks",),
    statement="DeconvNet is trained in two stages, easy, centred crops first, then hard ones, and "
    "this helps.",
    chapter="segmentation/deconvnet",
    run=run,
    full=Config(),
    smoke=Config(training=TINY, test_scenes=4),
    judge=judge,
    short="easy crops first",
    plot=Plot(
        "mean IoU",
        (
            ("two stages", "two_stages/miou"),
            ("one stage", "one_stage/miou"),
            ("one, restarted", "restarted/miou"),
        ),
    ),
)
