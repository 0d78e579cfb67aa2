"""The measured claims: what was said, whether it held, and the results that say so."""

from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Claim:
    """A claim of the registry; ``report`` and ``judged`` are empty without a result of today."""

    experiment: Any
    report: Any = None  # also knows what a GPU gave
    judged: Any = None

    @property
    def verdict(self) -> str:
        return self.judged.held if self.judged else ""

    @property
    def number(self) -> str:
        """``C03``; the first, where an experiment measures several."""
        return self.experiment.claims[0]

    @property
    def anchor(self) -> str:
        return self.number.lower()


@cache
def claims() -> tuple[Claim, ...]:
    """All claims of the registry, in the order of their numbers."""
    from lookclosely.experiments import REGISTRY

    found = [_claim(experiment) for experiment in REGISTRY.values() if experiment.claims]
    return tuple(sorted(found, key=lambda one: one.experiment.claims))


def _claim(experiment: Any) -> Claim:
    from lookclosely.experiments import report

    try:
        found = report(experiment.name)
    except FileNotFoundError:
        return Claim(experiment)
    result = found.result
    if result.budget != "full" or result.config_hash != experiment.config_hash():
        return Claim(experiment)
    return Claim(experiment, found, experiment.judge(result))
