"""Chapters with real images also run where there are neither images nor a network."""

from pathlib import Path

import nbformat
import pytest

from book.pipeline.execute import run_notebooks
from book.pipeline.paths import Book
from book.pipeline.record import is_complete
from book.pipeline.sources import chapters, convert
from test_build import NO_NETWORK, ROOT, write

BOOK = Book(ROOT)
WITH_DATA = [name for name in chapters(BOOK) if "data.optional()" in BOOK.source(name).read_text()]


def test_there_are_such_chapters() -> None:
    assert "chapters/segmentation/unet" in WITH_DATA


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", WITH_DATA)
def test_a_chapter_says_what_is_missing_and_goes_on(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "no_network/sitecustomize.py", NO_NETWORK)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "no_network"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("LOOKCLOSELY_DATA", raising=False)
    path = convert(BOOK, name, tmp_path)
    assert run_notebooks([path], tmp_path, workers=1) == 0
    notebook = nbformat.read(path, 4)
    assert is_complete(notebook)
    outputs = (out for cell in notebook.cells for out in cell.get("outputs", []))
    assert " is missing: " in "".join(out.get("text", "") for out in outputs)
