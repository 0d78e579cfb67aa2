"""The files of a folder of submissions: notebooks, zip files of notebooks, and whatever else."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from .notebooks import NoNotebook

LARGEST = 100 * 2**20  # bytes of a notebook
IGNORED = (".", "__MACOSX")  # hidden files, and what macOS adds to a zip file


@dataclass(frozen=True)
class HandedIn:
    """A submission: ``name`` is its path below the folder, also inside of a zip file."""

    name: str
    path: Path
    member: str = ""  # of the zip file ``path``

    def read(self) -> bytes:
        """Its bytes; ``NoNotebook`` if they cannot be had from the zip file, or are too many."""
        if not self.member:
            size = self.path.stat().st_size
            return self.path.read_bytes() if size <= LARGEST else _too_large(size)
        try:
            with zipfile.ZipFile(self.path) as archive:
                size = archive.getinfo(self.member).file_size
                return archive.read(self.member) if size <= LARGEST else _too_large(size)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise NoNotebook(f"a file in a zip file that cannot be unpacked: {error}") from error

    @property
    def time(self) -> datetime | None:
        """When it was handed in: the time of the file, or that in the zip file."""
        try:
            if not self.member:
                return datetime.fromtimestamp(self.path.stat().st_mtime).replace(microsecond=0)
            with zipfile.ZipFile(self.path) as archive:
                return datetime(*archive.getinfo(self.member).date_time)
        except (OSError, ValueError, zipfile.BadZipFile):
            return None


def submissions(folder: Path, besides: Path) -> list[HandedIn]:
    """Every file below ``folder`` except hidden ones and ``besides``; notebooks of zip files."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: give the folder of the submissions")
    ours = {besides.resolve(), besides.with_name(besides.name + ".draft").resolve()}
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() or path.is_symlink())
    return [
        found
        for path in files
        if _counts(path.relative_to(folder).parts) and path.resolve() not in ours
        for found in _unpacked(path, path.relative_to(folder).as_posix())
    ]


def _unpacked(path: Path, name: str) -> Iterator[HandedIn]:
    """The file itself, or the notebooks in it if it is a zip file that has some."""
    members = []
    if path.suffix.lower() == ".zip" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.namelist() if _is_notebook(member)]
    for member in sorted(members):
        yield HandedIn(f"{name}/{member}", path, member)
    if not members:
        yield HandedIn(name, path)


def _is_notebook(member: str) -> bool:
    path = PurePosixPath(member)
    return path.suffix.lower() == ".ipynb" and _counts(path.parts)


def _counts(parts: tuple[str, ...]) -> bool:
    return not any(part.startswith(IGNORED) for part in parts)


def _too_large(size: int) -> bytes:
    raise NoNotebook(f"a file of {size / 2**20:.0f} MiB; clear the outputs and hand in again")


def late(handed_in: datetime | None, due: datetime | None) -> str:
    """How late it is, such as ``1 d 02 h 05 min``; "" if it is in time or no time is set."""
    if handed_in is None or due is None or handed_in <= due:
        return ""
    minutes = max(1, round((handed_in - due).total_seconds() / 60))
    days, minutes = divmod(minutes, 24 * 60)
    return f"{days} d {minutes // 60:02} h {minutes % 60:02} min"


def when(text: str) -> datetime:
    """A time such as ``2026-11-27 18:00``; a day alone ends at midnight."""
    try:
        day_alone = re.fullmatch(r"\d{4}-\d\d-\d\d", text)
        return datetime.fromisoformat(f"{text} 23:59:59" if day_alone else text)
    except ValueError:
        raise ValueError(f"{text!r} is no time: write it as 2026-11-27 18:00") from None
