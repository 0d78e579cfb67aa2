"""What students and teachers are handed: complete, the same every time, and nothing leaks."""

import argparse
import json
import re
import subprocess
import sys
import zipfile

import nbformat
import pytest
from assignment_parts import PARTS, ROOT, WORDS, code, script

from book.site.assignments import read
from lookclosely.grading import assignments, grade
from lookclosely.grading.grade import points


def test_the_files(assignment):
    built, part = assignment.built, assignment.part
    files = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    assert files == {
        f"student/{part}-assignment.ipynb",
        f"teacher/{part}-autograder.zip",
        f"teacher/{part}-solution.ipynb",
    }


def test_the_zip_for_gradescope_has_limits_and_versions(assignment):
    with zipfile.ZipFile(assignment.autograder) as archive:
        script = archive.read("run_autograder").decode().splitlines()
        environment = archive.read("environment.yml").decode()
    assert script[0] == "#!/bin/bash"
    assert script[-2].startswith("ulimit -d 4194304")
    assert script[-1] == "timeout 600 python /autograder/source/run_otter.py"
    assert re.search(r"otter-grader\[grading,plugins\]==\d", environment)
    assert re.search(r"torch==\d", environment) and re.search(r"ipykernel==\d", environment)


def test_the_teachers_page_installs_from_the_books_own_address():
    text = (ROOT / "book" / "teachers.md").read_text("utf-8")
    lines = re.findall(r"pip install.*lookclosely.*", text)
    assert lines == ['pip install "lookclosely[grade] @ git+https://github.com/look-closely/book"']


def test_the_container_on_the_teachers_page_has_no_network_and_sees_two_folders():
    text = (ROOT / "book" / "teachers.md").read_text("utf-8").replace("\\\n", " ")
    (command,) = re.findall(r"^docker run .*$", text, re.MULTILINE)
    for option in ("--network none", "--read-only", "--cap-drop ALL", "no-new-privileges"):
        assert option in command
    volumes = re.findall(r'-v "([^"]+)"', command)
    assert volumes == ["$PWD/submissions:/submissions:ro", "$PWD/grades:/grades"]


def test_the_options_on_the_teachers_page_exist():
    text = (ROOT / "book" / "teachers.md").read_text("utf-8")
    text = text.partition("## Grading a folder")[2].partition("## This is no sandbox")[0]
    parser = argparse.ArgumentParser()
    grade.add_arguments(parser)
    known = {option for action in parser._actions for option in action.option_strings}
    named = set(re.findall(r"(?<![-\w])--[a-z][a-z-]*", text))
    assert named <= known and len(named) >= 10


def test_two_builds_are_the_same_bytes(assignment, tmp_path):
    again = assignments.build(assignment.source, tmp_path / assignment.part, WORDS)
    for path in (path for path in assignment.built.rglob("*") if path.is_file()):
        same = again / path.relative_to(assignment.built)
        assert path.read_bytes() == same.read_bytes(), path.name


def test_no_hidden_test_is_in_the_students_files(assignment):
    student = assignment.built / "student"
    handed_out = "".join(p.read_text("utf-8") for p in student.rglob("*.*"))
    for hidden in (True, False):
        for _, name in assignment.cases(hidden=hidden):
            assert (f"def {name}(" in handed_out) is not hidden, name
    assert "hidden=True" not in handed_out


def test_no_line_of_a_hidden_test_is_in_the_students_files(assignment):
    text = json.dumps(json.loads(assignment.student.read_text("utf-8")))
    with zipfile.ZipFile(assignment.autograder) as archive:
        sources = [archive.read(n).decode() for n in archive.namelist() if n.startswith("tests/")]
    bodies = [b for s in sources for b in s.split("@test_case") if "hidden=True" in b[:40]]
    lines = {line.strip() for body in bodies for line in body.splitlines()}
    telling = [line for line in lines if "expected" in line or "randn" in line]
    assert len(bodies) == len(assignment.cases(hidden=True))
    assert len(telling) > len(bodies) / 2
    assert not [line for line in telling if json.dumps(line)[1:-1] in text]


def test_no_solution_is_in_the_students_files(assignment):
    ours, theirs = set(code(assignment.student)), set(code(assignment.solution))
    assert len(theirs - ours) == assignment.solved_cells > 0
    for source in theirs - ours:
        start = source.partition("(" if source.startswith("def") else "=")[0]
        stub = next(stub for stub in ours - theirs if stub.startswith(start))
        assert stub.rstrip().endswith("...")
        assert len(stub) < len(source)


def test_the_student_notebook_is_plain_markdown_without_outputs(assignment):
    notebook = nbformat.read(assignment.student, as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert not re.search(r"^:::|^```\{|\{(ref|numref|term|cite)[^}]*\}`|@\w+@", text, re.MULTILINE)
    assert text.count("<details>") == text.count("</details>") > 0
    assert all(not cell.get("outputs") for cell in notebook.cells)
    assert list(notebook.metadata) == ["kernelspec"]


def test_the_chapters_to_read_first_are_there(assignment):
    pages = re.findall(r"@SITE@/([\w/]+)\.html", assignment.source.read_text("utf-8"))
    assert f"chapters/{assignment.part}/" in " ".join(pages)
    assert [page for page in pages if not (ROOT / f"{page}.md").is_file()] == []
    text = assignment.student.read_text("utf-8")
    assert all(f"https://example.org/book/{page}.html" in text for page in pages)


def test_the_points_are_in_the_text(assignment):
    given = points(assignment.autograder)
    assert list(given) == list(assignment.questions)
    assert given == {name: q.possible for name, q in assignment.questions.items()}
    (each,) = set(given.values())
    text = "\n".join(c.source for c in nbformat.read(assignment.student, as_version=4).cells)
    assert text.count(f"_Points:_ {each:g}") == len(given)
    assert f"{sum(given.values()):g} points, {each:g} for each question" in text


def test_the_page_for_teachers_lists_it(assignment):
    assert "```{assignments}" in (ROOT / "book" / "teachers.md").read_text("utf-8")
    sheet = read(ROOT / "chapters" / assignment.part / "assignment.md")
    assert list(sheet.points) == list(points(assignment.autograder).values())


def installing(notebook, tmp_path, missing, status=0):
    """What the first cell asks of pip where packages are missing, pip replaced by a recorder."""
    stage = f"""
import importlib.util, json, subprocess
from pathlib import Path
found = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name in {missing} else found(name)
def call(command):
    kept = Path("constraints.txt").read_text().split()
    print(json.dumps([command, kept]))
    return {status}
subprocess.call = call
{code(notebook)[0]}
"""
    return subprocess.run(
        [sys.executable, "-c", stage], cwd=tmp_path, capture_output=True, text=True
    )


def test_the_install_cell_keeps_what_is_there(assignment, tmp_path):
    """Otter comes without its requirements: they would move ipywidgets and wrapt of Colab."""
    missing = ("lookclosely", "otter", "ipylab", "fica", "frontmatter")
    told = installing(assignment.student, tmp_path, missing)
    (package, kept), (otter, _) = map(json.loads, told.stdout.splitlines())
    assert package[1:7] == ["-m", "pip", "install", "-q", "-c", "constraints.txt"]
    assert package[7:] == ["lookclosely"]
    assert otter[1:6] == ["-m", "pip", "install", "-q", "--no-deps"]
    assert otter[6:] == ["otter-grader==7.0.0", "fica", "ipylab", "python-frontmatter"]
    names = [line.split("==")[0] for line in kept]
    assert names == ["numpy", "torch", "torchvision", "ipywidgets", "wrapt", "ipython", "pandas"]


def test_otter_is_the_version_that_is_tested(assignment):
    import otter

    assert f'"otter-grader=={otter.__version__}"' in code(assignment.student)[0]


def test_the_install_cell_says_what_to_do_without_a_network(assignment, tmp_path):
    told = installing(assignment.student, tmp_path, ("lookclosely",), status=1)
    assert told.returncode == 1
    assert "needs the network, once: connect, then run this cell again" in told.stderr


def test_the_install_cell_does_nothing_where_all_is_there(assignment, tmp_path):
    told = installing(assignment.student, tmp_path, ())
    assert (told.returncode, told.stdout) == (0, "")
    assert not list(tmp_path.iterdir())


COLAB = """
import IPython, otter.check.utils
IPython.get_ipython = otter.check.utils.get_ipython = lambda: "<google.colab._shell.Shell>"
assert otter.check.utils.IPythonInterpreter.COLAB.value.running()
"""


@pytest.mark.parametrize(
    ("which", "colab"), [("solution", False), ("solution", True), ("student", True)]
)
def test_the_notebook_checks_itself(which, colab, assignment, tmp_path):
    """In an empty directory: on Colab the notebook is no file, and Otter knows that it is there."""
    program = COLAB * colab + script(getattr(assignment, which))
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    passed, failed = (told.stdout.count(s) for s in ("All test cases passed!", "Test case failed"))
    if which == "solution":
        assert (passed, failed) == (len(assignment.questions), 0)
    else:
        assert (passed, failed) == (0, len(assignment.cases(hidden=False)))


def test_a_source_without_a_place_for_its_tests_is_refused(segmentation, tmp_path):
    text = segmentation.source.read_text("utf-8")
    source = tmp_path / "assignment.md"
    source.write_text(text.replace(assignments.MARKER, "pass"), "utf-8")
    with pytest.raises(ValueError, match="0 cells hold only '# PUBLIC TESTS'"):
        assignments.build(source, tmp_path / "out", WORDS)
    assert not (tmp_path / "out").exists()


def test_the_command_builds_every_assignment(tmp_path):
    parser = argparse.ArgumentParser()
    assignments.add_arguments(parser)
    assert assignments.run(parser.parse_args(["--root", str(ROOT), "--out", str(tmp_path)])) == 0
    for part in PARTS:
        text = (tmp_path / f"{part}/student/{part}-assignment.ipynb").read_text("utf-8")
        assert "lookclosely @ git+https://" in text and "@SITE@" not in text
    assert assignments.run(parser.parse_args(["--root", str(tmp_path)])) == 1
