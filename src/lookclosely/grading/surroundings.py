"""The environment variables of a submission: a home of its own, and no way to install anything.

``%pip``, ``!pip``, ``!conda`` and their like belong to the student's machine. Here each of them is
replaced by a program that says so and succeeds, so that the cell goes on: pip itself starts it in
its own place because of ``PIP_PYTHON``, whichever way pip is called, and the others are found in
``PATH`` before the real ones.
"""

import os
import site
from pathlib import Path

SENTENCE = "Nothing is installed while a notebook is graded: your teacher has chosen the packages."
INSTALLERS = (
    *("pip", "pip3", "pipx", "uv", "conda", "mamba", "micromamba", "easy_install"),
    *("apt", "apt-get", "sudo", "brew"),
)


def variables(folder: Path) -> dict[str, str]:
    """The variables that differ from the grader's; makes the folders they name in ``folder``."""
    home, programs, temporary = (folder / name for name in ("home", "programs", "tmp"))
    for made in (home, programs, temporary):
        made.mkdir()
    for name in INSTALLERS:
        program = programs / name
        program.write_text(f"#!/bin/sh\necho '{SENTENCE}'\n")
        program.chmod(0o755)
    data = os.environ.get("LOOKCLOSELY_DATA") or _cache()
    return {
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "LOOKCLOSELY_DATA": data,
        "LOOKCLOSELY_OFFLINE": "1",
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PIP_NO_INDEX": "1",
        "PIP_PYTHON": str(programs / "pip"),
        "PYTHONUSERBASE": site.getuserbase(),  # packages of the grader's own home are found
        "TMPDIR": str(temporary),
        "UV_OFFLINE": "1",
        "UV_PYTHON": str(programs / "uv"),
    }


def _cache() -> str:
    """Where the package keeps its downloads; nowhere if the grader has no home."""
    from lookclosely.data.fetch import cache_directory

    try:
        return str(cache_directory())
    except (OSError, RuntimeError):
        return os.devnull
