"""The CSV of a batch: one row a submission, never half written, never forgotten.

Columns: file, student, one per question, total, possible, status, handed in, late, counts,
override, final, comment, seconds, message, fingerprint. A question that was not reached is empty,
which is not the same as 0. Every file has a name of its own there, see ``named``.

``override`` and ``comment`` are the teacher's: whatever stands there stays there, as do columns
that the teacher has added. Of several hand-ins of a student the newest ``counts``, and only that
one has a ``final`` grade: the override if there is one, or else the total.

The fingerprint names the contents of the submission and of the autograder. A row whose
fingerprint is still today's need not be made again, so an interrupted batch goes on where it was.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from .notebooks import GRADED, NONE, OTHER, UNTOUCHED
from .tables import read_table, write_table

TIME_LIMIT = "time limit"  # ended by the grader; what was graded before counts
CRASHED = "crashed"  # ended itself; what was graded before counts
NO_NOTEBOOK = NONE
FAILED = "not graded"  # the grader's fault, not the student's: made again by the next run
NOTHING = (NO_NOTEBOOK, OTHER)  # never preferred to a notebook of this assignment
__all__ = ["CRASHED", "FAILED", "GRADED", "NO_NOTEBOOK", "OTHER", "TIME_LIMIT", "UNTOUCHED"]

HEAD = ("file", "student")
TAIL = (
    *("total", "possible", "status", "handed in", "late", "counts", "override", "final"),
    *("comment", "seconds", "message", "fingerprint"),
)
NEEDED = ("file", "total", "possible", "status", "fingerprint")  # what a gradebook has at least
Cells = dict[str, str]


@dataclass(frozen=True)
class Row:
    """How one submission did. ``scores`` has the questions that were reached.

    ``reasons`` says of each question with a failed test what its first error was.
    """

    file: str
    status: str
    scores: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    message: str = ""
    fingerprint: str = ""
    reasons: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        points = f"{sum(self.scores.values()):g} points"
        return f"{named(self.file)}: {self.status}, {points}. {plain(self.message)}"


class Gradebook:
    """Rows by file name, written to ``path`` after every change.

    ``points`` maps each question to its points. An existing file at ``path`` is read, and its
    rows are kept; ``ValueError`` if it is no gradebook of these questions.
    """

    def __init__(self, path: Path, points: dict[str, float]):
        self.path, self.points = path, points
        self.header = [*HEAD, *points, *TAIL]
        self.rows: dict[str, Cells] = self._read() if path.exists() else {}
        self.known: dict[str, Cells] = {}

    def describe(self, file: str, *, student: str, handed_in: str, late: str) -> None:
        """What is known of a file before it is graded; it enters its row, now or later."""
        cells = {"student": plain(student), "handed in": handed_in, "late": late}
        self.known[named(file)] = cells
        if named(file) in self.rows:
            self.rows[named(file)].update(cells)

    def add(self, row: Row) -> None:
        """Add or replace a row and write the file."""
        name = named(row.file)
        self.rows[name] = self.rows.get(name, {}) | self.known.get(name, {}) | self._cells(row)
        self.write()

    def write(self) -> None:
        """Settle which hand-in counts, and write the file: a new one, then in place of the old."""
        newest: dict[str, str] = {}
        for name in sorted(self.rows, key=self._rank):
            newest[self.rows[name].get("student") or name] = name
        for name, cells in self.rows.items():
            counts = newest[cells.get("student") or name] == name
            final = cells.get("override", "").strip() or cells["total"]
            cells |= {"counts": "yes" if counts else "no", "final": final if counts else ""}
        write_table(self.path, self.header, (self.rows[name] for name in sorted(self.rows)))

    def has(self, file: str, fingerprint: str) -> bool:
        """Is this very submission graded already, by this very autograder?"""
        row = self.rows.get(named(file))
        return row is not None and row["fingerprint"] == fingerprint and row["status"] != FAILED

    def finals(self) -> dict[str, str]:
        """The final grade of each student who is known by a roster."""
        rows = self.rows.values()
        return {r["student"]: r["final"] for r in rows if r["student"] and r["counts"] == "yes"}

    def _rank(self, name: str) -> tuple[bool, str, str]:
        cells = self.rows[name]
        return cells["status"] not in NOTHING, cells.get("handed in", ""), name

    def _cells(self, row: Row) -> Cells:
        scores = {name: f"{row.scores[name]:g}" for name in self.points if name in row.scores}
        return {
            "file": named(row.file),
            **{name: scores.get(name, "") for name in self.points},
            "total": f"{sum(row.scores.values()):g}" if row.scores else "",
            "possible": f"{sum(self.points.values()):g}",
            "status": row.status,
            "seconds": f"{row.seconds:.1f}",
            "message": plain(row.message),
            "fingerprint": row.fingerprint,
        }

    def _read(self) -> dict[str, Cells]:
        columns, rows = read_table(self.path)
        missing = [name for name in (*NEEDED, *self.points) if name not in columns]
        questions = [name for name in columns if is_question(name) and name not in self.points]
        if missing or questions:
            raise ValueError(
                f"{self.path} exists and has other columns than {', '.join(self.header)}; "
                "move it away or name another --out"
            )
        self.header += [name for name in columns if name not in self.header]
        return {row["file"]: row for row in rows if row["file"]}


def is_question(column: str) -> bool:
    """Is it called as a question is, ``q1``?"""
    return column.startswith("q") and column[1:].isdigit()


def fingerprint(submission: bytes, autograder: bytes) -> str:
    """``#`` and 16 hexadecimal digits from both files' bytes: text for a spreadsheet, no number."""
    digest = hashlib.sha256(autograder)
    digest.update(hashlib.sha256(submission).digest())
    return "#" + digest.hexdigest()[:16]


def named(file: str) -> str:
    """The file's name in the gradebook, a different one for each file.

    A name that ``plain`` has to change (two blanks, a line break, a long one) is followed by 8
    hexadecimal digits of its SHA-256 in brackets: ``kim  lee.ipynb`` is not ``kim lee.ipynb``.
    """
    name = plain(file)
    if name == file:
        return name
    digest = hashlib.sha256(file.encode(errors="surrogateescape")).hexdigest()
    return f"{name} [{digest[:8]}]"


def plain(text: str, length: int = 400) -> str:
    """One line of printable text that no spreadsheet takes for a formula."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    line = line if len(line) <= length else line[: length - 1] + "…"
    return "'" + line if line.startswith(("=", "+", "-", "@")) else line
