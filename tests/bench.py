"""Ours beside the library and beside what the machine can do: ``make bench``.

    python tests/bench.py [--peers] [--seconds 2] [--all] [--keep book/timings.json]

Calls of all functions of a row alternate, so that they meet the same machine, and inputs are taken
in turn. What is timed is the processor time of this process, which leaves out other programs;
torch has one thread here, and a peer that starts others pays for them. Each number has its best
and its median. The *limit* is the time that the row's multiplications need at the rate of a large
matrix product, or that its inputs and outputs need at the rate of a copy, whichever is longer; both
rates are measured in the same run.

``--peers`` adds other packages, where they are installed: kornia, ensemble-boxes, pydensecrf2,
OpenCV. ``--all`` adds every public function, with the arguments of the tests. Where there is a GPU,
a second table has its times.
The exit status is 1 if ours is clearly slower than a row allows: by medians and by best times.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

import torch
import torchvision

from bench_rows import Row, every_function, rows
from lookclosely.data import scenes

CLEARLY = 1.25  # over its limit by this factor
DRAWN_A_SECOND = 1_000  # scenes of 96 × 96 pixels: no fewer
Times = dict[str, list[float]]


def seconds(function: Callable[..., Any], arguments: tuple) -> float:
    start = time.process_time()
    function(*arguments)
    return time.process_time() - start


def seconds_on_gpu(function: Callable[..., Any], arguments: tuple) -> float:
    torch.cuda.synchronize()
    start = time.perf_counter()
    function(*arguments)
    torch.cuda.synchronize()
    return time.perf_counter() - start


def measure(row: Row, budget: float, inputs: list[tuple], timer: Callable) -> Times:
    """Times of ours and of the others, in turns, for about ``budget`` seconds."""
    calls = {"ours": row.ours, **row.others}
    times: Times = {name: [] for name in calls}
    end = time.perf_counter() + budget
    for arguments in cycle(inputs):
        for name, call in calls.items():
            times[name].append(timer(call, arguments))
        if len(times["ours"]) > 5 and time.perf_counter() > end:
            break
    return {name: taken[1:] for name, taken in times.items()}  # the first was to warm up


def rates() -> dict[str, float]:
    """Operations a second of a matrix product, and bytes a second of a copy, read and written."""
    a, b = torch.randn(2, 1024, 1024)
    product = min(seconds(torch.mm, (a, b)) for _ in range(15))
    large = torch.randn(2**24)
    copy = min(seconds(torch.Tensor.copy_, (large.clone(), large)) for _ in range(15))
    return {"operations": 2 * 1024**3 / product, "bytes": 2 * large.nbytes / copy}


def tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from tensors(part)


def least(row: Row, rate: dict[str, float]) -> float:
    """Seconds that the operations need, or reading the inputs and writing the outputs."""
    moved = sum(t.nbytes for t in tensors([row.inputs[0], row.ours(*row.inputs[0])]))
    return max(row.operations / rate["operations"], moved / rate["bytes"])


def judged(row: Row, times: Times) -> list[str]:
    """What is clearly slower than the row allows."""
    found = []
    for name, limit in row.limits.items():
        best, middle = (f(times["ours"]) / f(times[name]) for f in (min, median))
        if min(best, middle) > CLEARLY * limit:
            found.append(f"{row.name}: {middle:.2f} times {name}, over {limit:g}")
    return found


def record(row: Row, times: Times, limit: float | None) -> dict[str, Any]:
    taken = {name: {"best": min(t), "median": median(t)} for name, t in times.items()}
    return {"name": row.name, "times": taken, "allowed": row.limits, "limit": limit}


def printed(entry: dict[str, Any]) -> str:
    ours = entry["times"]["ours"]
    text = f"{entry['name']:48}{ours['best'] * 1e3:10.3f}{ours['median'] * 1e3:10.3f} ms"
    if entry["limit"]:
        text += f"  {ours['best'] / entry['limit']:6.1f} × limit"
    for name, taken in entry["times"].items():
        if name != "ours":
            best, middle = (ours[k] / taken[k] for k in ("best", "median"))
            allowed = entry["allowed"].get(name)
            text += f"  {best:6.2f} {middle:6.2f} × {name}" + (
                f" (≤ {allowed:g})" if allowed else ""
            )
    return text


def scenes_a_second(rounds: int = 5, count: int = 200) -> list[float]:
    """Of the default size, drawn with every target, in each of several rounds."""
    drawn = []
    for number in range(rounds):
        start = time.thread_time()
        for index in range(number * count, (number + 1) * count):
            scenes.draw(index, seed=0)
        drawn.append(count / (time.thread_time() - start))
    return drawn


def machine() -> str:
    lines = (
        Path("/proc/cpuinfo").read_text().splitlines() if os.path.exists("/proc/cpuinfo") else []
    )
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, one thread"


def on_gpu(table: list[Row], budget: float) -> list[dict[str, Any]]:
    """Ours and the library's on the GPU, by the wall clock, up to the end of the work."""
    entries = []
    for row in (row for row in table if row.on_gpu):
        moved = [tuple(_to_gpu(a) for a in arguments) for arguments in row.inputs]
        library = {k: f for k, f in row.others.items() if k in ("library", "torchmetrics")}
        of_gpu = Row(row.name, row.ours, library, moved)
        entries.append(record(of_gpu, measure(of_gpu, budget, moved, seconds_on_gpu), None))
        print(printed(entries[-1]))
    return entries


def _to_gpu(value: Any) -> Any:
    return value.cuda() if isinstance(value, torch.Tensor) else value


def main() -> int:
    parser = argparse.ArgumentParser(description="Ours beside the library and the machine's limits")
    parser.add_argument("--peers", action="store_true", help="also other packages")
    parser.add_argument("--all", action="store_true", help="also every public function")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each row")
    parser.add_argument("--keep", type=Path, help="write the numbers here, as JSON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rate, broken, kept = rates(), [], {"machine": machine(), "torch": torch.__version__}
    print(f"{kept['machine']}; torch {torch.__version__}, torchvision {torchvision.__version__}")
    print(
        f"matrix product {rate['operations'] / 1e9:.0f} Gop/s, copy {rate['bytes'] / 1e9:.1f} GB/s"
    )
    print(f"{'':48}{'best':>10}{'median':>10}      ours / limit, / others: best, median (allowed)")
    table = rows(options.peers) + (every_function() if options.all else [])
    entries = []
    for row in table:
        with torch.no_grad():
            limit = least(row, rate)
        with torch.set_grad_enabled(row.name == "ops.effective_receptive_field"):
            times = measure(row, options.seconds, row.inputs, seconds)
        broken += judged(row, times)
        entries.append(record(row, times, limit))
        print(printed(entries[-1]), flush=True)
    drawn = scenes_a_second()
    print(f"{'scenes  96×96, all targets':48}{median(drawn):10,.0f} a second")
    if max(drawn) * CLEARLY < DRAWN_A_SECOND:
        broken.append(f"scenes: {median(drawn):,.0f} a second, not {DRAWN_A_SECOND:,}")
    kept |= {"rates": rate, "rows": entries, "scenes": median(drawn)}
    if torch.cuda.is_available():
        print(torch.cuda.get_device_name())
        with torch.no_grad():
            entries = on_gpu(table, options.seconds)
        kept["gpu"] = {"machine": torch.cuda.get_device_name(), "rows": entries}
    if options.keep:
        options.keep.write_text(json.dumps(kept, indent=1) + "\n")
    for line in broken:
        print(line, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
