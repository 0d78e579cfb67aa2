"""The demos' own pages, for a projector."""

import re

import pytest
from playwright.sync_api import Browser

from built_site import HTML, pages

pytestmark = pytest.mark.book
ALONE = [path for path in pages() if path.startswith("demos/")]


def test_there_are_demos_in_chapters_and_alone() -> None:
    assert ALONE
    with_demos = [p for p in pages() if (HTML / p).is_file() and _has_demo(p)]
    assert any(path.startswith("chapters/") for path in with_demos)
    assert set(ALONE) <= set(with_demos)


def test_demo_page_has_big_type(browser: Browser, root: str) -> None:
    """Readable from the last row: at 1080 lines, text of at least 24 pixels."""
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    page.goto(root + ALONE[0])
    size = page.evaluate(
        "() => parseFloat(getComputedStyle(document.querySelector('.lc-demo')).fontSize)"
    )
    below = page.evaluate("() => document.documentElement.scrollHeight - innerHeight")
    page.close()
    assert size >= 24
    assert below <= 0, "the demo does not fit the screen"


@pytest.mark.parametrize("path", pages())
def test_style_and_script_are_the_sites_where_there_is_a_demo_or_a_question(path: str) -> None:
    html = (HTML / path).read_text()
    needed = _has_demo(path) or 'class="lc-check"' in html
    for file in ("lookclosely-fragments.css", "lookclosely-fragments.js"):
        assert html.count(file) == needed, file
    assert not re.search(r'<(style|script) class="lc-(demo|check)', html)


def _has_demo(path: str) -> bool:
    return 'class="lc-demo"' in (HTML / path).read_text()
