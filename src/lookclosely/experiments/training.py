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

from ._bench import Arm, Bench, choose, close
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
    bench = Bench(arms, question, training, seed, device)
    chosen = {name: choose(name, bench) for name in arms}
    again = close(chosen, pairs, bench) if seed == 1 else set(arms) if seed == 0 else set()
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


def _told(arm: Arm, run: Run, metric: str) -> dict[str, Any]:
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
