"""Running an experiment, seed by seed."""

import json
import os
import platform
import re
import time
from dataclasses import asdict, replace
from pathlib import Path

import torch

from .closure import changes
from .core import Budget, Experiment, Result
from .provenance import code_of
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
    begins anew with another config or other code, on another GPU, and on a CPU after a GPU: all
    seeds of a result are made the same way.
    """
    blank = _blank(experiment, budget, device)
    result, config = _already(blank, folder) or blank, experiment.config(budget)
    for seed in range(len(result.seeds), seeds):
        begin = time.perf_counter()
        torch.manual_seed(seed)
        outcome = experiment.run(config, seed, device)
        seconds = result.seconds + time.perf_counter() - begin + outcome.seconds
        done = [*result.seeds, outcome.metrics]
        result = replace(blank, seeds=done, seconds=round(seconds, 1))
        if folder is not None and int(os.environ.get("RANK", "0")) == 0:
            write(result, outcome if seed == 0 and keep_weights else None, folder)
    return result


def _blank(experiment: Experiment, budget: Budget, device: str | None) -> Result:
    """A result without any seeds: what is asked, and what will make it."""
    return Result(
        name=experiment.name,
        claims=list(experiment.claims),
        sources=list(experiment.sources),
        budget=budget,
        config=json.loads(json.dumps(asdict(experiment.config(budget)))),  # as it is read back
        config_hash=experiment.config_hash(budget),
        seeds=[],
        device=machine(device),
        seconds=0.0,
        versions={"python": platform.python_version(), "torch": str(torch.__version__)},
        code=code_of(experiment),
    )


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


def _already(blank: Result, folder: Path | None) -> Result | None:
    """What a broken-off run left that was made in the same way, if there is anything."""
    if folder is None or not (folder / f"{blank.name}.json").exists():
        return None
    old = load(blank.name, folder)
    alike = old.device == blank.device or (_is_cpu(old.device) and _is_cpu(blank.device))
    asked = (old.config_hash, old.budget) == (blank.config_hash, blank.budget)
    changed = old.code and changes(old.code, blank.code)  # older files do not have it
    return old if alike and asked and not changed else None


def _is_cpu(device: str) -> bool:
    return "CPU core" in device
