"""A process of its own for one submission, and nothing left of it afterwards.

    grader --(forkserver)--> supervisor --(fork)--> submission --> whatever it starts

The submission says how long its cell may take, and the supervisor interrupts it then, as Jupyter
does. When its time is up as a whole, the supervisor ends everything that came from it: also
children in the background, in sessions of their own or orphaned (on Linux the supervisor is their
"subreaper", so that they stay its descendants).

This contains accidents. It is no sandbox: a submission runs with the rights of the grader.
"""

import contextlib
import ctypes
import json
import math
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from .surroundings import variables

SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER in <linux/prctl.h>
ROOM = "submission"  # where it runs, in its temporary directory
FAILURE = "failure.txt"  # beside the room: what went wrong in the grader itself
MIB, GIB = 2**20, 2**30


@dataclass(frozen=True)
class Limits:
    """What one submission may use: seconds in all, seconds a cell, memory, size of a file."""

    seconds: float = 120.0
    cell_seconds: float = 20.0
    memory_gib: float = 4.0
    file_mib: float = 256.0


def supervise(folder: Path, limits: Limits, answer: Connection) -> None:
    """Grade what ``prepare`` put into ``folder`` and send how it ended: ``(ending, report)``.

    ``ending`` is "ended", "time limit", "crashed (…)" or the traceback of an error of the grader;
    ``report`` what ``submission.grade`` wrote, or an empty dict.
    """
    os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    report = folder / "report.json"
    alarms, clock = os.pipe()
    submission = os.fork()
    if submission == 0:
        answer.close()
        os.close(alarms)
        _become_submission(folder / ROOM, report, limits, clock)
    os.close(clock)
    ending = _wait(submission, limits.seconds, alarms)
    _end_descendants(submission)
    failure = report.with_name(FAILURE)
    if failure.exists():
        ending = failure.read_text(encoding="utf-8")
    answer.send((ending, _read(report)))
    answer.close()


def prepare(notebook: bytes, autograder: Path, folder: Path) -> None:
    """Put the notebook, under a plain name, and the tests of the autograder into ``folder``."""
    room = folder / ROOM
    room.mkdir()
    (room / "submission.ipynb").write_bytes(notebook)
    with zipfile.ZipFile(autograder) as archive:
        names = [n for n in archive.namelist() if n.startswith(("tests/", "files/"))]
        archive.extractall(room, members=names)
    for file in (room / "files").glob("*"):
        shutil.move(file, room / file.name)


def _become_submission(room: Path, report: Path, limits: Limits, clock: int) -> None:
    """Run the submission in this process, which ends here whatever happens."""
    try:
        os.setsid()
        os.chdir(room)
        _redirect(report.with_name("output.txt"))
        _restrict(limits)
        tempfile.tempdir = None
        os.environ.update(variables(report.parent))
        from .submission import Clock, grade

        watched = Clock(clock, limits.cell_seconds, limits.seconds)
        grade(Path("submission.ipynb"), report, watched)
        os._exit(0)
    except BaseException:
        report.with_name(FAILURE).write_text(traceback.format_exc(), encoding="utf-8")
    finally:
        os._exit(70)  # EX_SOFTWARE; also reached by SystemExit and KeyboardInterrupt


def _redirect(output: Path) -> None:
    """No input, and all output into a file: neither reaches the grader's terminal."""
    with open(os.devnull, "rb") as nothing, open(output, "wb") as log:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        for number, mode in ((0, "r"), (1, "w"), (2, "w"))
    )


def _restrict(limits: Limits) -> None:
    """Limits of the system, inherited by what the submission starts.

    Memory is RLIMIT_DATA: RLIMIT_AS would count torch's mapped libraries, several GiB of them.
    """
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file that grows too long: OSError
    wanted = {
        resource.RLIMIT_DATA: int(limits.memory_gib * GIB),
        resource.RLIMIT_FSIZE: int(limits.file_mib * MIB),
        resource.RLIMIT_CPU: int(2 * limits.seconds) + 10,
        resource.RLIMIT_CORE: 0,
    }
    for name, value in wanted.items():
        hard = resource.getrlimit(name)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some
            resource.setrlimit(name, (value, value))


def _wait(pid: int, seconds: float, alarms: int) -> str:
    """Wait for a child, and interrupt it whenever the time is over that it names in ``alarms``."""
    deadline = time.monotonic() + seconds
    alarm = allowed = math.inf
    while (now := time.monotonic()) < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return "ended" if code == 0 else f"crashed ({_cause(code)})"
        if select.select([alarms], [], [], 0.02)[0]:
            allowed = _latest(alarms) or math.inf
            alarm = now + allowed
        elif now >= alarm:  # again while it goes on: the cell may have caught the first
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGINT)
            alarm = now + max(allowed / 4, 0.5)
    return "time limit"


def _latest(alarms: int) -> float:
    """The last number that the submission has written; 0, which is none, if it has closed."""
    lines = os.read(alarms, 65536).split()
    if not lines:
        time.sleep(0.02)
    try:
        return float(lines[-1])
    except (IndexError, ValueError):  # half a line: the submission has got hold of the pipe
        return 0.0


def _cause(code: int) -> str:
    if code > 0:
        return f"exit status {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _end_descendants(submission: int) -> None:
    """Kill what is left of the submission, and what that leaves, until there is nothing."""
    import psutil

    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(submission, signal.SIGKILL)
    for _ in range(100):
        descendants = psutil.Process().children(recursive=True)
        for process in descendants:
            with contextlib.suppress(psutil.Error):
                process.kill()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not descendants:
            return
        time.sleep(0.01)


def _read(report: Path) -> dict[str, Any]:
    try:
        content = json.loads(report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
