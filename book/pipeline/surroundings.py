"""What a build needs around it: nobody else in its folder, and a home that it can write to."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lookclosely.data.fetch import cache_directory


class Occupied(RuntimeError):
    """Another build is at work in the same folder."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Within, no other build can work in ``folder``. The system lets go of it, also if killed.

    Raises:
        Occupied: one does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Occupied(
                f"another build is at work in {folder}: wait until it has ended"
            ) from None
        yield


@contextmanager
def home() -> Iterator[None]:
    """Within, the user's home can be written to: a folder for the time being, where it cannot.

    matplotlib, IPython and Jupyter keep files there; each of them warns or fails without.
    """
    if os.access(os.path.expanduser("~"), os.W_OK) and os.path.expanduser("~") != "/":
        yield
        return
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="lookclosely-home-") as folder:
        with suppress(RuntimeError):  # no home, so no data in it
            if cache_directory().is_dir():
                os.environ.setdefault("LOOKCLOSELY_DATA", str(cache_directory()))
        for name in [name for name in os.environ if name.startswith("XDG_")]:
            del os.environ[name]
        os.environ["HOME"] = folder
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
