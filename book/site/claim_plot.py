"""The small plot of a claim: a row for each arm of the comparison, in it a dot for each seed."""

from collections.abc import Sequence
from html import escape

WIDTH, ROW, EDGE = 216, 34, 6  # pixels; letters of 12


def number(value: float) -> str:
    """A value as a reader wants it: ``0.535``, ``23.2``, ``187``, ``5e−17``."""
    size = abs(value)
    if value and size < 0.001:
        return f"{value:.0e}".replace("e-0", "e-").replace("-", "−")
    text = f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.3f}"
    return text.replace("-", "−")


def spoken(measure: str, rows: Sequence[tuple[str, Sequence[float]]]) -> str:
    """The means in words: ``mean IoU: three scales 0.535, dilated 0.359``."""
    return f"{measure}: " + ", ".join(f"{label} {number(_mean(v))}" for label, v in rows)


def strips(measure: str, rows: Sequence[tuple[str, Sequence[float]]]) -> str:
    """An SVG of all rows on one scale, from the least value of all to the greatest."""
    values = [value for _, seeds in rows for value in seeds]
    low, high = min(values), max(values)
    span = (high - low) or 1.0

    def place(value: float) -> float:
        return EDGE + (value - low) / span * (WIDTH - 2 * EDGE)

    height = ROW * len(rows)
    seeds = len(rows[0][1])
    said = escape(f"{spoken(measure, rows)}. A dot for each of {seeds} seeds.", quote=True)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'aria-label="{said}">'
    ]
    for index, (label, seeds_of_row) in enumerate(rows):
        y = index * ROW
        parts.append(f'<text x="0" y="{y + 12}">{escape(label)}</text>')
        mean = number(_mean(seeds_of_row))
        parts.append(f'<text x="{WIDTH}" y="{y + 12}" text-anchor="end">{mean}</text>')
        parts.append(f'<line x1="0" x2="{WIDTH}" y1="{y + 23}" y2="{y + 23}"/>')
        parts += [
            f'<circle class="row{min(index, 2)}" cx="{place(value):.1f}" cy="{y + 23}" r="4"/>'
            for value in seeds_of_row
        ]
    return "".join(parts) + "</svg>"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
