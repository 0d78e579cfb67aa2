"""Controls of C10 and C46: is it the learning rate? What fails is trained with others as well.

The rate that all experiments on DeconvNet share was chosen for two stages with batch normalisation.
So one stage is trained with a lower and a higher rate too, and the nets without normalisation with
two lower ones. What is best for a control is chosen on the test scenes, which favours the control.
"""

from dataclasses import dataclass, field, replace

from ..core import Experiment, Outcome, Result, Verdict
from ..verdicts import held, span
from ._shared import TINY, Norm, Stages, Training, compared, stage_variants, two_stages

WITHOUT: dict[str, Norm] = {"without_norm": "none", "good_start": "start"}


@dataclass(frozen=True)
class Config:
    training: Training = field(default_factory=Training)
    test_scenes: int = 100
    one_stage_rates: tuple[float, ...] = (0.001, 0.01)
    without_norm_rates: tuple[float, ...] = (0.0003, 0.001)


def variants(config: Config) -> dict[str, tuple[Training, Stages, Norm]]:
    """What is trained; ``one_stage_0.01`` is the one stage at that rate, ``one_stage`` at ours."""
    training, found = config.training, stage_variants(config.training)
    for rate in config.one_stage_rates:
        found[f"one_stage_{rate:g}"] = (replace(training, lr=rate), *found["one_stage"][1:])
    for name, norm in WITHOUT.items():
        found[name] = (training, two_stages(training), norm)
        for rate in config.without_norm_rates:
            slower = replace(training, lr=rate)
            found[f"{name}_{rate:g}"] = (slower, two_stages(slower), norm)
    return found


def run(config: Config, seed: int, device: str | None) -> Outcome:
    _, metrics, losses = compared(variants(config), config.test_scenes, seed, device)
    return Outcome(metrics, losses)


def gains(result: Result, control: str) -> list[float]:
    """Two stages with normalisation, minus the best rate of a control, seed by seed."""
    rates = [name for name in result.seeds[0] if name.startswith(control)]
    best = [max(found) for found in zip(*(result.values(f"{name}/miou") for name in rates))]
    return [ours - theirs for ours, theirs in zip(result.values("two_stages/miou"), best)]


def judge(result: Result) -> Verdict:
    against = {name: gains(result, name) for name in ("one_stage", *WITHOUT)}
    spans = [span(found) for found in against.values()]
    return Verdict(
        held(*against.values()),
        f"mean IoU {result.text('two_stages/miou')} in two stages with normalisation",
        f"Against the best of three rates, paired by seed: {spans[0]} over one stage. Over no "
        f"normalisation: {spans[1]}. Over a good start instead of it: {spans[2]}.",
    )


EXPERIMENT = Experiment(
    name="deconvnet_rates",
    claims=(),
    sources=("S000 · DeconvNet: tricks",),
    statement="Another learning rate does for DeconvNet neither what two stages do nor what batch "
    "normalisation does.",
    chapter="segmentation/deconvnet",
    run=run,
    full=Config(),
    smoke=Config(training=TINY, test_scenes=4, one_stage_rates=(0.002,), without_norm_rates=()),
    judge=judge,
)
