"""A report on each submission, to hand back: points, and why a point was lost.

Of each question it says the first error: its type, its sentence and, where it arose in the
student's own code, the line. No line of a hidden test is in it.
"""

import html
import re
from pathlib import Path, PurePosixPath

from .gradebook import Row, named

STATES = {
    "graded": "The notebook ran to its end.",
    "untouched": "Every answer is still the three dots of the empty assignment.",
    "time limit": "The notebook was still running when its time was up. "
    "Questions without points were not reached.",
    "crashed": "The notebook ended before its end. Questions without points were not reached.",
    "not a notebook": "This file is no Jupyter notebook.",
    "another notebook": "This notebook has no answer that the assignment asks for.",
    "not graded": "The grader failed; this says nothing about the work.",
}
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:48em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;width:100%}td,th{border:1px solid #999;padding:.3em .6em;"
    "text-align:left;vertical-align:top;overflow-wrap:anywhere}td:nth-child(2){white-space:nowrap}"
)


def write(folder: Path, row: Row, points: dict[str, float]) -> None:
    """Write ``<file>.html`` and ``<file>.txt`` below ``folder``."""
    for ending, make in ((".html", page), (".txt", text)):
        target = path(folder, row.file, ending)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(make(row, points), encoding="utf-8", errors="replace")


def path(folder: Path, file: str, ending: str) -> Path:
    """Where the report on ``file`` lies: as the files themselves, but never outside ``folder``."""
    parts = [p for p in PurePosixPath(file).parts if p not in ("/", "..", ".")]
    plain = [re.sub(r"[^\w .,()\[\]@+=-]", "_", part) for part in parts] or ["_"]
    name = "/".join(plain)
    if plain != list(PurePosixPath(file).parts) or len(plain[-1].encode()) > 200:
        unique = re.sub(r"\W", "_", named("\0" + file)[-10:])
        name = "/".join([*plain[:-1], plain[-1][:60] + unique])
    return folder / (name + ending)


def lines(row: Row, points: dict[str, float]) -> list[tuple[str, str, str]]:
    """Question, points, and why some were lost, for each question."""
    found = []
    for name, possible in points.items():
        got = f"{row.scores[name]:g} of {possible:g}" if name in row.scores else "not reached"
        found.append((name, got, row.reasons.get(name, "")))
    return found


def remarks(row: Row) -> list[str]:
    """What else happened: errors of cells, a time limit."""
    return [note for note in row.notes if not re.match(r"q\d+ fails ", note)]


def total(row: Row, points: dict[str, float]) -> str:
    return f"{sum(row.scores.values()):g} of {sum(points.values()):g} points"


def text(row: Row, points: dict[str, float]) -> str:
    """The report as plain text."""
    table = [f"{name:<5}{got:<12}{why}".rstrip() for name, got, why in lines(row, points)]
    said = [f"- {note}" for note in remarks(row)]
    parts = [row.file, total(row, points), STATES.get(row.status, row.status), "", *table]
    return "\n".join([*parts, *(["", "While it ran:", *said] if said else [])]) + "\n"


def page(row: Row, points: dict[str, float]) -> str:
    """The report as a web page of its own."""
    e = html.escape
    table = "".join(
        f"<tr><td>{e(name)}</td><td>{e(got)}</td><td>{e(why)}</td></tr>"
        for name, got, why in lines(row, points)
    )
    said = "".join(f"<li>{e(note)}</li>" for note in remarks(row))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{e(row.file)}</title>'
        f"<style>{STYLE}</style><h1>{e(row.file)}</h1><p><strong>{total(row, points)}</strong>. "
        f"{e(STATES.get(row.status, row.status))}</p><table><tr><th>question</th><th>points</th>"
        f"<th>the first thing that went wrong</th></tr>{table}</table>"
        + (f"<h2>While it ran</h2><ul>{said}</ul>" if said else "")
        + "</html>\n"
    )
