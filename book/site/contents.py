"""What the book consists of: its parts with their chapters, those to come too, and four paths."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from .slides import titles

SOURCE = Path(__file__).resolve().parents[1] / "paths.yml"
PACE = 100  # words a minute, of text, code and questions: one runs and tries them
FILE = re.compile(r"^chapters/(\w+)/\w+$")


@dataclass(frozen=True)
class Chapter:
    name: str  # segmentation/unet
    title: str
    stands: bool  # or is to come


@dataclass(frozen=True)
class Route:
    """A way through some chapters; ``hours`` at ``PACE``."""

    letter: str
    title: str
    chapters: tuple[str, ...]
    hours: int


@cache
def plan() -> dict[str, Any]:
    return yaml.safe_load(SOURCE.read_text(encoding="utf-8"))


def parts(env: Any) -> Iterator[tuple[str, list[Chapter]]]:
    """Each part's title and its chapters: those of the contents first, then those to come."""
    there = [name for name in env.external_site_map if FILE.match(name)]
    for folder, title in plan()["parts"].items():
        start = f"{folder}/"
        found = [name.removeprefix("chapters/") for name in there if f"/{start}" in name]
        chapters = [Chapter(name, env.titles[f"chapters/{name}"].astext(), True) for name in found]
        coming = [name for name in titles() if name.startswith(start) and name not in found]
        yield title, chapters + [Chapter(name, titles()[name], False) for name in coming]


def paths(env: Any) -> list[Route]:
    known = {name: minutes(env, name) for name in env.found_docs if FILE.match(name)}
    usual = sum(known.values()) / max(1, len(known))

    def hours(chapters: list[str]) -> int:
        return max(1, round(sum(known.get(f"chapters/{c}", usual) for c in chapters) / 60))

    return [
        Route(path["letter"], path["title"], tuple(path["chapters"]), hours(path["chapters"]))
        for path in plan()["paths"]
    ]


def minutes(env: Any, docname: str) -> float:
    """How long a chapter takes, from the words of its source."""
    return len(Path(env.doc2path(docname)).read_text(encoding="utf-8").split()) / PACE
