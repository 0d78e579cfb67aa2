"""What a cell can switch for the whole process: taken down, and put back.

A notebook may choose a default device, a dtype, or to work without gradients; its own cells go on
so, as in Jupyter. The tests of a question run with the settings of a fresh process, and the
notebook finds its own behind them.
"""

import os
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

Settings = list[Any]


def take() -> Settings:
    """Today's settings, for ``put``."""
    return [read() for read, _ in SWITCHES]


def put(settings: Settings) -> None:
    """Set everything as it was when ``settings`` were taken."""
    for (_, write), value in zip(SWITCHES, settings, strict=True):
        write(value)


def _directory() -> str | None:
    with suppress(OSError):  # it may have been removed
        return os.getcwd()
    return None


def _go_to(directory: str | None) -> None:
    with suppress(OSError):
        os.chdir(directory or "/")


def _put_environment(variables: dict[str, str]) -> None:
    for name in set(os.environ) - set(variables):
        del os.environ[name]
    os.environ.update(variables)


def _put_warnings(filters: list[Any]) -> None:
    warnings.resetwarnings()  # empties the list, and forgets what was decided by it
    warnings.filters.extend(filters)  # pyright: ignore[reportAttributeAccessIssue]


def _device() -> torch.device | None:
    """The default device; ``torch.get_default_device`` raises if there is no such device."""
    context = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)
    return context and context.device


def _print_options() -> dict[str, Any]:
    options = asdict(torch._tensor_str.PRINT_OPTS)  # pyright: ignore[reportAttributeAccessIssue]
    return {name: value for name, value in options.items() if name != "extra_lines"}


def _put_streams(streams: tuple[Any, Any]) -> None:
    sys.stdout, sys.stderr = streams


def _autocast(device: str) -> tuple[bool, torch.dtype]:
    return torch.is_autocast_enabled(device), torch.get_autocast_dtype(device)


def _put_autocast(device: str) -> Callable[[tuple[bool, torch.dtype]], None]:
    def put(setting: tuple[bool, torch.dtype]) -> None:
        torch.set_autocast_enabled(device, setting[0])
        torch.set_autocast_dtype(device, setting[1])

    return put


SWITCHES: list[tuple[Callable[[], Any], Callable[[Any], Any]]] = [
    (_directory, _go_to),
    (lambda: dict(os.environ), _put_environment),
    (lambda: list(warnings.filters), _put_warnings),
    (lambda: (sys.stdout, sys.stderr), _put_streams),
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (_device, torch.set_default_device),
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.is_grad_enabled, torch.set_grad_enabled),
    (torch.is_anomaly_enabled, torch.set_anomaly_enabled),
    (torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.is_warn_always_enabled, torch.set_warn_always),
    (lambda: _autocast("cpu"), _put_autocast("cpu")),
    (lambda: _autocast("cuda"), _put_autocast("cuda")),
    (_print_options, lambda options: torch.set_printoptions(**options)),
    (np.get_printoptions, lambda options: np.set_printoptions(**options)),
    (np.geterr, lambda errors: np.seterr(**errors)),
]
