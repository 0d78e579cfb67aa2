"""The first page: all of its first screen on the first screen, and its buttons."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from built_site import HTML, chapters, settle

pytestmark = pytest.mark.book
SCREENS = [(1280, 800), (390, 844)]


@pytest.fixture
def page(browser: Browser, root: str) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(root + "index.html")
    settle(page)
    yield page
    page.close()


@pytest.mark.parametrize("size", SCREENS, ids=str)
def test_everything_is_on_the_first_screen(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for selector in ("article h1", ".lc-live", ".lc-doors", ".lc-paths"):
        box = page.locator(selector).bounding_box()
        assert box and box["y"] >= 0 and box["y"] + box["height"] <= size[1], selector


def test_three_doors_and_four_paths_with_hours(page: Page) -> None:
    assert page.locator(".lc-doors b").all_inner_texts() == ["Learn", "Teach", "Check"]
    hours = page.locator(".lc-paths small").all_inner_texts()
    assert len(hours) == 4
    assert all(re.fullmatch(r"\d+ hours · \d chapters", text) for text in hours)
    letters = page.locator(".lc-paths .lc-letter").all_inner_texts()
    assert len(set(letters)) == 4


def test_the_live_picture_changes_with_its_score(page: Page) -> None:
    choices = page.locator(".lc-choices input")
    if choices.count() == 0:
        pytest.skip("built without the real images: a still picture stands there")
    shown = []
    for choice in choices.all():
        choice.check(force=True)
        frame = page.locator(".lc-live-frame:not([hidden])")
        assert frame.count() == 1
        shown.append((frame.get_attribute("src"), page.locator(".lc-live output").inner_text()))
    assert len({source for source, _ in shown}) == len(shown) == 5
    assert all(re.fullmatch(r"IoU [01]\.\d\d", score) for _, score in shown)


def test_a_path_lights_up_its_chapters_and_lets_go(page: Page) -> None:
    button = page.locator(".lc-paths button").first
    names = (button.get_attribute("data-chapters") or "").split()
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    hits = page.locator(".lc-hit")
    assert sorted(h.get_attribute("data-chapter") or "" for h in hits.all()) == sorted(names)
    button.press("Enter")
    assert page.locator(".lc-hit").count() == 0


def test_the_map_has_every_chapter_and_says_what_is_to_come(page: Page) -> None:
    linked = page.locator(".lc-map a[data-chapter]").evaluate_all(
        "all => all.map(a => a.dataset.chapter)"
    )
    assert sorted(f"chapters/{name}.html" for name in linked) == chapters()
    soon = page.locator(".lc-soon")
    assert all("(to come)" in (text or "") for text in soon.all_text_contents())


def test_numbers_on_the_page_are_counted() -> None:
    text = (HTML / "index.html").read_text()
    assert f"{len(chapters())} chapters that run" in text
    demos = len(list((HTML / "demos").glob("*.html")))
    assert f"{demos} demos for the lecture hall" in text
