"""What students and teachers are handed: complete, the same every time, and nothing leaks."""

import argparse
import json
import re
import subprocess
import sys
import zipfile

import nbformat
import pytest
from assignment_parts import ROOT, SOURCE, WORDS, code

from lookclosely.grading import assignments
from lookclosely.grading.grade import points


def test_the_files(built):
    files = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    assert files == {
        "student/segmentation-assignment.ipynb",
        "teacher/segmentation-autograder.zip",
        "teacher/segmentation-solution.ipynb",
    }


def test_two_builds_are_the_same_bytes(built, tmp_path):
    again = assignments.build(SOURCE, tmp_path / "segmentation", WORDS)
    for path in (path for path in built.rglob("*") if path.is_file()):
        assert path.read_bytes() == (again / path.relative_to(built)).read_bytes(), path.name


def test_no_hidden_test_is_in_the_students_files(built, questions):
    handed_out = "".join(p.read_text("utf-8") for p in (built / "student").rglob("*.*"))
    for question in questions.values():
        for case in question.test_cases:
            name = case.body.test_func.__name__
            assert (f"def {name}(" in handed_out) is not case.hidden, name
    assert "hidden=True" not in handed_out


def test_no_line_of_a_hidden_test_is_in_the_students_files(built, autograder):
    handed_out = json.loads((built / "student/segmentation-assignment.ipynb").read_text("utf-8"))
    text = json.dumps(handed_out)
    with zipfile.ZipFile(autograder) as archive:
        sources = [archive.read(n).decode() for n in archive.namelist() if n.startswith("tests/")]
    bodies = [b for s in sources for b in s.split("@test_case") if "hidden=True" in b[:40]]
    lines = {line.strip() for body in bodies for line in body.splitlines()}
    telling = [line for line in lines if "expected" in line or "randn" in line]
    assert len(bodies) == 24 and len(telling) > 20
    assert not [line for line in telling if json.dumps(line)[1:-1] in text]


def test_no_solution_is_in_the_students_files(student, solution):
    ours, theirs = set(code(student)), set(code(solution))
    assert len(theirs - ours) == 5  # the numbers of question 1 and four functions
    for source in theirs - ours:
        start = source.partition("(" if source.startswith("def") else "=")[0]
        stub = next(stub for stub in ours - theirs if stub.startswith(start))
        assert stub.rstrip().endswith("...")
        assert len(stub) < len(source)


def test_the_student_notebook_is_plain_markdown_without_outputs(student):
    notebook = nbformat.read(student, as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert not re.search(r"^:::|^```\{|\{(ref|numref|term|cite)[^}]*\}`|@\w+@", text, re.MULTILINE)
    assert "https://example.org/book/chapters/segmentation/unet.html" in text
    assert text.count("<details>") == text.count("</details>") > 0
    assert all(not cell.get("outputs") for cell in notebook.cells)
    assert list(notebook.metadata) == ["kernelspec"]


def test_the_points_are_in_the_text(student, autograder):
    assert points(autograder) == {"q1": 6, "q2": 6, "q3": 6, "q4": 6}
    text = "\n".join(c.source for c in nbformat.read(student, as_version=4).cells)
    assert text.count("_Points:_ 6") == 4
    assert "24 points, 6 for each question" in text


def test_the_install_cell_keeps_numpy_and_torch(student, tmp_path):
    """Run where lookclosely and Otter are missing, with pip replaced by a recorder."""
    stage = f"""
import importlib.util, json, subprocess
found = importlib.util.find_spec
importlib.util.find_spec = lambda n: None if n in ("lookclosely", "otter") else found(n)
subprocess.check_call = lambda command: print(json.dumps([str(part) for part in command]))
{code(student)[0]}
"""
    told = subprocess.run(
        [sys.executable, "-c", stage], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    command = json.loads(told.stdout)
    assert command[1:5] == ["-m", "pip", "install", "-q"]
    assert command[-2:] == ["lookclosely", "otter-grader"]
    assert command[command.index("-c") + 1] == "constraints.txt"
    kept = (tmp_path / "constraints.txt").read_text().split()
    assert [line.split("==")[0] for line in kept] == ["numpy", "torch", "torchvision"]


def test_the_install_cell_does_nothing_where_all_is_there(student, tmp_path):
    stage = f"import subprocess\nsubprocess.check_call = None\n{code(student)[0]}"
    subprocess.run([sys.executable, "-c", stage], cwd=tmp_path, check=True)
    assert not list(tmp_path.iterdir())


COLAB = """
import IPython, otter.check.utils
IPython.get_ipython = otter.check.utils.get_ipython = lambda: "<google.colab._shell.Shell>"
assert otter.check.utils.IPythonInterpreter.COLAB.value.running()
"""


@pytest.mark.parametrize(
    ("which", "colab"), [("solution", False), ("solution", True), ("student", True)]
)
def test_the_notebook_checks_itself(which, colab, student, solution, tmp_path):
    """In an empty directory: on Colab the notebook is no file, and Otter knows that it is there."""
    program = COLAB * colab + script(solution if which == "solution" else student)
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.count("All test cases passed!") == (4 if which == "solution" else 0)
    assert told.stdout.count("Test case failed") == (0 if which == "solution" else 7)


def script(notebook) -> str:
    """The code cells as a program that prints what each check says."""
    sources = (re.sub(r"^(grader\.check.*)$", r"print(\1)", s) for s in code(notebook))
    return "\n".join(sources)


def test_a_source_without_a_place_for_its_tests_is_refused(tmp_path):
    source = tmp_path / "assignment.md"
    source.write_text(SOURCE.read_text("utf-8").replace(assignments.MARKER, "pass"), "utf-8")
    with pytest.raises(ValueError, match="0 cells hold only '# PUBLIC TESTS'"):
        assignments.build(source, tmp_path / "out", WORDS)
    assert not (tmp_path / "out").exists()


def test_the_command_builds_every_assignment(tmp_path):
    parser = argparse.ArgumentParser()
    assignments.add_arguments(parser)
    assert assignments.run(parser.parse_args(["--root", str(ROOT), "--out", str(tmp_path)])) == 0
    text = (tmp_path / "segmentation/student/segmentation-assignment.ipynb").read_text("utf-8")
    assert "lookclosely @ git+https://" in text and "@SITE@" not in text
    assert assignments.run(parser.parse_args(["--root", str(tmp_path)])) == 1
