"""What the colours of a figure mean: a strip under it."""

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ._drawing import BLACK, BLUE, PALETTE
from ._text import LINE, scale, width_of

HANDLE = 0.5  # inches of an entry beside its name, at a size of 10 points
CLASSES = tuple(colour for colour in PALETTE if colour != BLACK)  # black hides in the dark


def class_entries(names: Sequence[str], alpha: float = 1.0) -> list[tuple[str, Artist]]:
    """Names of the labels 0, 1, … and the colour of each; label 0 is white."""
    found: list[tuple[str, Artist]] = [(names[0], Patch(facecolor="white", edgecolor="#888888"))]
    for k, name in enumerate(names[1:]):
        full = to_rgb(CLASSES[k % len(CLASSES)])
        red, green, blue = (1 - alpha + alpha * part for part in full)
        face = (red, green, blue)
        found.append((name, Patch(facecolor=face, edgecolor=full)))
    return found


def truth_entries() -> list[tuple[str, Artist]]:
    found = Line2D([], [], color=BLUE, linewidth=2)
    return [("truth", Line2D([], [], color=BLACK, linestyle=(0, (4, 2)))), ("found", found)]


def add_legend(figure: Figure, entries: Sequence[tuple[str, Artist]]) -> None:
    """The strip under the pictures, in as many rows as it needs; the figure grows by its height."""
    width, height = figure.get_size_inches()
    size = 9 * scale(width)
    widest = max(width_of(name) for name, _ in entries) * size + HANDLE * size / 10
    columns = max(1, min(len(entries), int((width - 0.2) / widest)))
    rows = -(-len(entries) // columns)
    columns = -(-len(entries) // rows)
    figure.set_size_inches(width, height + rows * size * 1.3 * LINE + 0.12)
    names, handles = zip(*entries)
    look = {"fontsize": size, "frameon": False, "borderpad": 0.2, "columnspacing": 1.2}
    figure.legend(handles, names, loc="outside lower center", ncols=columns, **look)
