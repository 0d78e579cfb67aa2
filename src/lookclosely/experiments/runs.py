"""One training of one arm of a comparison: what is asked of it, how it is trained, and its run."""

import copy
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from lookclosely.train import fit

from . import kept
from .kept import Run

Split = Literal["train", "val", "test"]
Maker = Callable[[], nn.Module]
Loss = Callable[[nn.Module, Any], Tensor]
State = dict[str, Tensor]
_MADE_HERE: set[str] = set()  # keys of what this process has trained


@dataclass(frozen=True)
class Question:
    """What all arms of a comparison are asked. Functions are those of a module, or partials.

    batches: of a seed, without end. loss: of a model and a batch. scores: of a model on "val" or
    "test", numbers by name, higher is better for ``metric``. constant: what the trivial answer
    scores there. A batch is a tuple that begins with the images.
    """

    batches: Callable[[int], Iterator[Any]]
    loss: Loss
    scores: Callable[[nn.Module, Split], dict[str, Any]]
    constant: Callable[[Split], dict[str, Any]]
    metric: str = "miou"


@dataclass(frozen=True)
class Training:
    """How every arm of a comparison is trained.

    rates: the list from which each arm gets its own, in equal factors, rising.
    parts: after which shares of the steps validation is read.
    close: a gap on validation at half the steps below which a second seed is asked.
    """

    steps: int
    rates: tuple[float, ...] = (1e-3, 3e-3, 9e-3)
    precision: Literal["no", "bf16"] = "no"
    clip_norm: float | None = 1.0
    parts: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)
    close: float = 0.02


def trained(
    make: Maker,
    question: Question,
    training: Training,
    *,
    lr: float,
    steps: int,
    seed: int,
    device: str | None,
    parts: Sequence[float] = (1.0,),
) -> tuple[nn.Module, Run, bool]:
    """A trained network, its run, and whether another process had made and kept it."""
    at = sorted({max(1, round(part * steps)) for part in parts} | {steps})
    kind = "gpu" if device != "cpu" and torch.cuda.is_available() else "cpu"
    how = [lr, steps, seed, at, training.precision, training.clip_norm, kind]
    code = (make, question.batches, question.loss, question.scores, fit)
    name = kept.key([make, question.batches, question.loss, question.scores, how], code)
    torch.manual_seed(seed)
    model = make()
    run = kept.load(name)
    if run is None:
        run = _run(model, question, training, lr, at, seed, device)
        kept.keep(name, run)
        _MADE_HERE.add(name)
    model.load_state_dict(run.state)
    return model.eval(), run, name not in _MADE_HERE


def _run(
    model: nn.Module,
    question: Question,
    training: Training,
    lr: float,
    at: Sequence[int],
    seed: int,
    device: str | None,
) -> Run:
    """Train, then read validation with the weights after each number of steps in ``at``."""
    states: dict[int, State] = {}
    stream = with_snapshots(question.batches(seed), model, at, states)
    on_gpu = device != "cpu" and torch.cuda.is_available()
    clock = time.perf_counter if on_gpu else time.process_time
    begin = clock()
    losses = fit(
        model,
        question.loss,
        stream,
        steps=at[-1],
        lr=lr,
        seed=seed,
        clip_norm=training.clip_norm,
        precision=training.precision,
        device=device,
    ).loss
    seconds = clock() - begin
    states[at[-1]] = weights_of(model)
    reader = copy.deepcopy(model).eval()
    over_steps = {}
    for step in at:
        reader.load_state_dict(states[step])
        over_steps[str(step)] = question.scores(reader, "val")
    return Run(states[at[-1]], losses, over_steps, round(seconds, 1))


def with_snapshots(
    stream: Iterable[Any], model: nn.Module, steps: Iterable[int], states: dict[int, State]
) -> Iterator[Any]:
    """The batches, and on the way a copy of the model's weights after each of these steps."""
    wanted = set(steps)
    for step, batch in enumerate(stream):
        if step in wanted:
            states[step] = weights_of(model)
        yield batch


def weights_of(model: nn.Module) -> State:
    """A copy of the model's weights, on the CPU."""
    return {key: value.detach().cpu().clone() for key, value in model.state_dict().items()}
