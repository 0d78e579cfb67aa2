"""The CSV of a batch: one row a submission, never half written, never forgotten.

Columns: file, one per question, total, possible, status, seconds, message, fingerprint. A question
that was not reached is empty, which is not the same as 0. Every file has a name of its own there,
see ``named``.

The fingerprint names the contents of the submission and of the autograder. A row whose
fingerprint is still today's need not be made again, so an interrupted batch goes on where it was.
"""

import csv
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

GRADED = "graded"  # ran to its end
TIME_LIMIT = "time limit"  # ended by the grader; what was graded before counts
CRASHED = "crashed"  # ended itself; what was graded before counts
NO_NOTEBOOK = "not a notebook"
FAILED = "not graded"  # the grader's fault, not the student's: made again by the next run

TAIL = ("total", "possible", "status", "seconds", "message", "fingerprint")


@dataclass(frozen=True)
class Row:
    """How one submission did. ``scores`` has the questions that were reached."""

    file: str
    status: str
    scores: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    message: str = ""
    fingerprint: str = ""

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
        self.header = ("file", *points, *TAIL)
        self.rows = self._read() if path.exists() else {}

    def add(self, row: Row) -> None:
        """Add or replace a row and write the file: a new one, then in place of the old."""
        self.rows[named(row.file)] = self._cells(row)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(self.path.name + ".draft")
        with open(draft, "w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, self.header)
            table.writeheader()
            table.writerows(self.rows[name] for name in sorted(self.rows))
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self.path)

    def has(self, file: str, fingerprint: str) -> bool:
        """Is this very submission graded already, by this very autograder?"""
        row = self.rows.get(named(file))
        return row is not None and row["fingerprint"] == fingerprint and row["status"] != FAILED

    def _cells(self, row: Row) -> dict[str, str]:
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

    def _read(self) -> dict[str, dict[str, str]]:
        with open(self.path, newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            if tuple(table.fieldnames or ()) != self.header:
                raise ValueError(
                    f"{self.path} exists and has other columns than {', '.join(self.header)}; "
                    "move it away or name another --out"
                )
            return {row["file"]: row for row in table}


def fingerprint(submission: Path, autograder: Path) -> str:
    """16 hexadecimal digits from the bytes of both files; none if the submission is unreadable."""
    digest = hashlib.sha256(autograder.read_bytes())
    try:
        digest.update(hashlib.sha256(submission.read_bytes()).digest())
    except OSError:
        return ""
    return digest.hexdigest()[:16]


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
