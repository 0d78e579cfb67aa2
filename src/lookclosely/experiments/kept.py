"""Trained networks on disk, so that no training is done twice and none is lost.

A training is found by its key: the settings, the seed, and the code it depends on (as ``closure``
reads it, without docstrings, comments and annotations), so that an edited docstring drops nothing
and an edited layer drops every network that has it. The folder is ``$LOOKCLOSELY_TRAINED``, else
``trained`` in the user's cache. Nothing needs it: what is not there is trained.
"""

import hashlib
import inspect
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from .closure import fingerprint

PACKAGE = __name__.split(".")[0]


@dataclass(frozen=True)
class Run:
    """One training: the weights at its end, the loss of each step, and the validation scores after
    some of its steps."""

    state: dict[str, Tensor]
    losses: list[float]
    over_steps: dict[str, dict[str, Any]]
    seconds: float
    """Of one core, or of the GPU."""


def key(settings: list[Any], code: tuple[Callable[..., Any], ...]) -> str:
    """16 hexadecimal digits of the settings, and of all code that these functions reach.

    Raises:
        ValueError: if something in ``settings`` has no lasting name: a lambda, a tensor, an object.
    """
    functions = {_innermost(function) for function in code}
    ours = [f for f in functions if f.__module__.split(".")[0] == PACKAGE]
    read = [fingerprint(sorted(map(address, ours)))]
    read += sorted(inspect.getsource(f) for f in functions if f not in ours)
    text = json.dumps([plain(settings), read], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def address(function: Callable[..., Any]) -> str:
    """``module:name`` of a function or class of a module."""
    name = getattr(function, "__qualname__", "")
    if not name or "<" in name:
        raise ValueError(
            f"{function!r} has no name that lasts: give a function of a module, or a partial of one"
        )
    return f"{function.__module__}:{name.split('.')[0]}"


def plain(value: Any) -> Any:
    """A setting as JSON can write it; a partial by its function and arguments."""
    if isinstance(value, partial):
        return [address(value.func), plain(list(value.args)), plain(value.keywords)]
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return address(value)


def _innermost(function: Callable[..., Any]) -> Callable[..., Any]:
    while isinstance(function, partial):
        function = function.func
    return function


def folder() -> Path:
    import pooch

    named = os.environ.get("LOOKCLOSELY_TRAINED")
    return Path(named) if named else Path(pooch.os_cache("lookclosely")) / "trained"


def load(name: str) -> Run | None:
    """The training of this key, or None."""
    path = folder() / f"{name}.safetensors"
    if not path.exists():
        return None
    with safe_open(path, "pt") as file:
        state = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118 – it is no dictionary
        return Run(state, **json.loads(file.metadata()["run"]))


def keep(name: str, run: Run) -> None:
    """Write it in one step; where nothing can be written, go on without."""
    target = folder() / f"{name}.safetensors"
    about = {k: v for k, v in vars(run).items() if k != "state"}
    state = {k: v.contiguous() for k, v in run.state.items()}
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as half:
            save_file(state, Path(half) / "run", metadata={"run": json.dumps(about)})
            os.replace(Path(half) / "run", target)
    except OSError:
        return
