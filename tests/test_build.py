"""The way from chapters to the site, on a small book of one or two chapters."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from book.pipeline.fingerprint import fingerprint, made_with
from book.pipeline.paths import Book
from book.pipeline.record import is_complete, keep, kept_fingerprint, lacks_data, seconds, take_over
from book.pipeline.site import machinery
from book.pipeline.sources import chapters
from book.pipeline.surroundings import alone
from book.site.demos import lighten

ROOT = Path(__file__).resolve().parents[1]

HEADER = """---
kernelspec: {display_name: Python 3, language: python, name: python3}
jupytext: {text_representation: {extension: .md, format_name: myst}}
---

"""
CHAPTER = (
    HEADER
    + """# A small chapter

```{run-badge}
```

```{code-cell} ipython3
import os
from lookclosely import __version__
assert "LOOKCLOSELY_DATA" not in os.environ and __version__
print("six times seven is", int(os.environ.get("ANSWER", 6 * 7)))
```
"""
)
TOC = """format: jb-book
root: book/index
chapters:
- file: chapters/looking/small
- file: book/timings
- file: book/gallery
"""
# Python opens no connection but to this machine: neither the build nor a chapter needs another.
NO_NETWORK = """import socket
connect = socket.socket.connect
def local_only(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise OSError(f"no network in this test: {address}")
    return connect(self, address)
socket.socket.connect = local_only
"""


def small_book(folder: Path) -> Book:
    """The book's own machinery around one chapter."""
    shutil.copytree(ROOT / "book", folder / "book", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "_config.yml", folder)
    (folder / "_toc.yml").write_text(TOC)
    (folder / "book" / "index.md").write_text("# A small book\n")
    write(folder / "chapters/looking/small.md", CHAPTER)
    write(folder / "src/lookclosely/__init__.py", "__version__ = '1'\n")
    write(folder / "src/lookclosely/part.py", "x = 1\n")
    write(folder / "no_network/sitecustomize.py", NO_NETWORK)
    return Book(folder)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run(book: Book, chapter: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """``make book``, after its setup, without network and without data."""
    environment = {key: value for key, value in os.environ.items() if key != "LOOKCLOSELY_DATA"}
    environment |= {"PYTHONPATH": str(book.root / "no_network"), **variables}
    command = [sys.executable, "-m", "book.pipeline", "--root", str(book.root)]
    command += ["--chapter", chapter] if chapter else []
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, str]:
    book = small_book(tmp_path_factory.mktemp("book"))
    done = run(book)
    assert done.returncode == 0, done.stdout + done.stderr
    return book, done.stdout


@pytest.mark.slow
def test_builds_without_network_and_without_data(built: tuple[Book, str]) -> None:
    book, said = built
    page = (book.html / "chapters/looking/small.html").read_text()
    assert "executed now: 1" in said
    assert "six times seven is 42" in page
    assert "on one CPU core. No GPU needed." in page
    assert "A small chapter" in (book.html / "book/timings.html").read_text()


@pytest.mark.slow
def test_executes_only_what_has_changed(built: tuple[Book, str]) -> None:
    book, _ = built
    before = book.executed("chapters/looking/small").read_bytes()
    done = run(book)
    assert "executed now: 0" in done.stdout, done.stderr
    assert book.executed("chapters/looking/small").read_bytes() == before


@pytest.mark.slow
def test_new_prose_is_on_the_page_without_an_execution(built: tuple[Book, str]) -> None:
    book, _ = built
    page = book.html / "chapters/looking/small.html"
    write(book.root / "chapters/looking/small.md", CHAPTER + "\nIt is forty-two.\n")
    done = run(book)
    assert "executed now: 0" in done.stdout, done.stderr
    assert "It is forty-two." in page.read_text() and "seven is 42" in page.read_text()


@pytest.mark.slow
def test_new_package_gives_new_outputs_on_the_page(built: tuple[Book, str]) -> None:
    """The chapter's source is the same, so that Sphinx alone would keep the old page."""
    book, _ = built
    write(book.root / "src/lookclosely/part.py", "x = 2\n")
    assert "executed now: 0" in run(book, ANSWER="43").stdout, "the chapter does not name it"
    write(book.root / "src/lookclosely/__init__.py", "__version__ = '2'\n")
    done = run(book, ANSWER="43")
    assert "executed now: 1" in done.stdout, done.stderr
    assert "six times seven is 43" in (book.html / "chapters/looking/small.html").read_text()


@pytest.mark.slow
def test_one_chapter_alone_is_built_and_others_stay(built: tuple[Book, str]) -> None:
    book, _ = built
    index = book.html / "book/index.html"
    write(book.root / "book/index.md", "# Another title\n")
    write(book.root / "chapters/looking/small.md", CHAPTER.replace("six times", "6 times"))
    done = run(book, chapter="looking/small")
    assert "executed now: 1" in done.stdout, done.stderr
    assert "6 times seven is 42" in (book.html / "chapters/looking/small.html").read_text()
    assert "Another title" not in index.read_text()
    assert "choose from looking/small" in run(book, chapter="looking/large").stderr
    assert run(book).returncode == 0
    assert "Another title" in index.read_text()


@pytest.mark.slow
def test_two_builds_at_once_do_not_meet(built: tuple[Book, str]) -> None:
    book, _ = built
    with alone(book.build):
        done = run(book)
    assert done.returncode == 1
    assert f"another build is at work in {book.build}: wait until it has ended" in done.stderr
    with alone(book.build):  # it has let go
        pass


@pytest.mark.slow
@pytest.mark.parametrize("place", ["/", "/proc/nowhere"])
def test_builds_where_the_home_is_read_only_or_missing(tmp_path: Path, place: str) -> None:
    """A chapter that draws: matplotlib, IPython and Jupyter all want to write there."""
    book = small_book(tmp_path)
    write(
        book.source("chapters/looking/small"),
        CHAPTER.replace("import os\n", "import os\nimport matplotlib.pyplot\n"),
    )
    done = run(book, HOME=place, XDG_CACHE_HOME="", MPLCONFIGDIR="")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_failing_chapter_fails_the_build_with_its_traceback(tmp_path: Path) -> None:
    book = small_book(tmp_path)
    write(tmp_path / "_toc.yml", TOC + "- file: chapters/looking/broken\n")
    broken = CHAPTER.replace("6 * 7", "6 / 0")
    write(tmp_path / "chapters/looking/broken.md", broken)
    done = run(book)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stdout
    assert "failed to execute: chapters/looking/broken" in done.stderr
    assert book.executed("chapters/looking/small").exists(), "the good chapter is kept"
    assert not book.executed("chapters/looking/broken").exists()
    assert not book.html.exists()


@pytest.mark.slow
def test_warning_fails_the_first_build_and_the_second(tmp_path: Path) -> None:
    book = small_book(tmp_path)
    write(tmp_path / "book/index.md", "# A small book\n\nSee {doc}`nowhere`.\n")
    for _ in range(2):
        done = run(book)
        assert done.returncode == 1
        assert "nowhere" in done.stderr
        assert not book.html.exists()


NAMING = """# Prose

```{code-cell} ipython3
:tags: [hide-output]
from lookclosely import experiments, ops
from lookclosely.data import nuclei
ops.nms(1), experiments.load("a"), nuclei.load()
```

```{code-cell} ipython3
---
mystnb:
  image:
    alt: A picture.
---
1
```
"""
OPS = """LEFT = 1
def nms(x: int):
    'Keep.'
    return x
"""


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Book:
    """One whose chapter names an op, a result and a data set."""
    monkeypatch.delenv("LOOKCLOSELY_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    book = small_book(tmp_path)
    write(book.package / "ops.py", OPS)
    write(book.package / "data/__init__.py", "")
    write(book.package / "data/nuclei.py", "SOURCE = 1\ndef load():\n    return SOURCE\n")
    write(book.package / "experiments/__init__.py", "def load(name):\n    return name\n")
    write(book.package / "results/a.json", "1")
    write(book.package / "results/b.json", "1")
    write(book.root / "requirements.txt", "torch==2\n")
    write(book.source("chapters/looking/small"), HEADER + NAMING)
    return book


def today(book: Book) -> str:
    return fingerprint(book, "chapters/looking/small")


@pytest.mark.parametrize(
    ("path", "old", "new", "again"),
    [
        ("chapters/looking/small.md", "# Prose", "# Other prose", False),
        ("chapters/looking/small.md", "A picture.", "The picture.", False),
        ("chapters/looking/small.md", "nms(1)", "nms(2)", True),
        ("chapters/looking/small.md", "hide-output", "raises-exception", True),
        ("src/lookclosely/ops.py", "return x", "return 2 * x", True),
        ("src/lookclosely/ops.py", "LEFT = 1", "LEFT = 2", False),
        ("src/lookclosely/ops.py", "Keep.", "Keep boxes.", False),
        ("src/lookclosely/ops.py", "x: int", "x: float", False),
        ("src/lookclosely/results/a.json", "1", "2", True),
        ("src/lookclosely/results/b.json", "1", "2", False),
        ("requirements.txt", "torch==2", "torch==3", True),
    ],
)
def test_a_chapter_is_executed_again_for_what_it_names(
    book: Book, path: str, old: str, new: str, again: bool
) -> None:
    before, text = today(book), (book.root / path).read_text()
    assert today(book) == before and old in text
    write(book.root / path, text.replace(old, new))
    assert (today(book) != before) == again


@pytest.mark.parametrize("place", ["LOOKCLOSELY_DATA", "XDG_CACHE_HOME"])
def test_data_that_arrives_executes_the_chapters_that_read_it(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    before = today(book)
    folder = tmp_path / "data" / ("lookclosely" if place == "XDG_CACHE_HOME" else "")
    write(folder / "bccd.zip", "…")
    monkeypatch.setenv(place, str(tmp_path / "data"))
    assert today(book) == before, "it reads no blood cells"
    write(folder / "nuclei.zip", "…")
    assert today(book) != before
    assert made_with(before, today(book)) == today(book)


@pytest.mark.parametrize(
    "path",
    ["_toc.yml", "book/glossary.md", *(f"book/{p.name}" for p in (ROOT / "book").glob("*.yml"))],
)
def test_all_pages_are_built_again_for_what_shapes_them_all(book: Book, path: str) -> None:
    before = machinery(book)
    assert machinery(book) == before
    write(book.root / path, (book.root / path).read_text() + "\n")
    assert machinery(book) != before


def test_chapters_are_those_of_the_contents(book: Book) -> None:
    assert chapters(book) == ["chapters/looking/small"]


def notebook(*cells: dict) -> nbformat.NotebookNode:
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell("x", **cell) for cell in cells]
    return made


def timing(begin: str, end: str) -> dict:
    day = "2026-01-01T10:00:"
    return {
        "execution": {
            "iopub.execute_input": f"{day}{begin}Z",
            "shell.execute_reply": f"{day}{end}Z",
        }
    }


def test_seconds_from_the_first_cell_to_the_last() -> None:
    cells = {"metadata": timing("01.0", "02.5")}, {"metadata": timing("02.6", "09.25")}
    assert seconds(notebook(*cells)) == 8.25
    assert seconds(notebook()) == 0.0


def test_complete_means_that_every_cell_ran_and_none_raised() -> None:
    error = nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])
    raised = {"execution_count": 2, "outputs": [error]}
    assert is_complete(notebook({"execution_count": 1}))
    assert not is_complete(notebook({"execution_count": 1}, {}))
    assert not is_complete(notebook(raised))
    assert is_complete(notebook(raised | {"metadata": {"tags": ["raises-exception"]}}))


def test_prose_is_taken_over_and_outputs_stay(tmp_path: Path) -> None:
    path, printed = tmp_path / "a.ipynb", [nbformat.v4.new_output("stream", text="42")]
    keep(notebook({"execution_count": 1, "outputs": printed}), path, "abc")
    before = path.read_bytes()
    take_over(notebook({}), path)
    assert path.read_bytes() == before
    today = notebook({"metadata": {"mystnb": {"image": {"alt": "A picture."}}}})
    today.cells.insert(0, nbformat.v4.new_markdown_cell("# New"))
    take_over(today, path)
    cells = nbformat.read(path, 4).cells
    assert [cell.cell_type for cell in cells] == ["markdown", "code"]
    assert cells[1].outputs[0].text == "42" and "mystnb" in cells[1].metadata
    assert kept_fingerprint(path) == "abc"


def test_a_notebook_says_whether_data_was_missing() -> None:
    text = "The data set of cell nuclei is missing: go online once."
    outputs = [nbformat.v4.new_output("stream", text=text)]
    assert lacks_data(notebook({"execution_count": 1, "outputs": outputs}))
    assert not lacks_data(notebook({"execution_count": 1}))


def test_kept_notebook_says_what_it_was_made_from(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.ipynb"
    assert kept_fingerprint(path) is None
    keep(notebook({"metadata": timing("01.0", "03.0")}), path, "abc")
    assert kept_fingerprint(path) == "abc"
    assert "execution" not in nbformat.read(path, 4).cells[0].metadata


FRAGMENT = (
    '<div class="lc-demo"><style class="lc-demo-style">s</style>'
    '<img class="lc-demo-frame" src="data:image/webp;base64,{data}">'
    '<script class="lc-demo-script">j</script></div>'
)


def test_frames_become_files_and_styles_and_scripts_are_the_sites(tmp_path: Path) -> None:
    page = "".join(FRAGMENT.format(data=data) for data in ("AAAA", "BBBB", "AAAA"))
    light = lighten(page, tmp_path / "frames", lambda name: f"../frames/{name}")
    assert "base64" not in light
    assert len(list((tmp_path / "frames").iterdir())) == 2
    assert "<style" not in light and "<script" not in light and light.count("<img") == 3
