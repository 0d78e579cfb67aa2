"""Result files: written, read, and checked to be today's."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from .core import Experiment, Outcome, Result

RESULTS = Path(__file__).resolve().parent.parent / "results"
GPU_RESULTS = RESULTS / "gpu"  # the same measured again on a GPU: shown beside, never counted
MAX_WEIGHT_BYTES = 1_000_000


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
    fields = json.loads(path.read_text())
    return Result(**{**fields, "code": _spread(fields.get("code", {}))})


def load_gpu(name: str) -> Result | None:
    """The experiment measured again on a GPU, or None where it was not."""
    path = GPU_RESULTS / f"{name}.json"
    return load(name, GPU_RESULTS) if path.exists() else None


def weights(name: str, net: str = "", *, folder: Path | None = None) -> dict[str, Tensor]:
    """The weights that an experiment kept (stored in half precision), as float32.

    With ``net``, those of this one of its networks: the keys "net.…", without "net.".
    """
    path = (folder or RESULTS) / f"{name}.safetensors"
    if not path.exists():
        raise FileNotFoundError(
            f"no weights {path.name}: this experiment kept none, or was not run"
        )
    start = f"{net}." if net else ""
    kept = load_file(path).items()
    return {k.removeprefix(start): _widen(v) for k, v in kept if k.startswith(start)}


def problems(experiments: Mapping[str, Experiment], folder: Path | None = None) -> list[str]:
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


def write(result: Result, outcome: Outcome | None, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    fields = {**asdict(result), "code": _packed(result.code)}
    text = json.dumps(fields, indent=1, allow_nan=False) + "\n"
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


def _widen(value: Tensor) -> Tensor:
    return value.float() if value.dtype == torch.float16 else value


def _packed(code: dict[str, str]) -> dict[str, str]:
    """One line for a module: ``{"ops.nms:nms": "1a"}`` becomes ``{"ops.nms": "nms 1a"}``."""
    lines: dict[str, str] = {}
    for name, digest in code.items():
        module, _, short = name.rpartition(":")
        before = f"{lines[module]}, " if module in lines else ""
        lines[module] = f"{before}{short} {digest}"
    return lines


def _spread(lines: dict[str, str]) -> dict[str, str]:
    pairs = ((module, *text.split()) for module, line in lines.items() for text in line.split(","))
    return {f"{module}:{short}" if module else short: digest for module, short, digest in pairs}
