"""Grading a folder from a test: the command's options, and the gradebook that it writes."""

import argparse
import csv
from pathlib import Path

from lookclosely.grading import grade


def options(folder: Path, autograder: Path, out: Path, *more: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    grade.add_arguments(parser)
    arguments = [str(folder), "--autograder", str(autograder), "--out", str(out), "--jobs", "2"]
    return parser.parse_args([*arguments, *more])


def rows(path: Path) -> dict[str, dict[str, str]]:
    """The rows of a gradebook by file, without ``.ipynb``."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        return {row["file"].removesuffix(".ipynb"): row for row in csv.DictReader(file)}


def full_marks(autograder: Path) -> dict[str, str]:
    """What the gradebook has in its columns for everything right."""
    points = grade.points(autograder)
    return {name: f"{p:g}" for name, p in (points | {"total": sum(points.values())}).items()}


def scores(row: dict[str, str]) -> dict[str, str]:
    """The columns between the student and ``possible``: the questions and the total."""
    names = list(row)
    return {name: row[name] for name in names[2 : names.index("possible")]}


def less(full: dict[str, str], points: int, question: str) -> dict[str, str]:
    """Full marks without some points of one question."""
    lost = {name: f"{int(full[name]) - points}" for name in (question, "total")}
    return full | lost
