"""A pyramid of pictures, each drawn as large as it is."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from ._drawing import MARGIN, STYLE, Picture, as_rgb, draw_image
from ._text import LINE, scale, width_of

GAP = 0.06  # between two pictures, as a share of the first one's width


def pyramid(
    levels: Sequence[Picture],
    titles: Sequence[str] | None = None,
    *,
    size: float = 2.4,
    vmin: float | None = None,
    vmax: float | None = None,
) -> Figure:
    """Pictures from the finest to the coarsest, standing on one line, a pixel equally large in all.

    ``size`` is the width of the first in inches; ``vmin`` and ``vmax`` fix the grey scale.
    """
    shapes = [as_rgb(level).shape[:2] for level in levels]
    inch = size / shapes[0][1]  # of a pixel
    gap, names = GAP * size, list(titles or [])
    names += [""] * (len(shapes) - len(names))
    points = 10 * scale(inch * sum(shape[1] for shape in shapes))
    # A picture stands in a column that is as wide as its title, if that is wider.
    columns = [max(inch * s[1], width_of(t) * points) for s, t in zip(shapes, names)]
    width = sum(columns) + gap * (len(shapes) + 1)
    lines = max(name.count("\n") + 1 if name else 0 for name in names)
    room = lines * points * LINE + MARGIN
    height = inch * max(shape[0] for shape in shapes) + room + MARGIN
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(width, height))
    x = gap
    for level, shape, name, column in zip(levels, shapes, names, columns):
        left = x + (column - inch * shape[1]) / 2
        box = (left / width, room / height, inch * shape[1] / width, inch * shape[0] / height)
        draw_image(figure.add_axes(box), level, vmin=vmin, vmax=vmax)
        place = {"ha": "center", "va": "top", "fontsize": points}
        figure.text(box[0] + box[2] / 2, (room - 0.04) / height, name, **place)
        x += column + gap
    plt.close(figure)
    return figure
