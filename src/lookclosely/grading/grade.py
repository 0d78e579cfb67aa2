"""``python -m lookclosely grade``: a folder of submissions becomes one CSV.

Every file below the folder is a submission and gets a row, also if it is no notebook. Each runs
in its own process and its own temporary directory with limits (``process``), as many at a time as
there are cores. The CSV is rewritten after each, so that nothing is lost if the batch is
interrupted; running the same command again does the rest (``gradebook``).
"""

import argparse
import ast
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from . import gradebook
from .gradebook import Gradebook, Row

AUTOGRADERS = "_build/assignments/*/teacher/*-autograder.zip"
GRACE = 30.0  # seconds that a supervisor may need beside its submission


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``grade``."""
    parser.add_argument("submissions", type=Path, help="folder of notebooks, at any depth")
    parser.add_argument("--out", type=Path, default=Path("grades.csv"))
    parser.add_argument("--autograder", type=Path, help=f"default: the only {AUTOGRADERS}")
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
    from .process import Limits

    limits = Limits(options.limit, options.cell_limit, options.memory)
    try:
        autograder = options.autograder or find_autograder(Path())
        book = Gradebook(options.out, points(autograder))
        files = submissions(options.submissions, besides=options.out)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        print(error, file=sys.stderr)
        return 2
    todo = pending(files, options.submissions, autograder, book, again=options.again)
    for row in grade(todo, autograder, book, limits, jobs=options.jobs):
        print(row)
    print(f"{len(files)} submissions -> {options.out}")
    return 1 if any(row["status"] == gradebook.FAILED for row in book.rows.values()) else 0


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


def submissions(folder: Path, besides: Path) -> list[Path]:
    """Every file below ``folder`` except hidden ones and ``besides``."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: give the folder of the submissions")
    ours = {besides.resolve(), besides.with_name(besides.name + ".draft").resolve()}
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() or path.is_symlink())
    return [
        path
        for path in files
        if not any(part.startswith((".", "__MACOSX")) for part in path.relative_to(folder).parts)
        and path.resolve() not in ours
    ]


def pending(
    files: list[Path], folder: Path, autograder: Path, book: Gradebook, *, again: bool
) -> list[tuple[Path, str, str]]:
    """(path, name, fingerprint) of what ``book`` does not have yet, or of all ``again``."""
    named = ((path, path.relative_to(folder).as_posix()) for path in files)
    sealed = [(path, name, gradebook.fingerprint(path, autograder)) for path, name in named]
    return [job for job in sealed if again or not book.has(job[1], job[2])]


def grade(
    todo: list[tuple[Path, str, str]], autograder: Path, book: Gradebook, limits: Any, *, jobs: int
) -> Iterator[Row]:
    """Grade what ``pending`` names, and add each row to ``book`` as soon as it is known."""
    context = _context()
    with ThreadPoolExecutor(jobs) as pool:
        futures = [
            pool.submit(grade_one, context, *job, autograder, limits, book.points) for job in todo
        ]
        try:
            for future in as_completed(futures):
                book.add(future.result())
                yield future.result()
        except BaseException:  # Ctrl-C: those in hand end by themselves, the rest does not start
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _context():
    """A process that has imported everything and is forked for each submission (Linux)."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core a submission
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    multiprocessing.set_forkserver_preload(["lookclosely.grading.submission"])
    return multiprocessing.get_context("forkserver")


def grade_one(
    context: Any,
    path: Path,
    name: str,
    seal: str,
    autograder: Path,
    limits: Any,
    possible: dict[str, float],
) -> Row:
    """Grade one submission. Never raises: what went wrong is in the row."""
    from .process import prepare

    start = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            prepare(path, autograder, Path(folder))
            ending, report = _in_a_process(context, Path(folder), limits)
        status, scores, message = judge(ending, report, possible)
    except Exception as error:
        status, scores, message = gradebook.FAILED, {}, f"{type(error).__name__}: {error}"
    return Row(name, status, scores, time.monotonic() - start, message, seal)


def _in_a_process(context: Any, folder: Path, limits: Any) -> tuple[str, dict[str, Any]]:
    from .process import supervise

    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=supervise, args=(folder, limits, theirs))
    process.start()
    theirs.close()
    try:
        if ours.poll(limits.seconds + GRACE):
            return ours.recv()
        raise TimeoutError("the supervising process does not answer")
    except EOFError:
        raise RuntimeError("the supervising process ended without an answer") from None
    finally:
        ours.close()
        process.join(GRACE / 10)
        if process.is_alive() and process.pid:
            os.killpg(process.pid, signal.SIGKILL)


def judge(
    ending: str, report: dict[str, Any], possible: dict[str, float]
) -> tuple[str, dict[str, float], str]:
    """Status, scores and message from how a submission ended and what it reported."""
    if "error" in report:
        return gradebook.NO_NOTEBOOK, {}, str(report["error"])
    scores, notes = {}, []
    for name, result in sorted(report.get("questions", {}).items()):
        if name in possible:
            scores[name] = min(max(float(result["score"]), 0.0), possible[name])
            if result["failed"]:
                which = ", ".join(result["failed"]) if scores[name] else "every graded test"
                notes.append(f"{name} fails {which}")
    notes += report.get("notes", [])
    if ending == "ended" and report.get("finished"):
        return gradebook.GRADED, scores, "; ".join(notes)
    status = gradebook.TIME_LIMIT if ending == "time limit" else gradebook.CRASHED
    return status, scores, "; ".join([ending if ending != "ended" else "exit status 0", *notes])
