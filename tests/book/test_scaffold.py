"""``make new`` writes skeletons that are Python and MyST, know their place, and are red."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest
import yaml

from book.scaffold import plan, write

ROOT = Path(__file__).parents[2]
CODE = [("experiment", "detection/levels"), ("model", "detection/levels"), ("op", "levels")]


@pytest.fixture
def clone(tmp_path):
    """As much of the book as a chapter has to be entered in."""
    for name in ("_toc.yml", "book/chapters-to-come.yml", "book/slide-map.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("book/references.bib", "book/glossary.md", "tests/test_chapters.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_a_chapter_enters_the_table_of_contents_behind_its_part(clone):
    name = "detection/never_there"
    write(clone, plan(clone, "chapter", name))
    files = [line.strip() for line in (clone / "_toc.yml").read_text().splitlines()]
    at = files.index(f"- file: chapters/{name}")
    assert "chapters/detection/" in files[at - 1]
    yaml.safe_load((clone / "_toc.yml").read_text())
    notebook = jupytext.read(clone / f"chapters/{name}.md")
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    for source in cells:
        ast.parse(source)
    text = "\n".join(cells)
    assert "show.network(" in text and "ask=" in text and text.count("check(") >= 2


def test_a_part_without_chapters_is_made(clone):
    write(clone, plan(clone, "chapter", "beyond/never_there"))
    toc = yaml.safe_load((clone / "_toc.yml").read_text())
    part = next(part for part in toc["parts"] if part["caption"] == "Beyond boxes")
    assert part == {
        "caption": "Beyond boxes",
        "numbered": True,
        "chapters": [{"file": "chapters/beyond/never_there"}],
    }


def test_a_chapter_that_was_to_come_comes_with_its_title(clone):
    coming = yaml.safe_load((clone / "book/chapters-to-come.yml").read_text())
    name, title = next(iter(coming.items()))
    write(clone, plan(clone, "chapter", name))
    assert (clone / f"chapters/{name}.md").read_text().count(f"# {title}\n") == 1
    assert name not in (yaml.safe_load((clone / "book/chapters-to-come.yml").read_text()) or {})


def test_the_tests_of_a_new_chapter_are_red(clone):
    write(clone, plan(clone, "chapter", "detection/never_there"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "never_there"]
    done = subprocess.run(
        [*command, "tests/test_chapters.py"], cwd=clone, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and "test_no_markup_slips" in done.stdout, done.stdout


@pytest.mark.parametrize(("kind", "name"), CODE)
def test_code_and_its_tests_are_python_without_an_answer(clone, kind, name):
    for path in write(clone, plan(clone, kind, name)):
        ast.parse(path.read_text())
        assert "{{" not in path.read_text()
        assert "TODO" in path.read_text() or path.name.startswith("test_")


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("chapter", "detecting/fpn", "the part one of"),
        ("chapter", "detection/FPN", "give part/name"),
        ("op", "detection/fpn", "give a name such as"),
    ],
)
def test_what_has_no_place_is_refused(clone, kind, name, words):
    with pytest.raises(ValueError, match=words):
        plan(clone, kind, name)


def test_what_is_there_is_not_written_over(clone):
    write(clone, plan(clone, "op", "levels"))
    with pytest.raises(ValueError, match="there already"):
        plan(clone, "op", "levels")
