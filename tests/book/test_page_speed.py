"""Chapters are ready soon: measured against an empty page of the theme, in the same minute."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from built_site import chapters, grouped, served
from page_speed import EMPTY, RATIO, empty_page, speed

pytestmark = [pytest.mark.book, pytest.mark.alone]


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with served(extra={EMPTY: empty_page(chapters()[0]).encode()}) as address:
        yield address


@pytest.mark.parametrize("path", grouped(chapters()))
def test_is_interactive_soon(browser: Browser, site: str, path: str) -> None:
    assert speed(browser, site, path, EMPTY, RATIO).ratio <= RATIO


def test_the_empty_page_is_one_of_the_theme(browser: Browser, site: str) -> None:
    page = browser.new_page()
    page.goto(site + EMPTY)
    assert page.locator(".bd-sidebar-primary").count() == 1
    assert page.locator("article").inner_text() == ""
    page.close()
