"""Runs a batch: as many submissions at a time as there are cores, each in its own process."""

import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from . import gradebook
from .gradebook import Gradebook, Row
from .handed_in import HandedIn
from .notebooks import NoNotebook

GRACE = 30.0  # seconds that a supervisor may need beside its submission
Job = tuple[HandedIn, str]  # what was handed in, and its fingerprint


def grade(
    todo: list[Job], autograder: Path, book: Gradebook, limits: Any, *, jobs: int
) -> Iterator[Row]:
    """Grade each submission, and add its row to ``book`` as soon as it is known."""
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
    if not _home_is_writable():  # matplotlib would say so in every process
        os.environ.setdefault("MPLCONFIGDIR", os.path.join(tempfile.gettempdir(), "matplotlib"))
    if sys.platform != "linux" or not _socket_fits(tempfile.gettempdir()):
        return multiprocessing.get_context("spawn")
    multiprocessing.set_forkserver_preload(["lookclosely.grading.submission"])
    return multiprocessing.get_context("forkserver")


def _socket_fits(folder: str) -> bool:
    """Whether the fork server's socket can lie there: Linux takes 107 bytes for its whole path."""
    return len(os.fsencode(folder)) + len("/pymp-12345678/listener-12345678") <= 107


def _home_is_writable() -> bool:
    try:
        return Path.home() != Path("/") and os.access(Path.home(), os.W_OK)
    except RuntimeError:  # a user without a home
        return False


def grade_one(
    context: Any,
    work: HandedIn,
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
            prepare(work.read(), autograder, Path(folder))
            ending, report = _in_a_process(context, Path(folder), limits)
        status, scores, notes, reasons = judge(ending, report, possible)
    except NoNotebook as error:
        status, scores, notes, reasons = gradebook.NO_NOTEBOOK, {}, [str(error)], {}
    except Exception as error:
        status, scores, notes = gradebook.FAILED, {}, [f"{type(error).__name__}: {error}"]
        reasons = {}
    seconds, message = time.monotonic() - start, "; ".join(notes)
    return Row(work.name, status, scores, seconds, message, seal, reasons, tuple(notes))


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
) -> tuple[str, dict[str, float], list[str], dict[str, str]]:
    """Status, scores, notes and reasons, from how a submission ended and what it reported.

    A reason is what a question says about the first error of its tests.
    """
    if "error" in report:
        return gradebook.NO_NOTEBOOK, {}, [str(report["error"])], {}
    if report.get("state") == gradebook.OTHER:
        return gradebook.OTHER, {}, ["it has no answer that this assignment asks for"], {}
    scores, notes, reasons = {}, [], {}
    for name, result in sorted(report.get("questions", {}).items()):
        if name in possible:
            scores[name] = min(max(float(result["score"]), 0.0), possible[name])
            if result["failed"]:
                reasons[name] = reason(result.get("error") or {})
                which = ", ".join(result["failed"]) if scores[name] else "every graded test"
                notes.append(f"{name} fails {which} ({reasons[name]})")
    notes += report.get("notes", [])
    if ending == "ended" and report.get("finished"):
        return str(report.get("state", gradebook.GRADED)), scores, notes, reasons
    if ending.startswith("Traceback"):
        return gradebook.FAILED, {}, [ending.strip().rpartition("\n")[2]], {}
    status = gradebook.TIME_LIMIT if ending == "time limit" else gradebook.CRASHED
    return status, scores, [ending if ending != "ended" else "exit status 0", *notes], reasons


def reason(error: dict[str, str]) -> str:
    """One line: the type of an error, what it says, and the line of the student's that raised."""
    line = f", at `{error['line']}`" if error.get("line") else ""
    return f"{error.get('type', 'error')}: {error.get('sentence', '')}{line}"
