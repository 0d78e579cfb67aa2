"""Running an experiment, seed by seed."""

import json
import os
import platform
import re
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from .core import Budget, Experiment, Result
from .storage import load, write


def execute(
    experiment: Experiment,
    *,
    budget: Budget = "full",
    seeds: int = 3,
    device: str | None = None,
    folder: Path | None = None,
    keep_weights: bool = True,
) -> Result:
    """Run an experiment, one seed after the other; with ``folder``, write its result there, and
    the first seed's weights if there are any and ``keep_weights``.

    After each seed the file is complete, so a run that was broken off goes on where it stopped. It
    begins anew on another GPU, and on a CPU after a GPU: a result's seeds are of one kind of
    machine.
    """
    config, config_hash = experiment.config(budget), experiment.config_hash(budget)
    done, seconds = _already(experiment, budget, config_hash, folder, machine(device))
    result = None
    for seed in range(len(done), seeds):
        begin = time.perf_counter()
        torch.manual_seed(seed)
        outcome = experiment.run(config, seed, device)
        done = [*done, outcome.metrics]
        seconds += time.perf_counter() - begin + outcome.seconds
        result = Result(
            name=experiment.name,
            claims=list(experiment.claims),
            sources=list(experiment.sources),
            budget=budget,
            config=json.loads(json.dumps(asdict(config))),  # as it is read back
            config_hash=config_hash,
            seeds=done,
            device=machine(device),
            seconds=round(seconds, 1),
            versions={"python": platform.python_version(), "torch": str(torch.__version__)},
        )
        if folder is not None and int(os.environ.get("RANK", "0")) == 0:
            write(result, outcome if seed == 0 and keep_weights else None, folder)
    return result or load(experiment.name, folder)


def machine(device: str | None = None) -> str:
    """The device in words: the name of the GPU, or "2 CPU cores (AMD EPYC)"."""
    if device != "cpu" and torch.cuda.is_available():
        return torch.cuda.get_device_name()
    count = torch.get_num_threads()
    name = processor()
    return f"{count} CPU core{'s' * (count != 1)}" + (f" ({name})" if name else "")


def processor(info: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name as Linux has it, elsewhere as Python has it; empty if neither does."""
    text = info.read_text(errors="replace") if info.exists() else ""
    found = re.search(r"^model name\s*:(.*)$", text, flags=re.MULTILINE)
    name = found[1] if found else platform.processor()
    return " ".join(re.sub(r"\((R|TM)\)", "", name, flags=re.IGNORECASE).split())


def _already(
    experiment: Experiment, budget: Budget, config_hash: str, folder: Path | None, device: str
) -> tuple[list[dict[str, Any]], float]:
    """Seeds that a broken-off run of the same config has done, and the seconds they took."""
    if folder is None or not (folder / f"{experiment.name}.json").exists():
        return [], 0.0
    old = load(experiment.name, folder)
    alike = old.device == device or (_is_cpu(old.device) and _is_cpu(device))
    same = old.config_hash == config_hash and old.budget == budget and alike
    return (old.seeds, old.seconds) if same else ([], 0.0)


def _is_cpu(device: str) -> bool:
    return "CPU core" in device
