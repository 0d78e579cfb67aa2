"""CSV as spreadsheets write and read it.

Excel takes a CSV for UTF-8 only if it begins with a byte order mark, and shows other letters
instead of Vietnamese or Korean names without it. What it saves may have semicolons, tabs, UTF-16.
"""

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path


def read_table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Header and rows of a CSV; no cell is None. ``ValueError`` if it is no text."""
    text = _text(path)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    table = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns = list(table.fieldnames or [])
    rows = [{name: row.get(name) or "" for name in columns} for row in table]
    return columns, rows


def write_table(path: Path, columns: Iterable[str], rows: Iterable[dict[str, str]]) -> None:
    """Write a CSV for spreadsheets: a new file first, then in place of the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".draft")
    with open(draft, "w", newline="", encoding="utf-8-sig") as file:
        table = csv.DictWriter(file, list(columns), restval="")
        table.writeheader()
        table.writerows(rows)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _text(path: Path) -> str:
    data = path.read_bytes()
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError(f"{path} is no CSV: save it as CSV UTF-8")
