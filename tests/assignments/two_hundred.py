"""200 submissions as a course hands them in: no grade is lost, in ten minutes of two cores.

    PYTHONPATH=tests:tests/assignments:. python tests/assignments/two_hundred.py

Among the right and the wrong ones are crashes, endless loops, floods and garbage. It says how long
it took and which rows are not what they should be, and ends with 1 if there are any. Not a test of
the suite, which would take twice as long with it.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from assignment_parts import Assignment, hand_in
from batches import full_marks, less, options, rows, scores
from test_assignment_grading import DAEMON, ENDLESS_ANSWER, FORK, HUGE, STUBBORN, THREAD
from test_assignment_kernel import FLOODS, MAGICS, SWITCHES, THREE_LOOPS

from lookclosely.grading import grade

CRASH = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)"
CHECK = '\ngrader.check("q4")'
# Of each kind: how many, what is put first and last in a solution, its status, points lost.
KINDS: dict[str, tuple[int, str, str, str, dict[str, int]]] = {
    "right": (90, "", "", "graded", {}),
    "slip": (20, "", "length = 0" + '\ngrader.check("q1")', "graded", {"q1": 1}),
    "raises": (10, "1 / 0", "def broken(:", "graded", {}),
    "magics": (6, MAGICS, "", "graded", {}),
    "switches": (6, SWITCHES, "", "graded", {}),
    "crashes": (8, "", CRASH, "crashed", {}),
    "leaves": (4, "", "import os\nos._exit(5)", "crashed", {}),
    "forks": (3, FORK, "", "graded", {}),
    "daemon": (3, DAEMON, "", "graded", {}),
    "thread": (3, "", THREAD, "graded", {}),
    "huge": (3, HUGE, "", "graded", {}),
    "hangs": (4, "while True: pass", "", "graded", {}),
    "hangs-in-a-test": (4, "", ENDLESS_ANSWER + CHECK, "graded", {"q4": 6}),
    "loops-three-times": (2, "", THREE_LOOPS, "graded", {}),
    "will-not-stop": (1, "", STUBBORN, "time limit", {}),
}
FILES = {
    "empty.ipynb": b"",
    "picture.png": bytes(range(256)),
    "text.ipynb": b"I could not open Jupyter.",
    "page.html": b"<!DOCTYPE html><html></html>",
    "cut.ipynb": b'{"cells": [{"cell_type": "code", "sour',
}


def write(folder: Path, assignment: Assignment) -> Iterator[tuple[str, str, dict[str, int] | None]]:
    """Write all; the name of each, its status and the points it loses, None for all of them."""
    for kind, (count, first, last, status, lost) in KINDS.items():
        for number in range(count):
            name, note = f"{kind}-{number:02}", f"\nhand_in_number = {number}"
            hand_in(assignment.solution, folder / f"{name}.ipynb", first=first, last=last + note)
            yield name, status, lost
    for kind, cell in FLOODS.items():
        hand_in(assignment.solution, folder / f"{kind}.ipynb", first=cell)
        yield kind, "graded", {}
    for number in range(200 - len(list(folder.iterdir())) - len(FILES)):
        hand_in(assignment.student, folder / f"untouched-{number:02}.ipynb")
        yield f"untouched-{number:02}", "untouched", None
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
        yield name.removesuffix(".ipynb"), "not a notebook", None


def wrong(
    found: dict[str, dict[str, str]],
    full: dict[str, str],
    wanted: list[tuple[str, str, dict[str, int] | None]],
) -> Iterator[str]:
    """What is not as it should be. Of three endless loops only their own questions are lost."""
    for name, status, lost in wanted:
        row = found.get(name)
        if row is None:
            yield f"{name}: no row"
            continue
        expected = full
        for question, points in (lost or {}).items():
            expected = less(expected, points, question)
        empty = dict.fromkeys(full, "0" if status == "untouched" else "")
        expected = empty if lost is None else expected
        if (row["status"], scores(row)) != (status, expected):
            got = f"{row['status']} {scores(row)}"
            yield f"{name}: {got}, not {status} {expected}: {row['message']}"


def main(build: Callable[[str, Path], Assignment] = Assignment) -> int:
    with tempfile.TemporaryDirectory(prefix="lc") as name:
        assignment = build("segmentation", Path(name))
        folder = Path(name) / "submissions"
        wanted, out = list(write(folder, assignment)), Path(name) / "grades.csv"
        print(f"{len(wanted)} submissions", flush=True)
        start = time.monotonic()
        grade.run(options(folder, assignment.autograder, out))
        seconds = time.monotonic() - start
        failures = list(wrong(rows(out), full_marks(assignment.autograder), wanted))
    print(f"{seconds:.0f} s, at a load of {os.getloadavg()[0]:.1f}")
    print(*(failures or ["every row is what it should be"]), sep="\n")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
