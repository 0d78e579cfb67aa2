"""Ours against the library, side by side in one run: ``make bench`` or ``python tests/bench.py``.

Calls of the two alternate, so that both meet the same machine, and what is timed is the processor
time of one thread, which leaves out the turns of other programs. The table has the median of each.
Last come the scenes, with all their targets: how many a second on one core.
The exit status is 1 if a limit is clearly broken: by the medians, and by the best times too.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from statistics import median

import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor

from lookclosely import ops
from lookclosely.data import scenes
from ops.random_boxes import mixture

CLEARLY = 1.25  # over its limit by this factor
SCENES = 32  # so many that no processor learns their branches by heart
DRAWN_A_SECOND = 1_000  # scenes of 96 × 96 pixels: no fewer


@dataclass(frozen=True)
class Row:
    name: str
    ours: Callable[..., Tensor]
    library: Callable[..., Tensor]
    inputs: list[tuple]  # taken in turn
    limit: float | None = None  # ours may take this many times the library's time


def rows() -> list[Row]:
    table = []
    for n in (100, 1_000, 5_000):
        inputs = [(mixture(n, i)[0], mixture(n, i + SCENES)[0]) for i in range(SCENES)]
        name = f"box_iou  {n:,} × {n:,} boxes"
        table.append(Row(name, ops.box_iou, torchvision.ops.box_iou, inputs, limit=1))
    for n in (100, 1_000, 5_000):
        inputs = [(*mixture(n, i), 0.5) for i in range(SCENES)]
        table.append(Row(f"nms  {n:,} boxes", ops.nms, torchvision.ops.nms, inputs, limit=3))
    x, weight = torch.randn(8, 32, 64, 64), torch.randn(32, 32, 3, 3)
    down = [(x, weight, None, 1, 1)]
    up = [(x, torch.randn(32, 16, 4, 4), None, 2, 1)]
    table.append(Row("conv2d  8×32×64×64, 3×3 to 32", ops.conv2d, F.conv2d, down))
    name = "conv_transpose2d  8×32×64×64, 4×4/2 to 16"
    table.append(Row(name, ops.conv_transpose2d, F.conv_transpose2d, up))
    return table


def seconds(function: Callable[..., Tensor], arguments: tuple) -> float:
    start = time.thread_time()
    function(*arguments)
    return time.thread_time() - start


def measure(row: Row, budget: float = 2.0) -> tuple[list[float], list[float]]:
    """Times of ours and of the library, in turns, for about ``budget`` seconds."""
    ours, library = [], []
    end = time.perf_counter() + budget
    for arguments in cycle(row.inputs):
        ours.append(seconds(row.ours, arguments))
        library.append(seconds(row.library, arguments))
        if len(ours) > 5 and time.perf_counter() > end:
            return ours[1:], library[1:]  # the first was to warm up
    raise ValueError(f"inputs of {row.name} are empty: give one or more.")


def scenes_a_second(rounds: int = 5, count: int = 200) -> list[float]:
    """Of the default size, drawn with every target, in each of several rounds."""
    rates = []
    for number in range(rounds):
        start = time.thread_time()
        for index in range(number * count, (number + 1) * count):
            scenes.draw(index, seed=0)
        rates.append(count / (time.thread_time() - start))
    return rates


def main() -> int:
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, torchvision {torchvision.__version__}, one CPU thread")
    print(f"{'':44}{'ours':>11}{'library':>11}{'ratio':>8}{'limit':>7}")
    broken = []
    with torch.no_grad():
        for row in rows():
            ours, library = measure(row)
            ratio, best = median(ours) / median(library), min(ours) / min(library)
            limit = "" if row.limit is None else f"{row.limit:g}"
            print(
                f"{row.name:44}{median(ours) * 1e3:8.3f} ms{median(library) * 1e3:8.3f} ms"
                f"{ratio:8.2f}{limit:>7}"
            )
            if row.limit is not None and min(ratio, best) > CLEARLY * row.limit:
                broken.append(f"{row.name}: {ratio:.2f} times the library, over {limit}")
    rates = scenes_a_second()
    print(f"{'scenes  96×96, all targets':44}{median(rates):8,.0f} a second")
    if max(rates) * CLEARLY < DRAWN_A_SECOND:
        broken.append(f"scenes: {median(rates):,.0f} a second, not {DRAWN_A_SECOND:,}")
    for line in broken:
        print(line, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
