"""Tables of numbers: the best stands out, the spread does not."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ._table_html import html

MISSING = "–"
FORMAT = ".3f"


class Cell(NamedTuple):
    """What stands in a cell: the number as text, its spread or nothing, whether it is the best."""

    text: str
    spread: str = ""
    best: bool = False


@dataclass(frozen=True)
class Table:
    """A table that a notebook shows as HTML, and a terminal as text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    first: str = ""
    title: str = ""
    note: str = ""
    control: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        return html(self)

    def __repr__(self) -> str:
        heads = [self.first, *(f"{column} " for column in self.columns)]
        lines = [
            [name.replace("|", ", "), *(_plain(cell) for cell in cells)]
            for name, cells in self.rows
        ]
        widths = [max(map(len, column)) for column in zip(heads, *lines)]
        texts = (
            "  ".join(word.ljust(w) if not k else word.rjust(w) for k, (word, w) in enumerate(pair))
            for pair in (list(zip(line, widths)) for line in (heads, *lines))
        )
        return "\n".join(filter(None, [self.title, *(text.rstrip() for text in texts), self.note]))


def table(
    rows: Mapping[str, Any],
    columns: Sequence[str] | Mapping[str, str],
    *,
    first: str = "",
    title: str = "",
    note: str = "",
    highest: Sequence[str] | bool = (),
    lowest: Sequence[str] | bool = (),
    control: Sequence[str] = (),
) -> Table:
    """A table with a row for each name in ``rows``.

    A cell is a text, a number, None if it was not measured, or the values of several seeds: then
    their mean is printed and beside it their standard deviation (n - 1), which is left out where it
    is 0.

    Args:
        rows: the cells of each row, in a sequence; one cell may stand alone. In a name ``|`` puts
            what follows on a small second line.
        columns: their heads, or pairs of head and format (``{"weights": ",", "share": ".0%"}``); a
            format without a letter for it is ``.3f``.
        first: head of the column of names.
        title: what the table shows.
        note: what stands under it, as the number of seeds.
        highest: columns in which the highest number is best and bold (True: all); bold is also what
            equals or beats it in at least one seed, where seeds are given.
        lowest: the same for the lowest number.
        control: rows that only compare; they are grey and never bold.

    Raises:
        ValueError: a row that has not a cell for each column; a name that is not there.
    """
    formats = dict(columns) if isinstance(columns, Mapping) else dict.fromkeys(columns, FORMAT)
    heads = tuple(formats)
    cells = {name: _as_row(name, row, len(heads)) for name, row in rows.items()}
    high = heads if highest is True else tuple(highest or ())
    low = heads if lowest is True else tuple(lowest or ())
    _known("highest", high, heads)
    _known("lowest", low, heads)
    _known("control", control, cells)
    bold: set[tuple[str, int]] = set()
    for k, (head, kind) in enumerate(formats.items()):
        if head in high or head in low:
            column = {name: row[k] for name, row in cells.items() if name not in control}
            bold |= {(name, k) for name in _best(column, kind, 1 if head in high else -1)}
    return Table(
        heads,
        tuple(
            (
                name,
                tuple(
                    _cell(value, kind)._replace(best=(name, k) in bold)
                    for k, (value, kind) in enumerate(zip(row, formats.values()))
                ),
            )
            for name, row in cells.items()
        ),
        first,
        title,
        note,
        tuple(control),
    )


def _as_row(name: str, row: Any, count: int) -> list[Any]:
    scalar = getattr(row, "ndim", 1) == 0  # a tensor or an array of one number
    cells = [row] if scalar or row is None or isinstance(row, str | int | float) else list(row)
    if len(cells) != count:
        raise ValueError(f"rows[{name!r}] has {len(cells)} cells: there are {count} columns")
    return cells


def _known(argument: str, names: Sequence[str], there: Sequence[str] | Mapping[str, Any]) -> None:
    for name in names:
        if name not in there:
            raise ValueError(f"{argument} names {name!r}: there are {', '.join(there)}")


def _numbers(value: Any) -> list[float]:
    """The values of a cell, one for each seed; none if it is a text or was not measured."""
    if value is None or isinstance(value, str):
        return []
    numbers = [float(x) for x in np.atleast_1d(np.asarray(value, dtype=float)).ravel()]
    return [] if any(map(math.isnan, numbers)) else numbers


def _cell(value: Any, kind: str) -> Cell:
    if isinstance(value, str):
        return Cell(value)
    numbers = _numbers(value)
    if not numbers:
        return Cell(MISSING)
    spread = statistics.stdev(numbers) if len(numbers) > 1 else 0.0
    text = _written(spread, kind)
    return Cell(
        _written(statistics.fmean(numbers), kind), text if text != _written(0.0, kind) else ""
    )


def _written(number: float, kind: str) -> str:
    whole = kind in ("", ",", "d", ",d")
    return format(round(number) if whole else number, kind).replace("-", "−")


def _best(column: Mapping[str, Any], kind: str, sign: int) -> list[str]:
    """Names of the rows that are best in a column, or equal the best in at least one seed."""
    seeds = {name: numbers for name, value in column.items() if (numbers := _numbers(value))}
    if len(seeds) < 2:
        return []
    top = max(seeds.values(), key=lambda numbers: sign * statistics.fmean(numbers))
    best = _written(statistics.fmean(top), kind)

    def equal(numbers: list[float]) -> bool:
        if _written(statistics.fmean(numbers), kind) == best:
            return True
        paired = len(numbers) == len(top) > 1
        return paired and any(sign * (a - b) >= 0 for a, b in zip(numbers, top))

    return [name for name, numbers in seeds.items() if equal(numbers)]


def _plain(cell: Cell) -> str:
    spread = f" ± {cell.spread}" if cell.spread else ""
    return f"{cell.text}{spread}{'*' if cell.best else ' '}"
