"""What the book's extension lists on its pages, and in which order and words."""

from pathlib import Path

import yaml

from book.site.slides import title
from book.site.timings import in_book_order

ROOT = Path(__file__).resolve().parents[2]


def test_timings_are_in_the_order_of_the_contents() -> None:
    contents = ["index", "chapters/looking/tasks", "chapters/segmentation/fcn"]
    found = {"chapters/segmentation/fcn", "index", "chapters/looking/tasks", "chapters/a/new"}
    assert in_book_order(found, contents) == [*contents[1:], "chapters/a/new"]
    assert in_book_order(found, ()) == sorted(found - {"index"})


def test_a_chapter_to_come_has_a_title_on_the_slide_map() -> None:
    decks = yaml.safe_load((ROOT / "book" / "slide-map.yml").read_text())
    targets = {t.partition("#")[0] for deck in decks for s in deck["sections"] for t in s["in"]}
    contents = (ROOT / "_toc.yml").read_text()
    coming = {t for t in targets if "book/" not in t and f"chapters/{t}" not in contents}
    lost = [name for name in coming if title(name) == name.rpartition("/")[2].replace("_", " ")]
    assert lost == []
    assert title("detection/yolo_ssd") == "YOLO and SSD"
    assert title("part/something_else") == "something else"
