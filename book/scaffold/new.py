"""What a new thing consists of, and where the book has to know of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

TEMPLATES = Path(__file__).parent / "templates"
BOOK = Path(__file__).resolve().parents[1]
PARTS: dict[str, str] = yaml.safe_load((BOOK / "paths.yml").read_text(encoding="utf-8"))["parts"]
"""The title of each part, by the name of its folder."""


@dataclass
class Plan:
    """Files to write, and what their author has to do by hand."""

    files: dict[str, str]
    still_to_do: list[str] = field(default_factory=list)


def plan(root: Path, kind: str, name: str) -> Plan:
    """What ``kind=name`` needs.

    Raises:
        ValueError: if the name has another form than this kind's, or is there already.
    """
    made = KINDS[kind](root, name)
    for path in made.files:
        if (root / path).exists() and path not in SHARED:
            raise ValueError(f"{kind} {name!r} is there already: {path}")
    return made


def write(root: Path, new: Plan) -> list[Path]:
    """Write the files; return their paths."""
    paths = []
    for name, text in new.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        paths.append(path)
    return paths


def _chapter(root: Path, name: str) -> Plan:
    part, topic = _part_and_topic("chapter", name)
    coming = (root / "book/chapters-to-come.yml").read_text()
    titles = yaml.safe_load(coming) or {}
    title = titles.get(name, topic.replace("_", " ").capitalize())
    files = {
        f"chapters/{name}.md": _filled("chapter.md", part, topic, title),
        "_toc.yml": _with_entry((root / "_toc.yml").read_text(), part, name),
        "book/chapters-to-come.yml": re.sub(rf"^{name}:.*\n", "", coming, flags=re.M),
    }
    to_do = [
        f"measure its claims: make new experiment={part}/NAME",
        "its terms: book/glossary.md, its symbols: book/notation.md",
        "its papers: book/references.bib, its choices: book/conventions",
    ]
    if name not in (root / "book/slide-map.yml").read_text():
        to_do.append(f"book/slide-map.yml does not name {name} yet: say which slides it treats")
    return Plan(files, to_do)


def _experiment(root: Path, name: str) -> Plan:
    part, topic = _part_and_topic("experiment", name)
    return Plan(
        {
            f"src/lookclosely/experiments/{name}.py": _filled("experiment.py", part, topic),
            f"tests/experiments/{part}/test_{topic}.py": _filled("test_experiment.py", part, topic),
        },
        [f"measure it: python -m lookclosely experiments run {topic}"],
    )


def _model(root: Path, name: str) -> Plan:
    part, topic = _part_and_topic("model", name)
    return Plan(
        {
            f"src/lookclosely/models/{name}.py": _filled("model.py", part, topic),
            f"tests/models/{part}/test_{topic}.py": _filled("test_model.py", part, topic),
        }
    )


def _op(root: Path, name: str) -> Plan:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError(f"op is {name!r}: give a name such as corner_pooling")
    return Plan(
        {
            f"src/lookclosely/ops/{name}.py": _filled("op.py", "ops", name),
            f"tests/ops/test_{name}.py": _filled("test_op.py", "ops", name),
        },
        [
            f"make it public: src/lookclosely/ops/__init__.py imports {name}",
            "its example arguments: tests/arguments.py",
        ],
    )


KINDS: dict[str, Callable[[Path, str], Plan]] = {
    "chapter": _chapter,
    "experiment": _experiment,
    "model": _model,
    "op": _op,
}
SHARED = {"_toc.yml", "book/chapters-to-come.yml"}  # changed, not made


def _part_and_topic(kind: str, name: str) -> tuple[str, str]:
    part, _, topic = name.partition("/")
    if part not in PARTS or not re.fullmatch(r"[a-z][a-z0-9_]*", topic):
        raise ValueError(f"{kind} is {name!r}: give part/name, the part one of {', '.join(PARTS)}")
    return part, topic


def _filled(template: str, part: str, topic: str, title: str = "") -> str:
    """A template with its names in place: {{part}}, {{topic}}, {{Topic}}, {{title}}."""
    names = {
        "part": part,
        "topic": topic,
        "Topic": "".join(word.capitalize() for word in topic.split("_")),
        "title": title,
    }
    text = (TEMPLATES / f"{template}.txt").read_text()
    return re.sub(r"\{\{(\w+)\}\}", lambda match: names[match[1]], text)


def _with_entry(toc: str, part: str, name: str) -> str:
    """The table of contents with a chapter at the end of its part, which is made if need be."""
    entry, lines = f"      - file: chapters/{name}", toc.splitlines()
    here = [k for k, line in enumerate(lines) if f"chapters/{part}/" in line]
    if here:
        lines.insert(here[-1] + 1, entry)
    else:
        numbered = [k for k, line in enumerate(lines) if re.match(r"\s+- file: chapters/", line)]
        head = [f"  - caption: {PARTS[part]}", "    numbered: true"]
        lines[numbered[-1] + 1 : numbered[-1] + 1] = [*head, "    chapters:", entry]
    return "\n".join(lines) + "\n"
