"""What an experiment is, and what it leaves behind.

An experiment is a function with a frozen config. Running it at full budget writes
``results/NAME.json`` (and, for what chapters display, ``results/NAME.safetensors``). A chapter
shows only what it reads from there.
"""

import hashlib
import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from torch import Tensor

from lookclosely.data.fetch import Source

Budget = Literal["smoke", "full"]


@dataclass(frozen=True)
class Outcome:
    """What one seed gives: its metrics, the losses of its trainings, and weights worth keeping.

    ``seconds``: of trainings that had been kept, and so are in no clock of this run.
    """

    metrics: dict[str, Any]
    losses: dict[str, list[float]] = field(default_factory=dict)
    weights: dict[str, Tensor] | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """Whether a claim held in our measurement, our number in a few words, and an honest
    sentence."""

    held: Literal["yes", "partly", "no"]
    ours: str
    sentence: str


@dataclass(frozen=True)
class Result:
    """A result file, read. ``seeds`` has one dictionary of metrics for each seed.

    ``code`` has each definition that the run depended on, with a hash of it (``closure``); empty in
    files from before it was recorded.
    """

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
    code: dict[str, str] = field(default_factory=dict)

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
        """Mean ± standard deviation over the seeds, as it is printed in the book; of one seed its
        number alone.
        """
        spread = f" ± {self.std(metric):.{digits}f}" if len(self.seeds) > 1 else ""
        return f"{self.mean(metric):.{digits}f}{spread}"

    def gains(self, one: str, other: str) -> list[float]:
        """One metric minus another, paired: a number for each seed."""
        return [a - b for a, b in zip(self.values(one), self.values(other))]

    @property
    def made(self) -> str:
        """How the numbers came about, in a few words."""
        minutes = self.seconds / 60
        duration = f"{minutes:.0f} min" if minutes >= 2 else f"{self.seconds:.0f} s"
        count = len(self.seeds)
        return f"{count} seed{'s' * (count != 1)}, {duration} on {self.device}"


@dataclass(frozen=True)
class Plot:
    """What the page of claims draws: a row for each arm, with a dot for each seed.

    ``rows`` are two or three pairs of a name and a metric's path: ``("with skips", "all/iou")``.
    """

    measure: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Experiment:
    """One measured claim.

    ``run(config, seed, device)`` returns an ``Outcome``; ``judge(result)`` returns a ``Verdict``.
    ``published`` is the figure of the paper or deck, labelled as theirs, or empty. ``needs`` lists
    the data that ``run`` reads and that may be absent. ``short`` says the claim in at most six
    words, and ``plot`` what decides it, for the page of claims.
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
    needs: tuple[Source, ...] = ()
    short: str = ""
    plot: Plot | None = None

    def config(self, budget: Budget) -> Any:
        return self.full if budget == "full" else self.smoke

    def config_hash(self, budget: Budget = "full") -> str:
        """Of everything in the config: a result made with another config is stale."""
        text = json.dumps([self.name, asdict(self.config(budget))], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _lookup(metrics: dict[str, Any], path: str) -> float:
    value: Any = metrics
    for key in path.split("/"):
        value = value[key]
    return float(value)
