"""What an experiment is, how it is run, and how its result is read.

An experiment is a function with a frozen config. Running it at full budget writes
``results/NAME.json`` (and, for what chapters display, ``results/NAME.safetensors``). A chapter
shows only what it reads from there.
"""

import hashlib
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

RESULTS = Path(__file__).resolve().parent.parent / "results"
Budget = Literal["smoke", "full"]
MAX_WEIGHT_BYTES = 1_000_000


@dataclass(frozen=True)
class Outcome:
    """What one seed gives: its metrics, the losses of its trainings, and weights worth keeping."""

    metrics: dict[str, Any]
    losses: dict[str, list[float]] = field(default_factory=dict)
    weights: dict[str, Tensor] | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether a claim held in our measurement, our number in a few words, and an honest
    sentence."""

    held: Literal["yes", "partly", "no"]
    ours: str
    sentence: str


@dataclass(frozen=True)
class Result:
    """A result file, read. ``seeds`` has one dictionary of metrics for each seed."""

    name: str
    claims: list[str]
    sources: list[str]
    budget: str
    config: dict[str, Any]
    config_hash: str
    seeds: list[dict[str, Any]]
    device: str
    seconds: float
    versions: dict[str, str]

    def values(self, metric: str) -> list[float]:
        """One value of a metric for each seed; ``a/b`` looks up nested metrics."""
        return [_lookup(seed, metric) for seed in self.seeds]

    def mean(self, metric: str) -> float:
        return statistics.fmean(self.values(metric))

    def std(self, metric: str) -> float:
        """Standard deviation over seeds (n - 1), 0 for one seed."""
        values = self.values(metric)
        return statistics.stdev(values) if len(values) > 1 else 0.0

    def text(self, metric: str, digits: int = 3) -> str:
        """Mean ± standard deviation over the seeds, as it is printed in the book."""
        return f"{self.mean(metric):.{digits}f} ± {self.std(metric):.{digits}f}"

    @property
    def made(self) -> str:
        """How the numbers came about, in a few words."""
        minutes = self.seconds / 60
        duration = f"{minutes:.0f} min" if minutes >= 2 else f"{self.seconds:.0f} s"
        count = len(self.seeds)
        return f"{count} seed{'s' * (count != 1)}, {duration} on {self.device}"


@dataclass(frozen=True)
class Experiment:
    """One measured claim.

    ``run(config, seed, device)`` returns an ``Outcome``; ``judge(result)`` returns a ``Verdict``.
    ``published`` is the figure of the paper or deck, labelled as theirs, or empty.
    """

    name: str
    claims: tuple[str, ...]
    sources: tuple[str, ...]
    statement: str
    chapter: str
    run: Callable[[Any, int, str | None], Outcome]
    full: Any
    smoke: Any
    judge: Callable[[Result], Verdict]
    published: str = ""

    def config(self, budget: Budget) -> Any:
        return self.full if budget == "full" else self.smoke

    def config_hash(self, budget: Budget = "full") -> str:
        """Of everything in the config: a result made with another config is stale."""
        text = json.dumps([self.name, asdict(self.config(budget))], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def load(name: str, folder: Path | None = None) -> Result:
    """The result of an experiment.

    Raises:
        FileNotFoundError: if there is none yet, with the command that makes it.
    """
    path = (folder or RESULTS) / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(
            f"no result {path.name}: make it with `python -m lookclosely experiments run {name}`"
        )
    return Result(**json.loads(path.read_text()))


def weights(name: str, folder: Path | None = None) -> dict[str, Tensor]:
    """The weights that an experiment kept (stored in half precision), as float32."""
    path = (folder or RESULTS) / f"{name}.safetensors"
    if not path.exists():
        raise FileNotFoundError(
            f"no weights {path.name}: this experiment kept none, or was not run"
        )
    return {key: _widen(value) for key, value in load_file(path).items()}


def execute(
    experiment: Experiment,
    *,
    budget: Budget = "full",
    seeds: int = 3,
    device: str | None = None,
    folder: Path | None = None,
) -> Result:
    """Run an experiment, one seed after the other; with ``folder``, write its files there.

    After each seed the file is complete, so a run that was broken off goes on where it stopped.
    """
    config, config_hash = experiment.config(budget), experiment.config_hash(budget)
    done, seconds = _already(experiment, budget, config_hash, folder)
    result = None
    for seed in range(len(done), seeds):
        begin = time.perf_counter()
        torch.manual_seed(seed)
        outcome = experiment.run(config, seed, device)
        done, seconds = [*done, outcome.metrics], seconds + time.perf_counter() - begin
        result = Result(
            name=experiment.name,
            claims=list(experiment.claims),
            sources=list(experiment.sources),
            budget=budget,
            config=asdict(config),
            config_hash=config_hash,
            seeds=done,
            device=machine(device),
            seconds=round(seconds, 1),
            versions={"python": platform.python_version(), "torch": str(torch.__version__)},
        )
        if folder is not None and int(os.environ.get("RANK", "0")) == 0:
            _write(result, outcome if seed == 0 else None, folder)
    return result or load(experiment.name, folder)


def problems(experiments: dict[str, Experiment], folder: Path | None = None) -> list[str]:
    """What keeps the results from being today's: one sentence for each missing or stale file."""
    found = []
    for name, experiment in experiments.items():
        redo = f"run `python -m lookclosely experiments run {name}`"
        try:
            result = load(name, folder)
        except FileNotFoundError:
            found.append(f"{name}: there is no result: {redo}")
            continue
        if result.budget != "full":
            found.append(f"{name}: the result is of the {result.budget} budget: {redo}")
        elif result.config_hash != experiment.config_hash():
            found.append(f"{name}: its config has changed since it was run: {redo}")
        elif len(result.seeds) < 3:
            found.append(f"{name}: {len(result.seeds)} seeds, at least 3 are wanted: {redo}")
    return found


def machine(device: str | None = None) -> str:
    """The device in words: the name of the GPU, or "2 CPU cores"."""
    if device != "cpu" and torch.cuda.is_available():
        return torch.cuda.get_device_name()
    count = torch.get_num_threads()
    return f"{count} CPU core{'s' * (count != 1)}"


def _lookup(metrics: dict[str, Any], path: str) -> float:
    value: Any = metrics
    for key in path.split("/"):
        value = value[key]
    return float(value)


def _widen(value: Tensor) -> Tensor:
    return value.float() if value.dtype == torch.float16 else value


def _already(
    experiment: Experiment, budget: Budget, config_hash: str, folder: Path | None
) -> tuple[list[dict[str, Any]], float]:
    """Seeds that a broken-off run of the same config has done, and the seconds they took."""
    if folder is None or not (folder / f"{experiment.name}.json").exists():
        return [], 0.0
    old = load(experiment.name, folder)
    same = old.config_hash == config_hash and old.budget == budget
    return (old.seeds, old.seconds) if same else ([], 0.0)


def _write(result: Result, outcome: Outcome | None, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(result), indent=1, allow_nan=False) + "\n"
    (folder / f"{result.name}.json").write_text(text)
    if outcome is None or outcome.weights is None:
        return
    half = {
        key: (value.half() if value.is_floating_point() else value).cpu().contiguous()
        for key, value in outcome.weights.items()
    }
    size = sum(value.nbytes for value in half.values())
    if size > MAX_WEIGHT_BYTES:
        raise ValueError(
            f"weights of {result.name} take {size} bytes: keep {MAX_WEIGHT_BYTES} at most"
        )
    save_file(half, folder / f"{result.name}.safetensors")
