"""From which code a result was made, and what has changed in it since."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .closure import changes, closure
from .core import Experiment
from .storage import load

PACKAGE = __name__.partition(".")[0]
SHOWN = 8  # names of changed definitions in one line; more are counted


def code_of(experiment: Experiment) -> dict[str, str]:
    """All that an experiment's run depends on, with hashes; how it is judged is not part of it.

    Empty for a run that is not the package's.
    """
    run: Callable[..., Any] = experiment.run
    while isinstance(run, functools.partial):
        run = run.func
    module, name = run.__module__, run.__qualname__.partition(".")[0]
    if module.partition(".")[0] != PACKAGE:
        return {}
    return closure([f"{module}:{name}" if name.isidentifier() else module])


def changed_since(experiments: Mapping[str, Experiment], folder: Path | None = None) -> list[str]:
    """One sentence for each result whose code is another today: which definitions.

    Says nothing of results that are missing, and of those from before the code was recorded.
    """
    found = []
    for name, experiment in experiments.items():
        try:
            old = load(name, folder).code
        except FileNotFoundError:
            continue
        names = changes(old, code_of(experiment)) if old else []
        if names:
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            found.append(f"{name}: changed since it was run: {', '.join(names[:SHOWN])}{more}")
    return found
