"""``python -m lookclosely assignments``: from each assignment's source to what is handed out.

A source is ``chapters/<part>/assignment.md``: an Otter Assign notebook, written by jupytext. It
holds the questions, their solutions, the public and the hidden tests. Otter takes it apart:

    <out>/<part>/student/<part>-assignment.ipynb    for students, with the public tests inside
    <out>/<part>/teacher/<part>-autograder.zip      all tests, for ``grade`` and for Otter
    <out>/<part>/teacher/<part>-solution.ipynb      the student notebook with its answers

Otter itself can keep public tests in a notebook's metadata, but it refuses to read them on Colab,
where the notebook is no file. So the student notebook carries them in a code cell that writes them
to a folder. It is not called ``tests``: during grading, that one holds the hidden tests.

The same source gives the same bytes: cells are numbered, and the zip bears no dates.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
import warnings
import zipfile
from importlib.metadata import version
from pathlib import Path

PUBLIC_TESTS = "public_tests"
MARKER = "# PUBLIC TESTS"
MEMORY_KIB, SECONDS = 4 * 2**20, 600  # limits inside the zip, for Gradescope


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``assignments``."""
    parser.add_argument("--out", type=Path, default=Path("_build/assignments"))
    parser.add_argument("--root", type=Path, default=Path(), help="directory of the book's source")


def run(options: argparse.Namespace) -> int:
    """Build every assignment of the book; 1 if there is none."""
    sources = sorted(options.root.glob("chapters/*/assignment.md"))
    for source in sources:
        folder = build(source, options.out / source.parent.name, address(options.root))
        print(f"{source} -> {folder}")
    if not sources:
        print(f"no chapters/*/assignment.md in {options.root.resolve()}: name the book by --root")
    return 0 if sources else 1


def address(root: Path) -> dict[str, str]:
    """What ``@SITE@`` and ``@PACKAGE@`` mean in a source, from the book's ``_config.yml``."""
    import yaml

    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    commit = published_commit(root)
    return {
        "@SITE@": config["html"]["baseurl"].rstrip("/"),
        "@PACKAGE@": f"lookclosely @ git+{config['repository']['url']}{commit and '@' + commit}",
    }


def published_commit(root: Path) -> str:
    """The commit of the book at ``root``; "" where no other repository is known to have it.

    What is made from a commit installs that commit. One that was never pushed cannot be installed.
    """
    for question in (["branch", "--remotes", "--contains", "HEAD"], ["rev-parse", "HEAD"]):
        try:
            command = ["git", "-C", str(root), *question]
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        except (OSError, subprocess.SubprocessError):  # no git, or no repository
            return ""
        if not done.stdout.strip():
            return ""
    return done.stdout.strip()


def build(source: Path, folder: Path, words: dict[str, str]) -> Path:
    """Build one assignment into ``folder``, replacing what was there.

    ``words`` maps placeholders of the source to their text; ``folder.name`` names the files.
    Raises whatever Otter raises on a malformed source, and ``ValueError`` if its place for the
    public tests is missing. Nothing is replaced then.
    """
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        made = _otter_assign(_as_notebook(source, words), scratch, folder.name)
        student, teacher = scratch / "student", scratch / "teacher"
        student.mkdir()
        teacher.mkdir()
        tests = made / "student" / "tests"
        stem = folder.name
        _finish(made / "student", student / f"{stem}-assignment.ipynb", tests)
        _finish(made / "autograder", teacher / f"{stem}-solution.ipynb", tests)
        _repack(next((made / "autograder").glob("*.zip")), teacher / f"{stem}-autograder.zip")
        for made_here in (student, teacher):
            shutil.rmtree(folder / made_here.name, ignore_errors=True)
            shutil.copytree(made_here, folder / made_here.name)
    return folder


def _as_notebook(source: Path, words: dict[str, str]):
    import jupytext

    text = source.read_text(encoding="utf-8")
    for placeholder, meaning in (words | _pinned()).items():
        text = text.replace(placeholder, meaning)
    return jupytext.reads(text, fmt="md:myst")


def _pinned() -> dict[str, str]:
    """``@TORCH@`` and ``@KERNEL@``: the versions that are installed here, for the autograder."""
    packages = {"@TORCH@": "torch", "@KERNEL@": "ipykernel"}
    return {word: f"{name}=={version(name).split('+')[0]}" for word, name in packages.items()}


def _otter_assign(notebook, scratch: Path, stem: str) -> Path:
    """Otter's own output directory for ``notebook``: ``student`` and ``autograder``."""
    import nbformat

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # otter's dependencies: not ours to mend
        from otter.assign import main as otter_assign

        master = scratch / f"{stem}.ipynb"
        nbformat.write(notebook, master)
        otter_assign(str(master), str(scratch / "otter"), no_run_tests=True, no_pdfs=True)
    return scratch / "otter"


def _finish(made: Path, target: Path, tests: Path) -> None:
    """Write Otter's notebook with the public tests in their cell and nothing left to chance."""
    import nbformat

    notebook = nbformat.read(next(made.glob("*.ipynb")), as_version=4)
    places = [cell for cell in notebook.cells if cell.source.strip() == MARKER]
    if len(places) != 1:
        raise ValueError(
            f"{target.stem}: {len(places)} cells hold only {MARKER!r}; write exactly one, "
            "after the cell that installs otter-grader"
        )
    places[0].source = _test_cell(tests)
    places[0].metadata["jupyter"] = {"source_hidden": True}
    places[0].metadata["cellView"] = "form"  # folded on Colab
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = nbformat.from_dict({"kernelspec": kernel})
    nbformat.validate(notebook)
    target.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def _test_cell(tests: Path) -> str:
    """Code that writes the public tests beside the notebook and starts Otter on them."""
    sources = {file.name: file.read_text(encoding="utf-8") for file in sorted(tests.glob("*.py"))}
    return (
        "# @title The public tests. Run this cell; there is nothing to read or change here.\n"
        f"PUBLIC = {json.dumps(sources, indent=0)}\n"
        f'folder = Path("{PUBLIC_TESTS}")\n'
        "folder.mkdir(exist_ok=True)\n"
        "for name, source in PUBLIC.items():\n"
        '    (folder / name).write_text(source, encoding="utf-8")\n'
        "import otter\n\n"
        "grader = otter.Notebook(tests_dir=str(folder))"
    )


def limited(script: str) -> str:
    """Otter's ``run_autograder`` with limits of memory and time: Gradescope runs it as it is."""
    *first, last = script.rstrip().split("\n")
    limits = [f"ulimit -d {MEMORY_KIB}  # one submission: memory", f"timeout {SECONDS} {last}"]
    return "\n".join([*first, *limits]) + "\n"


def _repack(made: Path, target: Path) -> None:
    """Copy a zip file in the order of its names and without its dates."""
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(target, "w") as new:
        for name in sorted(old.namelist()):
            entry = zipfile.ZipInfo(name)  # 1 January 1980
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            content = old.read(name).decode()
            new.writestr(entry, limited(content) if name == "run_autograder" else content)
