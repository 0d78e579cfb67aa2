"""Every page of the built book, as readers have it: on a phone, in the dark, on paper, from a file.

Each page is loaded once from a server and once from a file; the tests look at what was found then.
"""

from collections.abc import Callable
from functools import cache

import pytest
from playwright.sync_api import Browser

from built_site import Log, chapters, grouped, pages
from visits import Visit, visit, visit_from_file

pytestmark = pytest.mark.book
EVERY_PAGE = pytest.mark.parametrize("path", grouped(pages()))
EVERY_CHAPTER = pytest.mark.parametrize("path", grouped(chapters()))

Visited = Callable[[str], Visit]
Opened = Callable[[str], tuple[Log, list[str]]]


@pytest.fixture(scope="module")
def visited(browser: Browser, root: str) -> Visited:
    return cache(lambda path: visit(browser, root + path))


@pytest.fixture(scope="module")
def opened(browser: Browser) -> Opened:
    return cache(lambda path: visit_from_file(browser, path))


@EVERY_PAGE
def test_asks_no_third_party(visited: Visited, root: str, path: str) -> None:
    assert visited(path).log.foreign(root) == []


@EVERY_PAGE
def test_loads_without_errors(visited: Visited, path: str) -> None:
    found = visited(path)
    assert found.log.failed == []
    assert found.log.errors == []


@EVERY_PAGE
def test_never_scrolls_sideways(visited: Visited, path: str) -> None:
    assert visited(path).too_wide == []


@EVERY_PAGE
def test_axe_finds_nothing_serious(visited: Visited, path: str) -> None:
    assert visited(path).violations == []


@EVERY_PAGE
def test_no_picture_is_filtered(visited: Visited, path: str) -> None:
    assert visited(path).filtered == []


@EVERY_PAGE
def test_demos_move_by_keyboard(visited: Visited, path: str) -> None:
    assert visited(path).still == []


@EVERY_PAGE
def test_opens_from_a_file(opened: Opened, path: str) -> None:
    log, still = opened(path)
    broken = [url for url in log.failed if url.startswith("file:")]
    outside = [url for url in log.requests if not url.startswith(("file:", "data:", "blob:"))]
    assert (log.errors, broken, outside, still) == ([], [], [], [])


@EVERY_PAGE
def test_a_print_cuts_no_code_and_has_black_formulas(visited: Visited, path: str) -> None:
    found = visited(path)
    assert (found.cut, found.pale) == ([], [])


def test_the_first_page_is_found_at_its_address_of_old(browser: Browser, root: str) -> None:
    page = browser.new_page()
    page.goto(root + "book/index.html")
    page.wait_for_url(root + "index.html")
    page.close()


@EVERY_CHAPTER
def test_pictures_keep_their_colours_in_the_dark(visited: Visited, path: str) -> None:
    """Pure red, put where a cell's output is, must come out as pure red, on a white card."""
    found = visited(path)
    assert found.red == (255, 0, 0)
    assert found.card == "rgb(255, 255, 255)"
