"""A folder of awkward submissions: each gets its row, and none costs another its grade."""

import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

import nbformat
import psutil
import pytest
from assignment_parts import hand_in
from batches import full_marks, less, options, rows, scores

from lookclosely.grading import batch, grade, gradebook
from lookclosely.grading.handed_in import HandedIn

DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("../../escaped-{}".format(os.getpid()), "w").close()
        while True:
            time.sleep(0.1)
    os._exit(0)
os.wait()
"""
FORK = """
import os
os.fork()
"""
ENDLESS_ANSWER = """
def nms(boxes, scores, threshold):
    while True:
        pass
"""
HUGE = "room = bytearray(64 << 30)"
STUBBORN = """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
"""
THREAD = """
import threading, time
threading.Thread(target=time.sleep, args=(1000,)).start()
"""
WANDERS = """
import os, torch
os.chdir("/")
torch.set_grad_enabled(False)
"""
WANDERING_ANSWER = """
right = nms
def nms(boxes, scores, threshold):
    import os
    os.chdir("/")
    return right(boxes, scores, threshold)
"""
LEAVING_ANSWER = """
def nms(boxes, scores, threshold):
    raise SystemExit
"""


@pytest.mark.slow
def test_each_assignment_is_graded(assignment, tmp_path):
    folder, out = tmp_path / "submissions", tmp_path / "grades.csv"
    right = hand_in(assignment.solution, folder / "right.ipynb")
    hand_in(assignment.student, folder / "empty.ipynb")
    assert grade.run(options(folder, assignment.autograder, out)) == 0
    full, found = full_marks(assignment.autograder), rows(out)
    assert (found[right.stem]["message"], scores(found[right.stem])) == ("", full)
    assert scores(found["empty"]) == dict.fromkeys(full, "0")


@pytest.mark.slow
def test_awkward_submissions(submit, autograder, tmp_path, monkeypatch):
    full = full_marks(autograder)
    nothing = dict.fromkeys(full, "")
    temporary = Path(tempfile.mkdtemp(prefix="lc"))  # short: the fork server's socket lies in it
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    submit("solution")
    submit("stub", "student")
    submit("raises", first="1 / 0", last="def broken(:")
    submit("leaves-by-sys-exit", first="import sys\nsys.exit(3)")
    submit("leaves-early", first="import os\nos._exit(0)")
    submit("leaves-late", last="import os\nos._exit(5)")
    submit("crashes", last="import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")
    submit("hangs-first", first="while True: pass")
    submit("hangs-in-a-test", last=ENDLESS_ANSWER + 'grader.check("q4")')
    submit("hangs-and-will-not-stop", last=STUBBORN)
    submit("forks", first=FORK)
    submit("daemon", first=DAEMON)
    submit("thread", last=THREAD)
    submit("huge", first=HUGE)
    submit("reads", first="input('your name? ')")
    folder = submit("=formula, with comma").parent
    (folder / "text.ipynb").write_text("I could not open Jupyter.", "utf-8")
    (folder / "number.ipynb").write_text("17", "utf-8")
    (folder / "picture.png").write_bytes(bytes(range(256)))
    (folder / "nothing.ipynb").symlink_to(tmp_path / "nowhere")
    (folder / ".hidden").write_text("no submission", "utf-8")

    out = tmp_path / "grades.csv"
    status = grade.run(options(folder, autograder, out, "--limit", "60", "--cell-limit", "8"))

    found = rows(out)
    assert status == 1  # "nothing" could not be read, and the next run will try it again
    assert len(found) == 20
    whole = {"solution", "raises", "leaves-by-sys-exit", "hangs-first", "forks", "daemon", "thread"}
    formula = gradebook.named("=formula, with comma.ipynb")
    assert formula.startswith("'=formula, with comma.ipynb [")
    for name in whole | {"huge", "reads", formula}:
        assert (found[name]["status"], scores(found[name])) == ("graded", full), name
    assert scores(found["stub"]) == dict.fromkeys(full, "0")
    assert "cell 1: ZeroDivisionError" in found["raises"]["message"]
    assert "SyntaxError" in found["raises"]["message"]
    assert "TooSlow" in found["hangs-first"]["message"]
    assert "MemoryError" in found["huge"]["message"]
    assert found["leaves-early"]["status"] == "crashed"
    assert "exit status 0" in found["leaves-early"]["message"]
    assert scores(found["leaves-early"]) == nothing
    for name, cause in (("leaves-late", "exit status 5"), ("crashes", "SIGSEGV")):
        assert (found[name]["status"], scores(found[name])) == ("crashed", full)
        assert cause in found[name]["message"]
    assert found["hangs-in-a-test"]["status"] == "graded"
    assert scores(found["hangs-in-a-test"]) == less(full, 6, "q4")  # its other tests fail at once
    assert found["hangs-and-will-not-stop"]["status"] == "time limit"
    assert scores(found["hangs-and-will-not-stop"]) == full
    for name in ("text", "number", "picture.png"):
        assert (found[name]["status"], scores(found[name])) == ("not a notebook", nothing)
    assert found["nothing"]["status"] == "not graded"
    assert "No such file" in found["nothing"]["message"]

    left = {path.name for path in temporary.iterdir() if not path.name.startswith("pymp-")}
    (escaped,) = left  # no hidden test is left behind; this one is from the daemon, which ran
    assert not psutil.pid_exists(int(escaped.removeprefix("escaped-")))
    (temporary / escaped).unlink()


@pytest.mark.slow
def test_a_temporary_folder_with_a_long_name(submit, autograder, tmp_path, monkeypatch):
    long = tmp_path / ("long" * 25)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    folder = submit("solution").parent
    out = tmp_path / "grades.csv"
    assert grade.run(options(folder, autograder, out)) == 0
    assert scores(rows(out)["solution"]) == full_marks(autograder)


@pytest.mark.slow
def test_what_a_notebook_leaves_behind_costs_no_other_answer(submit, autograder, tmp_path):
    full = full_marks(autograder)
    submit("wanders-first", first=WANDERS)
    submit("wanders-last", last=WANDERS)
    submit("wanders-unchecked", last=WANDERS, checks=False)
    submit("wanders-in-a-test", last=WANDERING_ANSWER, checks=False)
    submit("leaves-in-a-test", last=LEAVING_ANSWER, checks=False)
    submit("leaves-in-a-check", last=LEAVING_ANSWER + 'grader.check("q4")')
    stopped = LEAVING_ANSWER.replace("SystemExit", "KeyboardInterrupt")
    submit("stopped-in-a-check", last=stopped + 'grader.check("q4")')
    folder = submit("unprintable", first='raise ValueError("\\udcff")').parent
    out = tmp_path / "grades.csv"
    assert grade.run(options(folder, autograder, out)) == 0
    found = rows(out)
    assert {row["status"] for row in found.values()} == {"graded"}
    for name, row in found.items():
        wanted = less(full, 5, "q4") if name.startswith(("leaves", "stopped")) else full
        assert scores(row) == wanted, (name, row["message"])


@pytest.mark.slow
def test_otter_itself_gives_the_same_scores(submit, autograder, tmp_path):
    """Otter's own ``run``, which starts a kernel, against ours."""
    path = submit("mixed", last='length = 0\ngrader.check("q1")')
    out = tmp_path / "grades.csv"
    grade.run(options(path.parent, autograder, out))
    ours = rows(out)["mixed"]
    command = ["-m", "otter", "run", "-a", str(autograder), "-o", str(tmp_path), str(path)]
    subprocess.run([sys.executable, *command], check=True, capture_output=True, cwd=tmp_path)
    tests = json.loads((tmp_path / "results.json").read_text())["tests"]
    theirs = {test["name"]: f"{test['score']:g}" for test in tests if "max_score" in test}
    assert theirs == {name: ours[name] for name in grade.points(autograder)}
    assert scores(ours) == less(full_marks(autograder), 1, "q1")


@pytest.mark.slow
def test_a_batch_goes_on_where_it_was(submit, autograder, tmp_path, capsys):
    folder = submit("one").parent
    out = tmp_path / "grades.csv"
    assert grade.run(options(folder, autograder, out)) == 0
    before = rows(out)["one"]
    submit("two", "student")
    assert grade.run(options(folder, autograder, out)) == 0
    assert rows(out)["one"] == before  # also the seconds: it did not run again
    assert "one.ipynb" not in capsys.readouterr().out.rpartition("1 submissions")[2]
    (folder / "two.ipynb").unlink()
    submit("one", "student")  # handed in again
    assert grade.run(options(folder, autograder, out)) == 0
    assert rows(out)["one"]["total"] == "0"
    assert rows(out)["two"]["total"] == "0"  # a row is never dropped


COUNTS = """
with open({file!r}, "a") as file:
    file.write({name!r} + "\\n")
length = 20
"""


@pytest.mark.slow
def test_a_killed_grader_goes_on_without_grading_twice(autograder, tmp_path):
    """It is killed as soon as two rows are written; what has a row is not run again."""
    folder, out, ran = tmp_path / "all", tmp_path / "grades.csv", tmp_path / "ran.txt"
    folder.mkdir()
    for name in "abcd":
        cell = nbformat.v4.new_code_cell(COUNTS.format(file=str(ran), name=name))
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / f"{name}.ipynb")
    command = [sys.executable, "-m", "lookclosely", "grade", str(folder), "--jobs", "1"]
    command += ["--autograder", str(autograder), "--out", str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        said = [first.stdout.readline() for _ in range(2)]
        first.kill()
    before = rows(out)
    assert len(before) >= 2 and all("graded" in line for line in said)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    after = rows(out)
    assert sorted(after) == list("abcd")
    assert {name: after[name] for name in before} == before  # also the seconds
    assert not [name for name in before if f"{name}.ipynb" in done.stdout]
    runs = Counter(ran.read_text().split())
    assert {runs[name] for name in before} == {1}
    assert {row["q1"] for row in after.values()} == {"1"}


def test_a_file_that_is_no_gradebook_is_not_overwritten(submit, autograder, tmp_path, capsys):
    out = tmp_path / "grades.csv"
    out.write_text("name,grade\nKim,1.0\n")
    assert grade.run(options(submit("one").parent, autograder, out)) == 2
    assert out.read_text() == "name,grade\nKim,1.0\n"
    assert "move it away or name another --out" in capsys.readouterr().err


def test_wrong_arguments_are_named(autograder, tmp_path, capsys):
    assert grade.run(options(tmp_path / "none", autograder, tmp_path / "o.csv")) == 2
    assert "is no folder" in capsys.readouterr().err
    empty = tmp_path / "empty.zip"
    zipfile.ZipFile(empty, "w").close()
    assert grade.run(options(tmp_path, empty, tmp_path / "o.csv")) == 2
    assert "holds no tests" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"0 files match .* python -m lookclosely assignments"):
        grade.find_autograder(tmp_path)
    for part in ("looking", "segmentation"):
        teacher = tmp_path / "_build/assignments" / part / "teacher"
        teacher.mkdir(parents=True)
        (teacher / f"{part}-autograder.zip").touch()
    with pytest.raises(
        ValueError, match=r"2 files match .* --autograder .*looking-autograder\.zip"
    ):
        grade.find_autograder(tmp_path)


def test_the_gradebook_is_whole_whenever_the_batch_is_interrupted(tmp_path, monkeypatch):
    book = gradebook.Gradebook(tmp_path / "g.csv", {"q1": 2.0})
    book.add(gradebook.Row("a", gradebook.GRADED, {"q1": 1.5}, 1.0, "", "f"))

    def killed(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        book.add(gradebook.Row("b", gradebook.GRADED, {"q1": 2.0}, 1.0, "", "f"))
    again = gradebook.Gradebook(tmp_path / "g.csv", {"q1": 2.0})
    assert list(again.rows) == ["a"]
    assert again.rows["a"]["total"] == "1.5"
    assert again.has("a", "f") and not again.has("a", "other") and not again.has("b", "f")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@sum", "'@sum"),
        ("two\nlines\tand \x1b[31mred", "two lines and [31mred"),
        ("x" * 500, "x" * 399 + "…"),
        ("plain", "plain"),
    ],
)
def test_text_in_the_gradebook_is_harmless(text, expected):
    assert gradebook.plain(text) == expected


def test_each_file_has_a_row_of_its_own(tmp_path):
    long = "x" * 500
    files = ["kim lee", "kim  lee", "kim\tlee", "kim\nlee", " kim lee", long + "a", long + "b"]
    files += ["=kim", "'=kim", "k\udcffm", "k\udcfem", "김 리"]
    book = gradebook.Gradebook(tmp_path / "g.csv", {"q1": 20.0})
    for number, file in enumerate(files):
        book.add(gradebook.Row(file, gradebook.GRADED, {"q1": number}, 1.0, "", str(number)))
    again = gradebook.Gradebook(tmp_path / "g.csv", {"q1": 20.0})
    assert [int(again.rows[gradebook.named(f)]["total"]) for f in files] == list(range(len(files)))
    assert all(again.has(file, str(number)) for number, file in enumerate(files))
    assert {"kim lee", "김 리", "'=kim"} <= set(again.rows)  # a plain name stays what it is
    assert all(gradebook.plain(name) == name for name in again.rows if len(name) < 400)


def test_a_forged_report_cannot_exceed_the_points():
    report = {"finished": True, "questions": {"q1": {"score": 1e9, "failed": []}, "q9": {}}}
    assert batch.judge("ended", report, {"q1": 6.0}) == ("graded", {"q1": 6.0}, [], {})


@pytest.mark.parametrize("report", [{"questions": {"q1": 3}}, {"questions": [1]}, {"notes": 5}])
def test_a_report_of_another_shape_is_no_crash(report):
    with pytest.raises((AttributeError, TypeError, KeyError)):  # grade_one makes a row of it
        batch.judge("ended", report, {"q1": 6.0})


def test_what_goes_wrong_in_the_grader_is_in_the_row(autograder, tmp_path, monkeypatch):
    def broken(*arguments):
        raise OSError("no space left on device")

    monkeypatch.setattr("lookclosely.grading.process.prepare", broken)
    start = time.monotonic()
    (tmp_path / "a").touch()
    work = HandedIn("a", tmp_path / "a")
    row = batch.grade_one(None, work, "seal", autograder, None, {"q1": 1.0})
    assert (row.status, row.scores, row.fingerprint) == (gradebook.FAILED, {}, "seal")
    assert "no space left on device" in row.message
    assert time.monotonic() - start < 5


def test_an_error_of_the_grader_itself_is_not_the_students():
    ending = "Traceback (most recent call last):\n  …\nOSError: no socket\n"
    assert batch.judge(ending, {}, {"q1": 1.0}) == ("not graded", {}, ["OSError: no socket"], {})
