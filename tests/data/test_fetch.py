"""A data file is found in the right place, checked, and never used when it is damaged."""

import errno
import functools
import gzip
import hashlib
import http.server
import io
import os
import pwd
import re
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pooch
import pytest
import requests

from lookclosely import data
from lookclosely.data import fetch

MEMBERS = {"stage/a.txt": b"first" * 100, "stage/b.txt": b"second" * 100}
PATTERN = re.compile(r"(?:^|/)(stage/\w+\.txt)$")


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, contents in members.items():
            archive.writestr(name, contents)
    return buffer.getvalue()


def source(urls=("http://127.0.0.1:9/archive.zip",)):
    read = functools.partial(fetch.read_zip, pattern=PATTERN)
    return fetch.Source("toy.zip", "The toy data set", urls, fetch.digest(MEMBERS), read)


GZIP = fetch.Source(
    "toy.gz",
    "The toy file",
    ("http://127.0.0.1:9/toy.gz",),
    hashlib.sha256(b"digits").hexdigest(),
    fetch.read_gzip,
)


@pytest.fixture
def named(tmp_path, monkeypatch):
    """An empty directory that LOOKCLOSELY_DATA names."""
    (tmp_path / "named").mkdir()
    monkeypatch.setenv("LOOKCLOSELY_DATA", str(tmp_path / "named"))
    return tmp_path / "named"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache instead of the user's own, and no wish to stay offline."""
    monkeypatch.delenv("LOOKCLOSELY_DATA", raising=False)
    monkeypatch.delenv("LOOKCLOSELY_OFFLINE", raising=False)
    monkeypatch.setattr(fetch, "cache_directory", lambda: tmp_path / "cache")
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def server(tmp_path):
    """A web server on this machine; yields its folder, its address and what was asked of it."""
    folder = tmp_path / "www"
    folder.mkdir()
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, format, *arguments):
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{httpd.server_port}", asked
        httpd.shutdown()
        thread.join()


def test_named_directory_comes_before_the_cache(named, cache):
    (cache / "toy.zip").write_bytes(zipped(MEMBERS))
    assert fetch.find(source()) == cache / "toy.zip"
    (named / "toy.zip").write_bytes(zipped(MEMBERS))
    assert fetch.find(source()) == named / "toy.zip"
    assert fetch.load(source()) == MEMBERS


def test_found_nowhere():
    assert fetch.find(source()) is None


def test_any_packing_of_the_same_contents_is_good(named):
    packings = [
        zipped(MEMBERS),
        zipped(MEMBERS, zipfile.ZIP_STORED),
        zipped(dict(reversed(MEMBERS.items()))),
        zipped({"README": b"not ours", **MEMBERS}),
        zipped({f"toy-1234abcd/{name}": contents for name, contents in MEMBERS.items()}),
    ]
    assert len(set(packings)) == len(packings)
    for packing in packings:
        (named / "toy.zip").write_bytes(packing)
        assert fetch.load(source()) == MEMBERS


def test_digest_depends_on_names_and_contents():
    variants = [
        MEMBERS,
        {**MEMBERS, "stage/c.txt": b""},
        {**MEMBERS, "stage/a.txt": b"First" + b"first" * 99},
        {"stage/a.txt": MEMBERS["stage/b.txt"], "stage/b.txt": MEMBERS["stage/a.txt"]},
        {"stage/a.txt": MEMBERS["stage/a.txt"]},
    ]
    assert len({fetch.digest(members) for members in variants}) == len(variants)


def flipped(data, position, bit=0):
    return data[:position] + bytes([data[position] ^ (1 << bit)]) + data[position + 1 :]


ARCHIVE = zipped(MEMBERS)
DAMAGED = {
    "truncated": ARCHIVE[:-40],
    "cut in the middle": ARCHIVE[: len(ARCHIVE) // 2],
    "empty": b"",
    "no zip file": b"<html>404</html>",
    "one bit flipped": flipped(ARCHIVE, 45),
    "well packed, one byte altered": zipped({**MEMBERS, "stage/a.txt": b"x" + b"first" * 100}),
    "a member missing": zipped({"stage/a.txt": MEMBERS["stage/a.txt"]}),
    "a member too many": zipped({**MEMBERS, "stage/c.txt": b"third"}),
}


@pytest.mark.parametrize("contents", DAMAGED.values(), ids=DAMAGED.keys())
def test_damaged_zip_is_named_and_not_used(named, cache, contents):
    (named / "toy.zip").write_bytes(contents)
    (cache / "toy.zip").write_bytes(ARCHIVE)  # a good copy elsewhere does not hide the damage
    with pytest.raises(data.DamagedData) as error:
        fetch.load(source())
    assert str(named / "toy.zip") in str(error.value)
    assert "Delete the file and load again" in str(error.value)


def test_a_flipped_bit_anywhere_is_harmless_or_noticed(tmp_path):
    path = tmp_path / "toy.zip"
    noticed = 0
    for position in range(len(ARCHIVE)):
        path.write_bytes(flipped(ARCHIVE, position, position % 8))
        try:
            members = fetch.verified(source(), path, "Damaged", "")
        except data.DamagedData:
            noticed += 1
        else:
            assert members == MEMBERS  # a time stamp, say
    assert noticed > len(ARCHIVE) / 4


@pytest.mark.parametrize(
    "contents",
    [gzip.compress(b"digits")[:-5], gzip.compress(b"digitz"), b"digits", b""],
    ids=["truncated", "altered", "not compressed", "empty"],
)
def test_damaged_gzip_is_named_and_not_used(named, contents):
    (named / "toy.gz").write_bytes(contents)
    with pytest.raises(data.DamagedData, match=re.escape(str(named / "toy.gz"))):
        fetch.load(GZIP)


def test_gzip_hash_is_that_of_the_uncompressed_bytes(named):
    for level in (0, 9):
        (named / "toy.gz").write_bytes(gzip.compress(b"digits", level))
        assert fetch.load(GZIP) == {"": b"digits"}


def test_download_is_repacked_into_the_cache_and_used_from_there(server, cache):
    folder, address, asked = server
    archive = zipped({"toy-1234/extra": b"!", **{f"toy-1234/{k}": v for k, v in MEMBERS.items()}})
    (folder / "archive.zip").write_bytes(archive)
    toy = source((f"{address}/gone.zip", f"{address}/archive.zip"))  # the second address answers
    assert fetch.load(toy) == MEMBERS
    assert asked.count("/archive.zip") == 1
    assert zipfile.ZipFile(cache / "toy.zip").namelist() == sorted(MEMBERS)
    assert [path.name for path in cache.iterdir()] == ["toy.zip"]
    assert fetch.load(toy) == MEMBERS
    assert asked.count("/archive.zip") == 1


def test_a_refused_download_leaves_no_connection_open(server):
    _, address, _ = server
    with pytest.raises(data.MissingData) as error:
        fetch.load(source((f"{address}/gone.zip",)))
    cause = error.value.__cause__
    assert isinstance(cause, requests.HTTPError) and cause.response is not None
    assert cause.response.raw.closed


def test_download_of_a_gzip_file(server, cache):
    folder, address, _ = server
    (folder / "toy.gz").write_bytes(gzip.compress(b"digits"))
    online = fetch.Source("sub/toy.gz", "T", (f"{address}/toy.gz",), GZIP.sha256, GZIP.read)
    assert fetch.load(online) == {"": b"digits"}
    assert gzip.decompress((cache / "sub" / "toy.gz").read_bytes()) == b"digits"


def test_damaged_download_is_not_kept(server, cache):
    folder, address, _ = server
    (folder / "archive.zip").write_bytes(DAMAGED["well packed, one byte altered"])
    with pytest.raises(data.DamagedData, match=re.escape(f"{address}/archive.zip")):
        fetch.load(source((f"{address}/archive.zip",)))
    assert list(cache.iterdir()) == []


def test_without_network_one_sentence_says_how_to_get_it(cache):
    with pytest.raises(data.MissingData) as error:
        fetch.load(source())  # nothing listens on port 9
    sentence = str(error.value)
    assert isinstance(error.value, FileNotFoundError)
    assert "\n" not in sentence and sentence.endswith(".")
    for part in ("The toy data set", "LOOKCLOSELY_DATA", "toy.zip", "http://127.0.0.1:9"):
        assert part in sentence
    assert list(cache.iterdir()) == []


def test_without_network_the_cache_need_not_be_writable(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(fetch, "cache_directory", lambda: tmp_path / "file" / "cache")
    with pytest.raises(data.MissingData):
        fetch.load(source())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_good_download_is_used_where_it_cannot_be_kept(
    server, cache, monkeypatch, capsys, number
):
    """A full disk, or a home that is read-only: the data is there, and half a file is not."""
    folder, address, _ = server
    (folder / "archive.zip").write_bytes(ARCHIVE)
    write = Path.write_bytes

    def no_room(path, contents):
        write(path, contents[: len(contents) // 2])
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", no_room)
    assert fetch.load(source((f"{address}/archive.zip",))) == MEMBERS
    said = capsys.readouterr().out
    assert said.startswith("The toy data set was downloaded, but cannot be kept (")
    assert os.strerror(number) in said and "set LOOKCLOSELY_DATA" in said
    assert list(cache.iterdir()) == []


def test_a_full_disk_is_no_missing_network(server, monkeypatch):
    _, address, _ = server

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", full)
    with pytest.raises(data.MissingData, match=r"has no room \(No space left on device\)\. Free"):
        fetch.load(source((f"{address}/archive.zip",)))


@pytest.fixture
def homeless(monkeypatch):
    """A user without a home, as in a container that runs under any number."""
    monkeypatch.undo()
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("LOOKCLOSELY_DATA", raising=False)
    monkeypatch.delenv("LOOKCLOSELY_OFFLINE", raising=False)

    def nobody(number):
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", nobody)


def test_without_a_home_named_data_is_found(homeless, tmp_path, monkeypatch):
    (tmp_path / "toy.zip").write_bytes(ARCHIVE)
    monkeypatch.setenv("LOOKCLOSELY_DATA", str(tmp_path))
    assert fetch.load(source()) == MEMBERS


def test_without_a_home_a_download_is_used(homeless, server, tmp_path, monkeypatch, capsys):
    folder, address, _ = server
    (folder / "archive.zip").write_bytes(ARCHIVE)
    monkeypatch.chdir(tmp_path)
    assert fetch.find(source()) is None
    assert fetch.load(source((f"{address}/archive.zip",))) == MEMBERS
    assert "home directory" in capsys.readouterr().out
    assert not (tmp_path / "~").exists()


def test_offline_asks_nobody(monkeypatch):
    def download(*arguments, **options):
        raise AssertionError("no download was wanted")

    monkeypatch.setattr(pooch, "HTTPDownloader", download)
    monkeypatch.setenv("LOOKCLOSELY_OFFLINE", "1")
    with pytest.raises(data.MissingData):
        fetch.load(source())


def test_optional_prints_the_sentence_and_goes_on(capsys, monkeypatch):
    monkeypatch.setenv("LOOKCLOSELY_OFFLINE", "1")
    reached = []
    with data.optional():
        fetch.load(source())
        reached.append("the line after the load")
    assert not reached
    assert capsys.readouterr().out.startswith("The toy data set is missing: ")


@pytest.mark.parametrize("error", [data.DamagedData("x"), FileNotFoundError("x"), ValueError("x")])
def test_optional_lets_other_errors_pass(error):
    with pytest.raises(type(error)), data.optional():
        raise error


def test_optional_is_silent_when_all_is_there(capsys):
    with data.optional():
        value = 3
    assert value == 3
    assert capsys.readouterr().out == ""


def test_cache_directory_is_the_users(monkeypatch):
    monkeypatch.undo()
    assert fetch.cache_directory() == Path(pooch.os_cache("lookclosely"))


def test_importing_data_is_light():
    heavy = "{'skimage', 'pooch', 'torchvision', 'scipy', 'torch'}"
    code = f"import sys, lookclosely.data; sys.exit(str({heavy} & sys.modules.keys()))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.stderr.strip() == "set()"
