"""One harness for all comparisons of trained networks.

``train`` trains one network by an experiment's settings. ``compare`` trains several so that they
may be compared: every arm at its own learning rate, chosen on validation from one list; scores over
steps; equal steps and, where arms differ in arithmetic, also equal arithmetic; paired by seed. Each
finished training is kept at once, and the next run goes on there.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from torch import nn

from lookclosely import cost
from lookclosely.train import fit

from .kept import Run
from .runs import Loss, Maker, Question, Training, trained

__all__ = ["Comparison", "Question", "Training", "compare", "train", "trained"]


@runtime_checkable
class Settings(Protocol):
    """What a config says of all its trainings; ``steps`` and ``lr`` too, unless they differ."""

    @property
    def precision(self) -> Literal["no", "bf16"]: ...


def train(
    model: nn.Module,
    loss: Loss,
    batches: Iterable[Any],
    config: Settings,
    *,
    seed: int,
    device: str | None,
    steps: int | None = None,
    lr: float | None = None,
    clip_norm: float | None = None,
) -> list[float]:
    """Train in place by the config's steps, rate and precision; the losses.

    Raises:
        ValueError: if neither the call nor the config says how many steps, or at which rate.
    """
    return fit(
        model,
        loss,
        batches,
        steps=_said("steps", steps, config),
        lr=_said("lr", lr, config),
        seed=seed,
        clip_norm=clip_norm,
        precision=config.precision,
        device=device,
    ).loss


def _said(name: str, given: Any, config: Settings) -> Any:
    """What the call gives, else what the config has."""
    value = getattr(config, name, None) if given is None else given
    if value is None:
        raise ValueError(f"{name} is missing: give train {name}=, or a config that has it")
    return value


@dataclass(frozen=True)
class Comparison:
    """What ``compare`` gives for one seed: numbers by arm, losses, and the trained networks."""

    metrics: dict[str, Any]
    losses: dict[str, list[float]]
    nets: dict[str, nn.Module]
    seconds: float
    """Of trainings that were kept before, and so cost nothing now."""


@dataclass(frozen=True)
class _Arm:
    """The rate that one arm got, and how it was chosen."""

    lr: float
    tried: dict[float, float]
    chosen_at: int


class _Bench:
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


def compare(
    arms: Mapping[str, Maker],
    question: Question,
    training: Training,
    *,
    pairs: Sequence[tuple[str, str]],
    seed: int,
    device: str | None,
) -> Comparison:
    """All arms, trained with this seed. ``pairs`` are those whose order a verdict will judge.

    The numbers of each arm: the scores on test; ``lr``, ``tried`` (validation at half the steps for
    each rate, seed 0), ``half`` (scores on validation after an annealed run of half the steps, in
    the seeds that made one), ``over_steps`` (validation on the way), ``parameters``,
    ``multiply_adds`` and ``training_multiply_adds`` an image, ``seconds``; and
    ``equal_arithmetic``, by the name of a costlier arm: steps and scores on test of a run that
    spends the same arithmetic.

    Raises:
        ValueError: if a pair names an arm that is not there.
    """
    if unknown := [name for pair in pairs for name in pair if name not in arms]:
        raise ValueError(f"pairs names {unknown[0]!r}, no arm: choose from {', '.join(arms)}")
    bench = _Bench(arms, question, training, seed, device)
    chosen = {name: _choose(name, bench) for name in arms}
    again = _close(chosen, pairs, bench) if seed == 1 else set(arms) if seed == 0 else set()
    metrics: dict[str, Any] = {"constant": question.constant("test")}
    losses, nets = {}, {}
    for name, arm in chosen.items():
        nets[name], run = bench.run(name, arm.lr, training.steps, seed)
        losses[name] = run.losses
        metrics[name] = question.scores(nets[name], "test") | _counted(arms[name], question)
        metrics[name] |= _told(arm, run, question.metric)
        if name in again:
            metrics[name]["half"] = bench.scores(name, arm.lr, training.steps // 2, seed)
    for cheap, dear in _uneven(metrics, pairs):
        factor = metrics[dear]["training_multiply_adds"] / metrics[cheap]["training_multiply_adds"]
        steps = round(training.steps * factor)
        model, run = bench.run(cheap, chosen[cheap].lr, steps, seed)
        equal = metrics[cheap].setdefault("equal_arithmetic", {})
        spent = {"steps": steps, "seconds": run.seconds}
        equal[dear] = spent | question.scores(model, "test")
    return Comparison(metrics, losses, nets, bench.before)


def _choose(name: str, bench: _Bench) -> _Arm:
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
    return _Arm(best, dict(sorted(tried.items())), steps)


def _tried(name: str, bench: _Bench, steps: int) -> dict[float, float]:
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


def _close(chosen: Mapping[str, _Arm], pairs: Sequence[tuple[str, str]], bench: _Bench) -> set[str]:
    """The arms of pairs whose order at half is close: a second seed is asked for these."""
    steps = bench.training.steps // 2
    half = {name: bench.value(name, arm.lr, steps) for name, arm in chosen.items()}
    near = [pair for pair in pairs if abs(half[pair[0]] - half[pair[1]]) < bench.training.close]
    return {name for pair in near for name in pair}


def _counted(make: Maker, question: Question) -> dict[str, float]:
    """Parameters, and multiply-adds an image: of an answer, and of a step of training."""
    model, batch = make(), next(question.batches(0))
    images = batch[0]
    one = cost.counted_multiply_adds(lambda: model(images))
    both = cost.counted_multiply_adds(lambda: question.loss(model, batch).backward())
    return {
        "parameters": cost.parameters(model),
        "multiply_adds": one / len(images),
        "training_multiply_adds": both / len(images),
    }


def _told(arm: _Arm, run: Run, metric: str) -> dict[str, Any]:
    return {
        "lr": arm.lr,
        "tried": {f"{rate:g}": _finite(value) for rate, value in arm.tried.items()},
        "chosen_at": arm.chosen_at,
        "over_steps": {step: found[metric] for step, found in run.over_steps.items()},
        "seconds": run.seconds,
    }


def _finite(value: float) -> float | None:
    """None for a training that diverged: JSON has no infinity."""
    return value if math.isfinite(value) else None


def _uneven(
    metrics: Mapping[str, Any], pairs: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """(cheaper, costlier) of each pair whose training arithmetic differs by more than 15 %."""
    for pair in pairs:
        cheap, dear = sorted(pair, key=lambda name: metrics[name]["training_multiply_adds"])
        ratio = metrics[dear]["training_multiply_adds"] / metrics[cheap]["training_multiply_adds"]
        if ratio > 1.15:
            yield cheap, dear
