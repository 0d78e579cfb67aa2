"""Finding the files of a public data set, and never using a damaged one.

A file is looked for in the directory named by ``LOOKCLOSELY_DATA``, then in the user's cache, and
only then is it downloaded from its public source (never if ``LOOKCLOSELY_OFFLINE`` is 1). Wherever
it was found, its *contents* are checked against a SHA-256 before anything uses them: the bytes
inside the zip or gzip file, since two packings of the same images are equally good, and one changed
pixel is not.
"""

import contextlib
import errno
import gzip
import hashlib
import io
import os
import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lookclosely.errors import DamagedData, MissingData

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
Members = dict[str, bytes]  # name inside an archive -> its uncompressed bytes


@dataclass(frozen=True)
class Source:
    """One file of a data set: where it lies, where it comes from, how it is read and checked.

    ``file`` is its path below the data directory, ``urls`` are tried in order, ``read`` turns the
    bytes of the file into its members, ``sha256`` is the ``digest`` of those members.
    """

    file: str
    title: str
    urls: tuple[str, ...]
    sha256: str
    read: Callable[[bytes], Members]


def load(source: Source) -> Members:
    """The verified members of ``source``.

    Raises ``MissingData`` if the file is nowhere, ``DamagedData`` if it is not the published one.
    """
    path = find(source)
    if path is None:
        return _download(source)
    fix = "Delete the file and load again, or replace it with a good copy."
    return verified(source, path, f"{path} is damaged", fix)


def find(source: Source) -> Path | None:
    """The path of ``source`` in ``LOOKCLOSELY_DATA`` or else in the cache; None if in neither."""
    return next((path for path in _places(source) if path.is_file()), None)


def verified(source: Source, path: Path, finding: str, fix: str) -> Members:
    """The members of the file at ``path``, checked; else ``DamagedData("finding: why. fix")``."""
    data = path.read_bytes()
    try:
        members = source.read(data)
    except Exception as error:  # a broken zip file makes zipfile raise a dozen different ones
        raise DamagedData(f"{finding}: it cannot be read ({error}). {fix}") from error
    if digest(members) != source.sha256:
        raise DamagedData(f"{finding}: its contents are not those of {source.title}. {fix}")
    return members


def digest(members: Members) -> str:
    """SHA-256 of the members' names and contents, whatever their order or compression.

    Taken over ``name, 0x00, sha256(contents)`` of each member in order of name. The one member of a
    gzip file has no name: then it is the SHA-256 that ``zcat FILE | sha256sum`` prints.
    """
    if members.keys() == {""}:
        return hashlib.sha256(members[""]).hexdigest()
    total = hashlib.sha256()
    for name in sorted(members):
        total.update(name.encode() + b"\0" + hashlib.sha256(members[name]).digest())
    return total.hexdigest()


def read_zip(data: bytes, pattern: re.Pattern[str]) -> Members:
    """The members of a zip file whose name matches, called by the first group of the match.

    The pattern can thus strip the folder ``repository-commit/`` that GitHub puts around an archive.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = {name: pattern.search(name) for name in archive.namelist()}
        return {match.group(1): archive.read(name) for name, match in found.items() if match}


def read_gzip(data: bytes) -> Members:
    """The one member of a gzip file, without a name."""
    return {"": gzip.decompress(data)}


def cache_directory() -> Path:
    """Where downloads are kept, e.g. ``~/.cache/lookclosely`` on Linux.

    Raises ``RuntimeError`` where the user has no home and no cache is named.
    """
    import pooch

    directory = Path(pooch.os_cache("lookclosely"))
    if directory.parts[0] == "~":
        raise RuntimeError("there is no home directory: set HOME or LOOKCLOSELY_DATA")
    return directory


def _places(source: Source) -> list[Path]:
    """The paths where ``source`` may lie, in order of preference."""
    named = os.environ.get("LOOKCLOSELY_DATA")
    directories = [Path(named)] if named else []
    with contextlib.suppress(RuntimeError):  # no home: neither ~ nor a cache
        directories = [directory.expanduser() for directory in directories]
        directories.append(cache_directory())
    return [directory / source.file for directory in directories]


def _download(source: Source) -> Members:
    """Fetch ``source`` and keep it in the cache; what is not verified never gets there."""
    if os.environ.get("LOOKCLOSELY_OFFLINE") == "1":
        raise MissingData(_missing(source))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "download"
        url = _retrieve(source, path)
        fix = f"Load again later, or set LOOKCLOSELY_DATA to a directory that holds {source.file}."
        members = verified(source, path, f"The download from {url} is damaged", fix)
    try:
        _keep(members, cache_directory() / source.file)
    except (OSError, RuntimeError) as error:  # a full disk, a read-only home, or none
        print(
            f"{source.title} was downloaded, but cannot be kept ({error}), and so will be "
            f"downloaded again: set LOOKCLOSELY_DATA to a directory that holds {source.file}."
        )
    return members


def _retrieve(source: Source, path: Path) -> str:
    """Download to ``path`` from the first of the source's addresses that answers; say which it was.

    No hash is given to pooch: an archive that GitHub packs on request may change its compression.
    """
    import pooch

    download = pooch.HTTPDownloader(progressbar=True)
    reasons = []
    for url in source.urls:
        try:
            download(url, str(path), None)
            return url
        except OSError as error:  # what requests raises are OSErrors too
            _hang_up(error)
            if error.errno in NO_ROOM:
                raise MissingData(
                    f"{source.title} cannot be downloaded: {path.parent} has no room "
                    f"({error.strerror}). Free some, or set TMPDIR to another directory."
                ) from error
            reasons.append(error)
    raise MissingData(_missing(source)) from reasons[-1]


def _hang_up(error: OSError) -> None:
    """Close the connection of a refused download, which pooch leaves open in the error."""
    response = getattr(error, "response", None)
    if response is not None:  # a response with status 404 is false
        response.close()


def _keep(members: Members, target: Path) -> None:
    """Write ``members`` to ``target`` in one step: an interruption leaves no half file behind."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        packed = Path(folder) / "packed"
        packed.write_bytes(_pack(members, target.suffix))
        os.replace(packed, target)


def _pack(members: Members, suffix: str) -> bytes:
    """The bytes of a .zip or .gz file of ``members``: the cache keeps only what we use."""
    if suffix == ".gz":
        return gzip.compress(members[""], mtime=0)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members):
            archive.writestr(name, members[name])
    return buffer.getvalue()


def _missing(source: Source) -> str:
    return (
        f"{source.title} is missing: go online once so that it can be downloaded from "
        f"{source.urls[0]}, or set LOOKCLOSELY_DATA to a directory that holds {source.file}."
    )
