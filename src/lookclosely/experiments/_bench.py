"""The trainings of one comparison, and the learning rate that each of its arms gets by them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from .kept import Run
from .runs import Maker, Question, Training, trained


@dataclass(frozen=True)
class Arm:
    """The rate that one arm got, and how it was chosen."""

    lr: float
    tried: dict[float, float]
    chosen_at: int


class Bench:
    """The trainings of one comparison on one device, and the seconds that were spent before."""

    def __init__(
        self,
        arms: Mapping[str, Maker],
        question: Question,
        training: Training,
        seed: int,
        device: str | None,
    ):
        self.arms, self.question, self.training = arms, question, training
        self.seed, self.device, self.before = seed, device, 0.0
        self._found: dict[tuple[str, float, int, int], dict[str, Any] | None] = {}

    def run(self, name: str, lr: float, steps: int, seed: int) -> tuple[nn.Module, Run]:
        full = steps >= self.training.steps
        model, run, old = trained(
            self.arms[name],
            self.question,
            self.training,
            lr=lr,
            steps=steps,
            seed=seed,
            device=self.device,
            parts=self.training.parts if full else (1.0,),
        )
        self.before += run.seconds * (old and seed == self.seed)
        return model, run

    def scores(self, name: str, lr: float, steps: int, seed: int = 0) -> dict[str, Any] | None:
        """Scores on validation after an annealed run; None if training diverged."""
        asked = name, lr, steps, seed
        if asked not in self._found:
            self._found[asked] = self._measured(*asked)
        return self._found[asked]

    def value(self, name: str, lr: float, steps: int) -> float:
        """Of seed 0, the metric alone; −∞ if training diverged."""
        found = self.scores(name, lr, steps)
        return float("-inf") if found is None else float(found[self.question.metric])

    def _measured(self, name: str, lr: float, steps: int, seed: int) -> dict[str, Any] | None:
        try:
            _, run = self.run(name, lr, steps, seed)
        except ValueError as problem:
            if "loss is" not in str(problem):
                raise
            return None
        return run.over_steps[str(steps)]


def choose(name: str, bench: Bench) -> Arm:
    """The rate of the highest validation score at half the steps, from a list that grows until the
    best is inside it; in full for an arm that still stands at the constant answer at half."""
    training, question = bench.training, bench.question
    constant = float(question.constant("val")[question.metric])
    for steps in (training.steps // 2, training.steps):
        tried = _tried(name, bench, steps)
        best = max(tried, key=lambda rate: tried[rate])
        if tried[best] > constant + training.close:
            break
    if math.isinf(tried[best]):
        raise ValueError(f"arm {name!r} diverges at each of the rates {sorted(tried)}")
    return Arm(best, dict(sorted(tried.items())), steps)


def _tried(name: str, bench: Bench, steps: int) -> dict[float, float]:
    """Validation for each rate. The list grows where its end is the best, six times at most."""
    rates = list(bench.training.rates)
    tried = {rate: bench.value(name, rate, steps) for rate in rates}
    for _ in range(6 if len(rates) > 1 else 0):
        best = max(tried, key=lambda rate: tried[rate])
        if min(tried) < best < max(tried):
            break
        factor = rates[1] / rates[0]
        new = best / factor if best == min(tried) else best * factor
        tried[new] = bench.value(name, new, steps)
    return tried


def close(chosen: Mapping[str, Arm], pairs: Sequence[tuple[str, str]], bench: Bench) -> set[str]:
    """The arms of pairs whose order at half is close: a second seed is asked for these."""
    steps = bench.training.steps // 2
    half = {name: bench.value(name, arm.lr, steps) for name, arm in chosen.items()}
    near = [pair for pair in pairs if abs(half[pair[0]] - half[pair[1]]) < bench.training.close]
    return {name for pair in near for name in pair}
