"""Clouds of points: one number against another."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from ._drawing import BLACK, PALETTE, STYLE

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
Points = tuple[Sequence[float], Sequence[float]]


def points(
    series: Mapping[str, Points],
    *,
    labels: tuple[str, str] = ("", ""),
    title: str = "",
    links: Sequence[Points] = (),
    size: tuple[float, float] = (5.2, 3.4),
) -> Figure:
    """One cloud (x, y) for each named series, in its own colour and marker.

    ``links`` are lines (x, y) drawn through some of the points, to speak of these in the text.
    """
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots(figsize=size, layout="constrained")
        for across, up in links:
            axis.plot(across, up, color=BLACK, linewidth=1.2, zorder=1)
        for (name, (across, up)), colour, marker in zip(
            series.items(), cycle(PALETTE), cycle(MARKERS)
        ):
            axis.scatter(across, up, 22, color=colour, marker=marker, label=name, zorder=2)
        axis.set(xlabel=labels[0], ylabel=labels[1], title=title)
        if len(series) > 1:
            axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    plt.close(figure)
    return figure
