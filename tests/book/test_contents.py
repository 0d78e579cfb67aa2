"""What is counted and generated, so that no sentence goes stale."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from docutils import nodes

from book.site.assignments import read
from book.site.contents import parts, paths, plan
from book.site.counts import COUNTS, to_come
from book.site.slides import titles

ROOT = Path(__file__).resolve().parents[2]
STALE = re.compile(
    r"\bC\d\d to C\d\d\b|\b(two|three|four|\d+) so far\b|is still to come|not written yet"
)


def environment(*found: str) -> Any:
    """As much of Sphinx's environment as the contents are read from."""
    return SimpleNamespace(
        found_docs=set(found),
        external_site_map=list(found),
        titles={name: nodes.title("", f"Title of {name}") for name in found},
        doc2path=lambda name: str(ROOT / f"{name}.md"),
        srcdir=str(ROOT),
    )


UNET = "chapters/segmentation/unet"


def test_parts_hold_chapters_that_stand_and_those_to_come() -> None:
    env = environment("index", UNET)
    by_title = dict(parts(env))
    assert list(by_title) == list(plan()["parts"].values())
    assert by_title["Every pixel"][0].title == f"Title of {UNET}"
    assert [c.name for c in by_title["Every object"]] == [
        name for name in titles() if name.startswith("detection/")
    ]
    assert not any(c.stands for c in by_title["Every object"])


def test_the_table_of_contents_has_the_parts_titles() -> None:
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    found = {part["caption"]: part["chapters"][0]["file"].split("/") for part in contents}
    folders = {words[1]: title for title, words in found.items() if words[0] == "chapters"}
    assert folders == {folder: plan()["parts"][folder] for folder in folders}


def test_four_paths_with_hours_of_chapters_that_are_planned() -> None:
    env = environment(UNET)
    found = paths(env)
    contents = (ROOT / "_toc.yml").read_text()
    for path in found:
        assert path.hours >= 1
        for name in path.chapters:
            assert name in titles() or f"chapters/{name}" in contents, name
    assert len(found) == len({path.letter for path in found}) == 4


def test_counts_follow_what_is_there() -> None:
    env = environment(UNET, "book/about")
    assert COUNTS["chapters"](env) == 1
    assert COUNTS["planned chapters"](env) == 1 + len(to_come(env)) == 1 + len(titles())
    assert COUNTS["assignments"](env) == len(list(ROOT.glob("chapters/*/assignment.md")))
    verdicts = ["held", "held in part", "did not hold"]
    assert COUNTS["claims"](env) == sum(COUNTS[f"claims that {v}"](env) for v in verdicts) > 0


def test_an_assignment_says_its_questions_and_points(tmp_path: Path) -> None:
    path = tmp_path / "looking" / "assignment.md"
    path.parent.mkdir()
    path.write_text("# BEGIN QUESTION\nname: q1\npoints: 6\n\n## Question 1: sums by hand\n")
    sheet = read(path)
    assert (sheet.part, sheet.questions, sheet.points) == ("looking", ("sums by hand",), (6,))
    path.write_text("# BEGIN QUESTION\nname: q1\npoints: 6\n")
    with pytest.raises(ValueError, match="0 headings"):
        read(path)


@pytest.mark.parametrize("path", [*ROOT.glob("book/*.md"), ROOT / "README.md", ROOT / "index.md"])
def test_no_page_counts_by_hand(path: Path) -> None:
    assert STALE.findall(path.read_text()) == []
