"""From numbers by seed to a verdict: what counts, and how it is said."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from .core import Result

Held = Literal["yes", "partly", "no"]


@dataclass(frozen=True)
class Order:
    """One arm over another: its gains in each seed, paired.

    equal_steps: on test at the full budget. equal_arithmetic: on test, where the two differ in
    arithmetic and the cheaper one was also trained for as much. at_half: on validation after runs
    of half the steps, in the seeds that have them.
    """

    equal_steps: list[float]
    equal_arithmetic: list[float] = field(default_factory=list)
    at_half: list[float] = field(default_factory=list)

    @property
    def held(self) -> Held:
        """By both kinds of fair; another order at half makes it at most "partly"."""
        return held(self.equal_steps, self.equal_arithmetic, half=self.at_half)


def held(*tests: Sequence[float], half: Sequence[float] = ()) -> Held:
    """Whether something held, by the gains of each test in each seed.

    "yes" where every gain is above 0, "no" where none is, else "partly"; a gain ``half`` of the way
    that is not above 0 makes a "yes" "partly". Tests without seeds do not count.
    """
    gains = [gain for test in tests for gain in test]
    if not gains:
        raise ValueError("tests are all empty: give the gains of one test at least")
    if all(gain > 0 for gain in gains):
        return "yes" if all(gain > 0 for gain in half) else "partly"
    return "partly" if any(gain > 0 for gain in gains) else "no"


def both(*parts: Held) -> Held:
    """The verdict of a statement with several parts, each judged by itself."""
    return parts[0] if len(set(parts)) == 1 else "partly"


def order(result: Result, first: str, second: str, metric: str) -> Order:
    """``first`` over ``second``, two arms that ``training.compare`` trained, by ``metric``."""
    steps = result.gains(f"{first}/{metric}", f"{second}/{metric}")
    arithmetic, half = [], []
    for seed in result.seeds:
        one, other = _spent(seed[first], second), _spent(seed[second], first)
        if one is not seed[first] or other is not seed[second]:
            arithmetic.append(one[metric] - other[metric])
        ends = seed[first].get("half"), seed[second].get("half")
        if ends[0] is not None and ends[1] is not None:
            half.append(ends[0][metric] - ends[1][metric])
    return Order(steps, arithmetic, half)


def rising(result: Result, pairs: Sequence[tuple[str, str]], metric: str) -> list[str]:
    """Arms that are not trained out: from half the steps to all of them they rose, on validation,
    by more than the gap of a pair that they are in."""
    found = []
    for pair in pairs:
        ends = {name: _rise(result.seeds[0][name], metric) for name in pair}
        gap = abs(ends[pair[0]][1] - ends[pair[1]][1])
        found += [name for name, (half, end) in ends.items() if end - half > gap]
    return list(dict.fromkeys(found))


def _rise(arm: dict, metric: str) -> tuple[float, float]:
    """Validation after the run of half the steps, and at the end of the full one."""
    return arm["half"][metric], list(arm["over_steps"].values())[-1]


def _spent(arm: dict, other: str) -> dict:
    """An arm's scores after as much arithmetic as the other arm has spent."""
    return arm.get("equal_arithmetic", {}).get(other, arm)


def span(values: Sequence[float], digits: int = 3) -> str:
    """The least and the largest of signed numbers: "+0.012 to +0.045", or one if they print the
    same."""
    low, high = (f"{value:+.{digits}f}" for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"
