"""Curves of numbers, under their legend."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ._drawing import LINES, PALETTE, STYLE
from ._text import LINE, scale, width_of


def curves(
    series: Mapping[str, Sequence[float] | tuple[Sequence[float], Sequence[float]]],
    *,
    x: Sequence[float] | None = None,
    spread: Mapping[str, Sequence[float]] | None = None,
    labels: tuple[str, str] = ("", ""),
    title: str = "",
    log: str = "",
    size: tuple[float, float] = (5.2, 3.0),
    markers: bool = False,
) -> Figure:
    """One line for each named series, in its own colour and dash, with ± ``spread`` as a band.

    A series is y over the common ``x``, or a pair (x, y). ``log`` names logarithmic axes: "x",
    "y", "xy".
    """
    rows, columns = _legend(list(series), size[0])
    with plt.rc_context(STYLE | {"font.size": 10 * scale(size[0])}):
        room = rows * 10 * scale(size[0]) * 1.25 * LINE + (0.1 if rows else 0)
        figure, axis = plt.subplots(figsize=(size[0], size[1] + room), layout="constrained")
        for (name, values), colour, line in zip(series.items(), cycle(PALETTE), cycle(LINES)):
            across, up = values if isinstance(values, tuple) else (x, values)
            up = np.asarray(up, dtype=float)
            across = np.arange(len(up)) if across is None else np.asarray(across)
            style: Any = {"color": colour, "linestyle": line, "marker": "o" if markers else ""}
            axis.plot(across, up, label=name, **style)
            if spread and name in spread:
                band = np.asarray(spread[name])
                axis.fill_between(across, up - band, up + band, color=colour, alpha=0.18, lw=0)
        axis.set(xlabel=labels[0], ylabel=labels[1], title=title)
        if "x" in log:
            axis.set_xscale("log")
        if "y" in log:
            axis.set_yscale("log")
        if rows:
            figure.legend(loc="outside upper center", ncols=columns)
    plt.close(figure)
    return figure


def _legend(names: Sequence[str], inches: float) -> tuple[int, int]:
    """Rows and columns of a legend above the curves, of which it hides none; one needs none."""
    if len(names) < 2:
        return 0, 0
    entry = max(map(width_of, names)) * 10 * scale(inches) + 0.65 * scale(inches)
    columns = max(1, min(len(names), int((inches - 0.2) / entry)))
    rows = -(-len(names) // columns)
    return rows, -(-len(names) // rows)
