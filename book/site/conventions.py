"""The rows of the conventions: one choice each, and what the paper and each library chose."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[1] / "conventions"
OURS = "ours"
NOT_MEASURED = "not measured"
KEYS = {"id", "question", "paper", "answers", "ours", "witness", "prints", "ap"}


@dataclass(frozen=True)
class Answer:
    """What one library does; ``printed`` is what its witness printed, empty if it was only read.

    Two libraries do the same if their ``value`` is the same; ``note`` says more.
    """

    library: str
    value: str
    link: str
    printed: str = ""
    note: str = ""

    @property
    def known(self) -> str:
        return "run" if self.printed else "read"


@dataclass(frozen=True)
class Row:
    id: str
    topic: str
    question: str
    paper: str
    source: str  # where the paper says it
    answers: tuple[Answer, ...]
    ours: Answer | None  # its link is the name of the function
    witness: str = ""
    ap: str = NOT_MEASURED

    @property
    def known(self) -> str:
        return "run" if self.witness else "read"

    @property
    def prints(self) -> dict[str, str]:
        """What the witness has to print."""
        every = (*self.answers, *([self.ours] if self.ours else []))
        return {each.library: each.printed for each in every if each.printed}


@dataclass(frozen=True)
class Topic:
    name: str
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Conventions:
    topics: tuple[Topic, ...]
    libraries: dict[str, str]  # how each is written
    preamble: str  # what stands before each witness

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for topic in self.topics for row in topic.rows)


@cache
def conventions(folder: Path = FOLDER) -> Conventions:
    """All rows, in the order of ``index.yml``.

    Raises:
        ValueError: names the row that lacks something, has too much, or points nowhere.
    """
    index = _read(folder / "index.yml")
    files = {path.stem for path in folder.glob("*.yml")} - {"index"}
    if files != set(index["topics"]):
        raise ValueError(f"index.yml lists {index['topics']}, but there are {sorted(files)}")
    topics = tuple(_topic(folder, name, index) for name in index["topics"])
    return Conventions(topics, index["libraries"], index["preamble"])


def _topic(folder: Path, name: str, index: dict[str, Any]) -> Topic:
    entry = _read(folder / f"{name}.yml")
    return Topic(name, entry["topic"], tuple(_row(name, row, index) for row in entry["rows"]))


def _row(topic: str, row: dict[str, Any], index: dict[str, Any]) -> Row:
    name = f"{topic}: {row.get('id')}"
    prints = {key: str(text) for key, text in (row.get("prints") or {}).items()}
    lacking = {"id", "question", "paper", "answers"} - row.keys()
    if lacking or row.keys() - KEYS:
        raise ValueError(f"{name} lacks {lacking}, or has an unknown {row.keys() - KEYS}")
    if bool(prints) != ("witness" in row):
        raise ValueError(f"{name}: a witness and what it prints go together")
    answers = [
        _answer(key, said, _address(name, said["link"], index), prints)
        for key, said in row["answers"].items()
    ]
    order = list(index["libraries"])
    answers.sort(key=lambda answer: order.index(answer.library))
    ours = row.get("ours")
    own = _answer(OURS, ours, ours["name"], prints) if ours else None
    if prints:
        raise ValueError(f"{name}: its witness prints {sorted(prints)}, who give no answer")
    paper = row["paper"]
    return Row(
        id=row["id"],
        topic=topic,
        question=row["question"],
        paper=paper["says"],
        source=paper["where"],
        answers=tuple(answers),
        ours=own,
        witness=row.get("witness", ""),
        ap=str(row.get("ap", NOT_MEASURED)),
    )


def _answer(library: str, said: dict[str, Any], link: str, prints: dict[str, str]) -> Answer:
    """Takes what it printed out of ``prints``."""
    printed = prints.pop(library, "")
    return Answer(library, str(said["value"]), link, printed, str(said.get("note", "")))


def _address(name: str, link: str, index: dict[str, Any]) -> str:
    """``vision:torchvision/ops/boxes.py#L20`` as a whole address."""
    source, found, path = link.partition(":")
    if not found or source not in index["sources"]:
        raise ValueError(f"{name}: {link!r} has none of the sources {sorted(index['sources'])}")
    return index["sources"][source] + path


def _read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
