"""Small matrices and kernels whose signs are seen: blue above zero, orange below."""

from collections.abc import Sequence

import numpy as np

from ._drawing import Picture, as_list, to_array
from ._network import Drawing
from ._network._sheet import Sheet, tag

CELL, GAP, SIGN, MARGIN = 30.0, 14.0, 26.0, 6.0  # px: a cell, between matrices, a sign, the edge
TITLE = 22.0


def grid_numbers(
    values: Picture | Sequence[Picture],
    titles: Sequence[str] | None = None,
    *,
    digits: int = 0,
    between: Sequence[str] = (),
    highlight: Sequence[Sequence[tuple[int, int]]] = (),
    name: str = "Numbers in cells",
    alt: str = "",
) -> Drawing:
    """Matrices beside each other, in as many lines as the page needs.

    A cell above zero is blue, one below it orange, the stronger the larger; 0 is white, NaN empty.

    Args:
        titles: what stands over each matrix.
        digits: decimals of the numbers.
        between: signs between the matrices, as ``("∗", "=")``.
        highlight: for each matrix the cells (row, column) that are framed.
        alt: instead of the numbers, read row by row.

    Raises:
        ValueError: more signs, titles or lists of cells than there is room for.
    """
    tables = [np.atleast_2d(to_array(value)).astype(float) for value in as_list(values)]
    heads = list(titles or [])
    if max(len(heads), len(highlight), len(between) + 1) > max(1, len(tables)):
        raise ValueError(
            f"{len(tables)} matrices have {len(heads)} titles, {len(between)} signs between "
            f"them and {len(highlight)} lists of framed cells"
        )
    heads += [""] * (len(tables) - len(heads))
    marks = [*highlight, *[()] * (len(tables) - len(highlight))]
    sheets = [Sheet(phone, None, 1) for phone in (False, True)]
    for sheet in sheets:
        _lay_out(sheet, tables, heads, [*between], marks, digits)
    wide, phone = sheets
    said = alt or ". ".join(_read(table, head, digits) for table, head in zip(tables, heads))
    return Drawing(name, said, wide.body(), phone.body(), (wide.size, phone.size))


def _lay_out(
    sheet: Sheet,
    tables: Sequence[np.ndarray],
    heads: Sequence[str],
    between: Sequence[str],
    marks: Sequence[Sequence[tuple[int, int]]],
    digits: int,
) -> None:
    """Matrices from left to right, and on a new line where the next one does not fit."""
    x, top, room = MARGIN, MARGIN, sheet.size[0] - 2 * MARGIN
    title = TITLE if any(heads) else 0.0
    sizes = [_cell(table, digits, room) for table in tables]
    height = 0.0
    for k, (table, cell) in enumerate(zip(tables, sizes)):
        width = cell * table.shape[1]
        sign = SIGN if 0 < k <= len(between) else GAP if k else 0.0
        if k and x + sign + width > room + MARGIN:
            x, top, height = MARGIN, top + height + GAP, 0.0
            sign = SIGN if k <= len(between) else 0.0
        if 0 < k <= len(between):
            middle = top + title + CELL * table.shape[0] / 2 + 5
            sheet.text(x + sign / 2, middle, between[k - 1], "name")
        x += sign
        sheet.text(x + width / 2, top + 14, heads[k], "shape")
        _draw(sheet, table, (x, top + title), cell, marks[k], digits)
        x, height = x + width, max(height, title + CELL * table.shape[0])
        sheet.reach(top + height)


def _cell(table: np.ndarray, digits: int, room: float) -> float:
    """Width of a cell: as wide as its longest number, at most so that the matrix fits."""
    longest = max((len(_number(value, digits)) for value in table.flat), default=1)
    return min(max(CELL, 8.0 * longest + 8), room / table.shape[1])


def _draw(
    sheet: Sheet,
    table: np.ndarray,
    corner: tuple[float, float],
    width: float,
    marks: Sequence[tuple[int, int]],
    digits: int,
) -> None:
    most = max(1e-12, float(np.nanmax(np.abs(table), initial=0)))
    for (row, column), value in np.ndenumerate(table):
        x, y = corner[0] + width * column, corner[1] + CELL * row
        place = {"x": x, "y": y, "width": width, "height": CELL}
        tone = 0.0 if np.isnan(value) or value == 0 else 0.1 + 0.34 * abs(value) / most
        role = "copy" if value < 0 else "features"
        look = {"fill": f"var(--{role})", "fill_opacity": f"{tone:.2f}", "stroke": "var(--rule)"}
        sheet.add(tag("rect", **place, **look), "back")
        kind = "number" if value else "shape"
        sheet.text(x + width / 2, y + CELL / 2 + 4.5, _number(value, digits), kind)
    for row, column in marks:
        place = {"x": corner[0] + width * column, "y": corner[1] + CELL * row}
        look = {"fill": "none", "stroke": "var(--ink)", "stroke_width": 2.2}
        sheet.add(tag("rect", **place, width=width, height=CELL, **look), "lines")


def _number(value: float, digits: int) -> str:
    if np.isnan(value):
        return ""
    return f"{value:.{digits}f}".replace("-", "−") if value else "0"


def _read(table: np.ndarray, head: str, digits: int) -> str:
    rows = "; ".join(" ".join(_number(value, digits) or "empty" for value in row) for row in table)
    return f"{head or 'Numbers'}: {rows}"
