"""Keys, forced colours and tooltips: what axe cannot see."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from built_site import pages, settle

pytestmark = pytest.mark.book
ALONE = [path for path in pages() if path.startswith("demos/")]
UNET = "chapters/segmentation/unet.html"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    yield page
    page.close()


def tooltip(page: Page, selector: str) -> None:
    """Point at a word until its tooltip is there."""
    page.wait_for_function("s => document.querySelector(s)?._tippy", arg=selector)
    page.locator(selector).first.hover()
    page.wait_for_selector(".tippy-box")


def test_escape_closes_a_tooltip(page: Page, root: str) -> None:
    page.goto(root + UNET)
    settle(page)
    tooltip(page, "#the-idea a:has(> .std-term)")
    assert page.locator(".tippy-box").inner_text().strip()
    page.keyboard.press("Escape")
    page.wait_for_selector(".tippy-box", state="detached")


def test_a_deck_is_named_in_full_where_one_points_at_it(page: Page, root: str) -> None:
    page.goto(root + UNET)
    settle(page)
    deck = page.locator("article a.lc-deck").first
    for point in (deck.hover, deck.focus):
        point()
        page.wait_for_selector(".tippy-box")
        assert page.locator(".tippy-box").inner_text().startswith("Slides: ")
        page.keyboard.press("Escape")
        page.wait_for_selector(".tippy-box", state="detached")
    deck.click()
    page.wait_for_url(root + "book/slide-map.html#deck-s00*")


def test_a_part_is_folded_but_the_one_that_is_read(page: Page, root: str) -> None:
    page.goto(root + UNET)
    parts = page.locator(".bd-sidebar-primary details.lc-part")
    opened = page.locator(".bd-sidebar-primary details.lc-part[open]")
    assert parts.count() > 2 and opened.count() == 1
    assert "U-Net" in opened.inner_text() and "Assignment" in opened.inner_text()


def test_letters_are_shortcuts_in_the_demo_only_whatever_caps_lock_says(
    page: Page, root: str
) -> None:
    here, there = ALONE[0], ALONE[1]
    for key in ("n", "N"):
        page.goto(root + here)
        page.keyboard.press(key)
        page.wait_for_url(root + there)
    page.goto(root + here)
    page.locator("nav a").first.focus()
    page.keyboard.press("n")
    page.wait_for_timeout(200)
    assert page.url == root + here


def test_sliders_keep_their_track_in_forced_colours(browser: Browser, root: str) -> None:
    context = browser.new_context(forced_colors="active")
    page = context.new_page()
    for path in ALONE:
        page.goto(root + path)
        looks = page.locator(".lc-demo input[type=range]").evaluate_all(
            "all => all.map(e => getComputedStyle(e).appearance)"
        )
        assert set(looks) <= {"auto", "slider-horizontal"}, path
    context.close()
