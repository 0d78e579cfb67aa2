"""Everything on a GPU: the package's tests, then all experiments side by side.

Each is a program of its own with a log of its own, and one that fails stops no other. An experiment
whose seeds are all measured on this GPU is not run again, and one that was broken off goes on, so
after a failure the same command does what is left.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import torch

from .core import Experiment
from .execute import machine
from .storage import RESULTS, load, load_gpu

MEMORY = 2 * 2**30  # bytes of the GPU for one experiment, CUDA's own half GiB included
SHARING = 12  # more than so many on one GPU only wait for each other


@dataclass(frozen=True)
class Job:
    name: str
    command: list[str]


def at_once(cores: int, memory: int) -> int:
    """How many experiments share a GPU with so many bytes, each with a core of its own."""
    return max(1, min(SHARING, cores, memory // MEMORY))


def here() -> int:
    """``at_once`` for this machine and its first GPU."""
    return at_once(os.cpu_count() or 1, torch.cuda.get_device_properties(0).total_memory)


def tests(workers: int) -> list[Job]:
    """The package's tests, but for those of the built book; none where it came without them."""
    folder = RESULTS.parents[2] / "tests"
    if not folder.is_dir():
        return []
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not book", "--rootdir", folder.parent]
    command += ["-n", workers, "--dist", "loadgroup", folder]
    return [Job("tests", [str(part) for part in command])]


def left(registry: Mapping[str, Experiment], seeds: int) -> list[str]:
    """What is not measured on this GPU with today's config, the longest first.

    How long is taken from the CPU's result; what has none may take any time, so it comes first.
    """

    def done(name: str) -> bool:
        found = load_gpu(name)
        return (
            found is not None
            and found.config_hash == registry[name].config_hash()
            and found.device == machine()
            and len(found.seeds) >= seeds
        )

    return sorted((name for name in registry if not done(name)), key=lambda name: -_seconds(name))


def _seconds(name: str) -> float:
    try:
        return load(name).seconds
    except FileNotFoundError:
        return float("inf")


def experiment(name: str, seeds: int) -> Job:
    command = [sys.executable, "-m", "lookclosely", "experiments", "run", name]
    return Job(name, [*command, "--gpu-copy", "--seeds", str(seeds)])


def is_timing(name: str) -> bool:
    """Whether it measures times, and so must have the machine to itself."""
    return name.startswith("cost")


def run(jobs: Iterable[Job], workers: int, logs: Path) -> list[str]:
    """Run the jobs, so many at a time, each with its output in ``logs/NAME.log``.

    Returns:
        The names of those that failed.
    """
    logs.mkdir(parents=True, exist_ok=True)
    failed = []
    pool = ThreadPoolExecutor(workers)
    try:
        waiting = {pool.submit(_run_one, job, logs): job.name for job in jobs}
        for future in as_completed(waiting):
            name, (code, seconds) = waiting[future], future.result()
            print(f"{name}: {_ended(code)} after {seconds:.0f} s", flush=True)
            if code:
                print(f"    see {logs / name}.log", flush=True)
                failed.append(name)
    finally:
        pool.shutdown(cancel_futures=True)
    return failed


def _run_one(job: Job, logs: Path) -> tuple[int, float]:
    begin = time.monotonic()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (logs / f"{job.name}.log").open("w") as log:
        done = subprocess.run(job.command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    return done.returncode, time.monotonic() - begin


def _ended(code: int) -> str:
    return "done" if code == 0 else f"failed (exit status {code})"
