"""Whose work it is: students found in file names, with or without a roster.

A roster is a CSV of the course, one row a student, as Moodle, Canvas or you export it. Any of its
cells that no other student has (number, login, address, name) names the student: a file belongs to
the one student of whom a cell occurs in its path. ``Lee, Kim`` is found in
``leekim_1207_hw.ipynb`` and in ``Kim Lee_5_assignsubmission_file_/hw.ipynb``.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from pathlib import Path

from .tables import read_table, write_table

SHORTEST = 3  # characters of a cell that can name a student
LONGEST = 6  # words in a row that are compared


@dataclass(frozen=True)
class Roster:
    """The students of a course: header and rows as they were exported."""

    columns: list[str]
    rows: list[dict[str, str]]

    @classmethod
    def read(cls, path: Path) -> "Roster":
        """Read a CSV with one row a student; ``ValueError`` if it has none."""
        columns, rows = read_table(path)
        if not rows:
            raise ValueError(f"{path} holds no student: export the course as CSV, with its header")
        return cls(columns, rows)

    def student(self, file: str) -> str:
        """The first cell of the student whose work ``file`` is; "" if none or several match."""
        words = _words(file)
        runs = {"".join(words[i : i + n]) for n in range(1, LONGEST + 1) for i in range(len(words))}
        found = {self.key(row) for row, keys in zip(self.rows, self._keys) if keys & runs}
        return found.pop() if len(found) == 1 else ""

    def key(self, row: dict[str, str]) -> str:
        """What stands for a student in the gradebook: the first cell of the row."""
        return row[self.columns[0]]

    @cached_property
    def _keys(self) -> list[set[str]]:
        """For each student, the spellings of the cells that nobody else has."""
        spelt = [{s for cell in row.values() for s in _spellings(cell)} for row in self.rows]
        count = Counter(key for keys in spelt for key in keys)
        return [{key for key in keys if count[key] == 1} for keys in spelt]


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.findall(r"[^\W_]+", plain)


def _spellings(cell: str) -> Iterable[str]:
    """A cell without blanks and signs; of two or three words, in every order."""
    words = _words(cell)
    orders = permutations(words) if len(words) in (2, 3) and "@" not in cell else [words]
    return ["".join(order) for order in orders if len("".join(order)) >= SHORTEST]


def write_students(path: Path, roster: Roster, grades: dict[str, str], column: str) -> None:
    """The roster with one more column, ``grades`` by key: what a learning platform imports."""
    rows = [row | {column: grades.get(roster.key(row), "")} for row in roster.rows]
    columns = [name for name in roster.columns if name != column]
    write_table(path, [*columns, column], rows)
