"""What teachers are handed: files of every kind, students found in names, several hand-ins."""

import csv
import json
import os
import re
import zipfile
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from batches import options

from lookclosely.grading import gradebook, notebooks, reports, tables
from lookclosely.grading.gradebook import Gradebook, Row
from lookclosely.grading.handed_in import late, submissions, when
from lookclosely.grading.students import Roster, write_students

POINTS = {"q1": 2.0, "q2": 4.0}
NAMES = {"length", "nms"}


def notebook(*sources: str, **metadata) -> bytes:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    made = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    return nbformat.writes(made).encode()


def write(path: Path, content: bytes, day: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if day:
        seconds = datetime.fromisoformat(day).timestamp()
        os.utime(path, (seconds, seconds))
    return path


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_notebook_in_any_encoding(encoding):
    text = notebook("name = 'Nguyễn'").decode()
    assert notebooks.code_cells(text.encode(encoding)) == ["name = 'Nguyễn'"]


def test_a_notebook_saved_by_colab():
    content = notebook(
        "length = 20  # @param {type: 'integer'}",
        colab={"provenance": [], "toc_visible": True},
        accelerator="GPU",
    )
    data = json.loads(content)
    for cell in data["cells"]:  # without identifiers, and with its own metadata
        del cell["id"]
        cell["metadata"] = {"id": "Xy", "cellView": "form", "outputId": "Zz"}
    data["nbformat_minor"] = 0
    cells = notebooks.code_cells(json.dumps(data).encode())
    assert notebooks.state(cells, NAMES) == notebooks.GRADED


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "an empty file"),
        (b"   \n", "an empty file"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html>", "a web page"),
        (b"<html><body>my notebook</body></html>", "a web page"),
        (b"%PDF-1.7 ...", "a PDF file"),
        (b"PK\x03\x04 word/document.xml", "a zip file or a Word document"),
        (b"\x89PNG\r\n", "a picture"),
        (b"Rar!\x1a\x07", "a packed file"),
        (b"{\\rtf1 hello}", "a text document"),
        (b"import torch\n", "a Python script"),
        (b'{"cells": [{"cell_type": "code"', "a damaged notebook"),
        (b"17", "not a Jupyter notebook"),
        (b"[]", "not a Jupyter notebook"),
    ],
)
def test_what_is_no_notebook_is_named(content, kind):
    with pytest.raises(notebooks.NoNotebook) as error:
        notebooks.code_cells(content)
    assert str(error.value).startswith(f"{kind}. Hand in the file that ends in .ipynb")


@pytest.mark.parametrize(
    ("cells", "state"),
    [
        (["length = ..."], notebooks.UNTOUCHED),
        (["length: int = ...", "def nms(a):\n    '''Keep.'''\n    ..."], notebooks.UNTOUCHED),
        (["length = 3"], notebooks.GRADED),
        (["def nms(a):\n    return a"], notebooks.GRADED),
        (["if True:\n    nms = lambda a: a"], notebooks.GRADED),
        (["%load_ext x\nfrom answers import nms"], notebooks.GRADED),
        (["from answers import *"], notebooks.GRADED),
        (["nms = = 3"], notebooks.GRADED),  # what Python cannot read is graded, and fails
        (["width = 3", "def suppress(): pass"], notebooks.OTHER),
        ([], notebooks.OTHER),
    ],
)
def test_untouched_another_or_to_be_graded(cells, state):
    assert notebooks.state(cells, NAMES) == state


def test_notebooks_of_a_zip_file_are_submissions(tmp_path):
    folder = tmp_path / "all"
    folder.mkdir()
    with zipfile.ZipFile(folder / "class.zip", "w") as archive:
        archive.writestr("kim/hw.ipynb", notebook("length = 1"))
        archive.writestr("lee/HW.IPYNB", notebook("length = 2"))
        archive.writestr("lee/readme.txt", "no notebook")
        archive.writestr("__MACOSX/kim/._hw.ipynb", b"\0")
        archive.writestr("kim/.ipynb_checkpoints/hw.ipynb", b"{}")
    with zipfile.ZipFile(folder / "pictures.zip", "w") as archive:
        archive.writestr("a.png", b"\x89PNG")
    write(folder / "broken.zip", b"PK\x03\x04 cut off")
    write(folder / ".DS_Store", b"")
    out = write(folder / "grades.csv", b"")
    found = {work.name: work for work in submissions(folder, out)}
    names = ["broken.zip", "class.zip/kim/hw.ipynb", "class.zip/lee/HW.IPYNB", "pictures.zip"]
    assert list(found) == names
    assert notebooks.code_cells(found["class.zip/lee/HW.IPYNB"].read()) == ["length = 2"]
    assert found["class.zip/kim/hw.ipynb"].time is not None
    with pytest.raises(notebooks.NoNotebook, match="a zip file or a Word document"):
        notebooks.code_cells(found["pictures.zip"].read())


def test_a_zip_file_that_is_damaged_inside(tmp_path):
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hw.ipynb", notebook("length = 1"))
    data = bytearray(path.read_bytes())
    data[60] ^= 1  # a byte of the notebook
    path.write_bytes(bytes(data))
    (work,) = submissions(tmp_path, tmp_path / "grades.csv")
    with pytest.raises(notebooks.NoNotebook, match="cannot be unpacked"):
        work.read()


# ---------------------------------------------------------------- students

ROSTER = """Student,ID,SIS Login ID,Section
"Nguyễn, Thị Hoa",20231207,hoa.nguyen@example.edu,A
"Lee, Kim",20231208,kim.lee@example.edu,A
"Lee, Ha-eun",20231209,haeun.lee@example.edu,A
"""
FILES = {
    "Nguyễn Thị Hoa_4711_assignsubmission_file_/hw.ipynb": "Nguyễn, Thị Hoa",  # Moodle
    "leekim_20231208_99_hw.ipynb": "Lee, Kim",  # Canvas
    "submission_1/kim.lee@example.edu.ipynb": "Lee, Kim",
    "20231209.ipynb": "Lee, Ha-eun",
    "HA-EUN LEE/final (2).ipynb": "Lee, Ha-eun",
    "lee.ipynb": "",  # two of that name
    "20231207 20231208.ipynb": "",  # two students
    "A/hw.ipynb": "",  # the section of all
    "nobody.ipynb": "",
}


@pytest.mark.parametrize(
    "save",
    [
        lambda text: text.encode("utf-8"),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace(",", ";").replace("; ", ", ").encode("utf-8-sig"),
        lambda text: text.replace(",", "\t").replace("\t ", ", ").encode("utf-16"),
    ],
    ids=["plain", "BOM", "UTF-16", "semicolons", "tabs"],
)
def test_students_are_found_in_file_names(tmp_path, save):
    roster = Roster.read(write(tmp_path / "course.csv", save(ROSTER)))
    assert {file: roster.student(file) for file in FILES} == FILES


def test_a_roster_without_students_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no student"):
        Roster.read(write(tmp_path / "course.csv", b"Student,ID\n"))


def test_the_grades_go_back_into_the_roster(tmp_path):
    roster = Roster.read(write(tmp_path / "course.csv", ROSTER.encode()))
    out = tmp_path / "canvas.csv"
    write_students(out, roster, {"Lee, Kim": "5"}, "Homework 1 (1234)")
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    columns, rows = tables.read_table(out)
    assert columns == [*roster.columns, "Homework 1 (1234)"]
    assert [row["Homework 1 (1234)"] for row in rows] == ["", "5", ""]
    assert rows[0]["Student"] == "Nguyễn, Thị Hoa"
    write_students(out, Roster.read(out), {"Lee, Kim": "6"}, "Homework 1 (1234)")
    assert tables.read_table(out)[0] == columns  # once more: the column is replaced


# ---------------------------------------------------------------- when


def test_how_late():
    due = when("2026-11-27 18:00")
    assert when("2026-11-27").isoformat(" ") == "2026-11-27 23:59:59"
    for time, said in (
        ("2026-11-27 18:00:00", ""),
        ("2026-11-27 18:00:20", "0 d 00 h 01 min"),
        ("2026-11-28 20:05:00", "1 d 02 h 05 min"),
    ):
        assert late(datetime.fromisoformat(time), due) == said
    assert late(None, due) == late(due, None) == ""
    with pytest.raises(ValueError, match="'tomorrow' is no time: write it as 2026-11-27 18:00"):
        when("tomorrow")


# ---------------------------------------------------------------- the gradebook


def book_of(path: Path) -> Gradebook:
    return Gradebook(path, POINTS)


def graded(file: str, points: float, status: str = gradebook.GRADED) -> Row:
    return Row(file, status, {"q1": points} if status == gradebook.GRADED else {}, 1.0, "", file)


def cells(path: Path) -> dict[str, dict[str, str]]:
    return {row["file"]: row for row in tables.read_table(path)[1]}


def test_of_several_files_of_a_student_the_newest_counts(tmp_path):
    out = tmp_path / "grades.csv"
    book = book_of(out)
    files = {
        "a/first.ipynb": ("Kim", "2026-11-01 10:00:00", graded("a/first.ipynb", 2)),
        "a/second.ipynb": ("Kim", "2026-11-02 10:00:00", graded("a/second.ipynb", 1)),
        "a/notes.pdf": (
            "Kim",
            "2026-11-03 10:00:00",
            graded("a/notes.pdf", 0, gradebook.NO_NOTEBOOK),
        ),
        "b.ipynb": ("Lee", "2026-11-01 10:00:00", graded("b.ipynb", 2)),
        "c.ipynb": ("", "2026-11-01 10:00:00", graded("c.ipynb", 1)),
    }
    for file, (student, time, _) in files.items():
        book.describe(file, student=student, handed_in=time, late="")
    for *_, row in files.values():
        book.add(row)
    found = cells(out)
    counts = {file: (row["counts"], row["final"]) for file, row in found.items()}
    assert counts == {
        "a/first.ipynb": ("no", ""),
        "a/second.ipynb": ("yes", "1"),
        "a/notes.pdf": ("no", ""),  # newer, but no notebook of this assignment
        "b.ipynb": ("yes", "2"),
        "c.ipynb": ("yes", "1"),  # of an unknown student every file counts
    }
    assert book.finals() == {"Kim": "1", "Lee": "2"}


@pytest.mark.parametrize("save", ["kept", "semicolons", "UTF-16"])
def test_what_the_teacher_writes_stays(tmp_path, save):
    out = tmp_path / "grades.csv"
    book = book_of(out)
    book.describe("Nguyễn.ipynb", student="Nguyễn", handed_in="2026-11-01 10:00:00", late="")
    book.add(graded("Nguyễn.ipynb", 1))
    columns, rows = tables.read_table(out)
    rows[0] |= {"override": "4.5", "comment": "spoken to her; fine", "mine": "seen"}
    text = out.read_text("utf-8-sig")
    with open(out, "w", newline="", encoding="utf-16" if save == "UTF-16" else "utf-8-sig") as file:
        delimiter = {"kept": ",", "semicolons": ";", "UTF-16": "\t"}[save]
        table = csv.DictWriter(file, [*columns, "mine"], delimiter=delimiter)
        table.writeheader()
        table.writerows(rows)
    assert out.read_bytes() != text.encode()
    again = book_of(out)
    again.describe("Nguyễn.ipynb", student="Nguyễn", handed_in="2026-11-02 10:00:00", late="x")
    again.add(graded("Nguyễn.ipynb", 2))  # handed in once more
    (row,) = cells(out).values()
    kept = {name: row[name] for name in ("total", "override", "final", "comment", "mine", "late")}
    assert kept == {
        "total": "2",
        "override": "4.5",
        "final": "4.5",
        "comment": "spoken to her; fine",
        "mine": "seen",
        "late": "x",
    }
    assert again.finals() == {"Nguyễn": "4.5"}
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")  # Excel takes it for UTF-8


# ---------------------------------------------------------------- reports


def test_a_report_says_why_and_hides_the_tests(tmp_path):
    row = Row(
        "kim/<b>hw</b>.ipynb",
        gradebook.GRADED,
        {"q1": 1.0},
        1.0,
        "",
        "f",
        {"q1": "AssertionError: 3 is not the right number."},
        ("q1 fails test_hidden (AssertionError)", "cell 2: NameError: name 'x' is not defined"),
    )
    reports.write(tmp_path, row, POINTS)
    html = reports.path(tmp_path, row.file, ".html").read_text("utf-8")
    text = reports.path(tmp_path, row.file, ".txt").read_text("utf-8")
    for said in (html, text):
        assert "1 of 6 points" in said and "1 of 2" in said and "not reached" in said
        assert "3 is not the right number." in said and "cell 2: NameError" in said
        assert "test_hidden" not in said
    assert "<b>hw" not in html and "&lt;b&gt;hw" in html


@pytest.mark.parametrize("file", ["../../etc/x", "/etc/x", "a/../../b", "CON:|?", "é" * 300, ""])
def test_a_report_stays_in_its_folder(tmp_path, file):
    for ending in (".html", ".txt"):
        path = reports.path(tmp_path, file, ending)
        assert path.resolve().is_relative_to(tmp_path) and path.name.endswith(ending)
        write(path, b"")  # the name is one that a file can have


def test_two_files_have_two_reports(tmp_path):
    files = ["a b", "a_b", "a?b", "a*b", "x/" + "y" * 300 + "1", "x/" + "y" * 300 + "2"]
    assert len({reports.path(tmp_path, file, ".html") for file in files}) == len(files)


def test_a_roster_is_needed_for_the_grades_of_students(tmp_path, autograder, capsys):
    from lookclosely.grading import grade

    folder = write(tmp_path / "all" / "a.ipynb", notebook("x = 1")).parent
    out = tmp_path / "grades.csv"
    assert grade.run(options(folder, autograder, out, "--students", str(tmp_path / "s.csv"))) == 2
    assert "name it by --roster" in capsys.readouterr().err
    assert grade.run(options(folder, autograder, out, "--due", "soon")) == 2
    assert re.search("'soon' is no time", capsys.readouterr().err)
