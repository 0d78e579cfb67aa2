"""One figure and one table of what ``training.compare`` measured."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lookclosely import show
from lookclosely.show import Table

from .core import Result
from .verdicts import rising

CONSTANT = "constant answer"
WORDS = {"miou": "mean IoU", "boundary_f": "boundary F", "ap50": "AP50", "ap": "AP"}
WORDS |= {"boundary_f_1px": "boundary F within 1 px", "instance_f1": "instance F1"}


def arms(result: Result) -> list[str]:
    """The arms of the comparison that the result holds.

    Raises:
        ValueError: if it holds none.
    """
    names = [
        name
        for name, found in result.seeds[0].items()
        if isinstance(found, dict) and "over_steps" in found
    ]
    if not names:
        raise ValueError(f"result {result.name} compares no arms: it has no scores over steps")
    return names


def curves(result: Result, metric: str, names: Mapping[str, str] | None = None) -> Figure:
    """Validation over the steps of training, the mean over seeds with ± one deviation as a band.

    ``names``: the arms to draw, and what the legend calls them; all of them by default. Read inside
    a longer schedule: the last point is the only one at the end of its own.
    """
    named = names or {name: name for name in arms(result)}
    series, spread = {}, {}
    for name, title in named.items():
        steps = list(result.seeds[0][name]["over_steps"])
        values = np.array([result.values(f"{name}/over_steps/{step}") for step in steps])
        series[title] = [int(step) for step in steps], values.mean(1)
        spread[title] = values.std(1, ddof=1) if values.shape[1] > 1 else np.zeros(len(steps))
    return show.curves(
        series, spread=spread, labels=("steps", f"{WORDS.get(metric, metric)} on validation")
    )


def table(
    result: Result,
    metric: str,
    names: Mapping[str, str] | None = None,
    pairs: Sequence[tuple[str, str]] = (),
) -> Table:
    """Each arm at the end: ``metric`` on test by equal steps and, where it was trained for as much
    arithmetic as a costlier arm, by that; its rate, weights, and millions of multiply-adds of
    training an image. The constant answer stands below. Of ``pairs``, the arms that are not trained
    out are named in the note.
    """
    named = names or {name: name for name in arms(result)}
    longer = any("equal_arithmetic" in result.seeds[0][name] for name in named)
    rows: dict[str, list[Any]] = {}
    for name, title in named.items():
        arm = result.seeds[0][name]
        equal = arm.get("equal_arithmetic", {})
        most = max(equal, key=lambda other: equal[other]["steps"]) if equal else None
        path = f"{name}/equal_arithmetic/{most}/{metric}"
        rows[title] = [
            result.values(f"{name}/{metric}"),
            *([result.values(path) if most else None] if longer else []),
            f"{arm['lr']:.2g}",
            arm["parameters"],
            arm["training_multiply_adds"] / 1e6,
        ]
    rows[CONSTANT] = [result.mean(f"constant/{metric}"), *[None] * (4 if longer else 3)]
    extra = {"as much arithmetic": ".3f"} if longer else {}
    steps = max(int(step) for step in result.seeds[0][next(iter(named))]["over_steps"])
    columns = {f"{steps:,} steps": ".3f", **extra, "rate": "", "weights": ",", "training M": ".1f"}
    return show.table(
        rows,
        columns,
        first="network",
        highest=list(columns)[: 1 + longer],
        control=[CONSTANT],
        note=_note(result, metric, named, pairs),
    )


def _note(
    result: Result, metric: str, named: Mapping[str, str], pairs: Sequence[tuple[str, str]]
) -> str:
    count = len(result.seeds)
    said = f"{count} seed{'s' * (count != 1)}; training M: million multiply-adds, an image, a step"
    late = [named[name] for name in rising(result, pairs, metric) if name in named]
    if not late:
        return said
    return f"{said}. Not trained out (rose by more than the gap since half-way): {', '.join(late)}"
