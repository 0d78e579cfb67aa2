"""``python -m lookclosely grade``: a folder of submissions becomes one CSV.

Every file below the folder is a submission and gets a row, also if it is no notebook; the
notebooks of a zip file get a row each (``handed_in``). Each runs in its own process and its own
temporary directory with limits (``process``), as many at a time as there are cores (``batch``).
The CSV is rewritten after each, so that nothing is lost if the batch is interrupted; running the
same command again does the rest (``gradebook``).
"""

import argparse
import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from . import batch, gradebook, reports
from .gradebook import Gradebook
from .handed_in import HandedIn, late, submissions, when
from .notebooks import NoNotebook
from .students import Roster, write_students

AUTOGRADERS = "_build/assignments/*/teacher/*-autograder.zip"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``grade``."""
    parser.add_argument("submissions", type=Path, help="folder of notebooks, at any depth")
    parser.add_argument("--out", type=Path, default=Path("grades.csv"))
    parser.add_argument("--autograder", type=Path, help=f"default: the only {AUTOGRADERS}")
    parser.add_argument("--reports", type=Path, help="folder for a report on each submission")
    parser.add_argument("--roster", type=Path, help="CSV of the course, one row a student")
    parser.add_argument("--students", type=Path, help="CSV to write: the roster with the grades")
    parser.add_argument("--column", default="grade", help="name of the grades in --students")
    parser.add_argument("--due", help="2026-11-27 18:00: later files are marked as late")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds a submission")
    parser.add_argument("--cell-limit", type=float, default=20.0, help="seconds a cell or question")
    parser.add_argument("--memory", type=float, default=4.0, help="GiB a process")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--again", action="store_true", help="also what the CSV has already")


def run(options: argparse.Namespace) -> int:
    """Grade a folder; 0 if every submission has a row that is not the grader's failure."""
    if not hasattr(os, "fork"):
        print("grading needs Linux or macOS; on Windows, use the container", file=sys.stderr)
        return 2
    if sys.flags.optimize:
        return _with_assertions(options)
    from .process import Limits

    limits = Limits(options.limit, options.cell_limit, options.memory)
    try:
        autograder = options.autograder or find_autograder(Path())
        book = Gradebook(options.out, points(autograder))
        roster = Roster.read(options.roster) if options.roster else None
        if options.students and not roster:
            raise ValueError("--students writes the roster with grades: name it by --roster")
        files = submissions(options.submissions, besides=options.out)
        _describe(book, files, roster, options.due)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        print(error, file=sys.stderr)
        return 2
    todo = pending(files, autograder, book, again=options.again, reports_in=options.reports)
    for row in batch.grade(todo, autograder, book, limits, jobs=options.jobs):
        if options.reports:
            reports.write(options.reports, row, book.points)
        print(row)
    book.write()
    if roster and options.students:
        write_students(options.students, roster, book.finals(), options.column)
    print(f"{len(files)} submissions -> {options.out}")
    return 1 if any(row["status"] == gradebook.FAILED for row in book.rows.values()) else 0


def _with_assertions(options: argparse.Namespace) -> int:
    """The same command without ``python -O``, which would strip the tests of their assertions."""
    arguments = [str(options.submissions)]
    for name, value in vars(options).items():
        option = "--" + name.replace("_", "-")
        if name in ("submissions", "command", "run") or value is None or value is False:
            continue
        arguments += [option] if value is True else [f"{option}={value}"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONOPTIMIZE"}
    command = [sys.executable, "-m", "lookclosely", "grade", *arguments]
    return subprocess.run(command, env=environment).returncode


def _describe(book: Gradebook, files: list[HandedIn], roster: Roster | None, due: str | None):
    """Enter into the gradebook whose work each file is, and when it was handed in."""
    limit = when(due) if due else None
    for work in files:
        time = work.time
        book.describe(
            work.name,
            student=roster.student(work.name) if roster else "",
            handed_in=time.isoformat(" ") if time else "",
            late=late(time, limit),
        )


def find_autograder(root: Path) -> Path:
    """The autograder below ``root``, if ``assignments`` has made exactly one."""
    found = sorted(root.glob(AUTOGRADERS))
    if len(found) != 1:
        others = ", ".join(map(str, found)) or "or make them: python -m lookclosely assignments"
        raise ValueError(
            f"{len(found)} files match {AUTOGRADERS}: name one by --autograder ({others})"
        )
    return found[0]


def points(autograder: Path) -> dict[str, float]:
    """Points of each question, read from the tests without running them."""
    found = {}
    with zipfile.ZipFile(autograder) as archive:
        for name in sorted(archive.namelist()):
            if name.startswith("tests/") and name.endswith(".py"):
                body = ast.parse(archive.read(name)).body
                assigned = (node for node in body if isinstance(node, ast.Assign))
                values = {ast.unparse(n.targets[0]): ast.literal_eval(n.value) for n in assigned}
                found[values["name"]] = float(values["points"])
    if found:
        return found
    raise ValueError(f"{autograder} holds no tests: is it an autograder?")


def pending(
    files: list[HandedIn],
    autograder: Path,
    book: Gradebook,
    *,
    again: bool,
    reports_in: Path | None = None,
) -> list[batch.Job]:
    """What ``book`` does not have yet, with its fingerprint, or all ``again``.

    With ``reports_in``, also what has no report there.
    """
    tests = autograder.read_bytes()
    sealed = [(work, _seal(work, tests)) for work in files]
    return [
        (work, seal)
        for work, seal in sealed
        if again
        or not book.has(work.name, seal)
        or (reports_in and not reports.path(reports_in, work.name, ".html").exists())
    ]


def _seal(work: HandedIn, tests: bytes) -> str:
    try:
        return gradebook.fingerprint(work.read(), tests)
    except NoNotebook as error:
        return gradebook.fingerprint(str(error).encode(), tests)
    except OSError:
        return ""
