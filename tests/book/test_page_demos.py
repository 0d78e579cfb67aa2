"""Every demo of the built book, moved by keyboard: the picture and the text must change."""

import pytest
from playwright.sync_api import Browser, Locator, Page

from built_site import HTML, listen, pages, settle

pytestmark = pytest.mark.book

WITH_DEMOS = [
    path
    for path in pages()
    if (HTML / path).is_file() and 'class="lc-demo"' in (HTML / path).read_text()
]


def test_there_are_demos() -> None:
    assert WITH_DEMOS
    assert any(path.startswith("demos/") for path in WITH_DEMOS)


@pytest.mark.parametrize("path", WITH_DEMOS)
def test_demo_moves_by_keyboard(browser: Browser, root: str, path: str) -> None:
    page = browser.new_page()
    page.goto(root + path)
    _move_all(page)
    page.close()


@pytest.mark.parametrize("path", WITH_DEMOS)
def test_demo_moves_without_a_server(browser: Browser, path: str) -> None:
    page = browser.new_page()
    log = listen(page)
    page.goto((HTML / path).as_uri())
    _move_all(page)
    page.close()
    assert log.errors == []


def test_demo_page_has_big_type(browser: Browser, root: str) -> None:
    """Readable from the last row: at 1080 lines, text of at least 24 pixels."""
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    page.goto(root + next(path for path in WITH_DEMOS if path.startswith("demos/")))
    size = page.evaluate(
        "() => parseFloat(getComputedStyle(document.querySelector('.lc-demo')).fontSize)"
    )
    below = page.evaluate("() => document.documentElement.scrollHeight - innerHeight")
    page.close()
    assert size >= 24
    assert below <= 0, "the demo does not fit the screen"


def _move_all(page: Page) -> None:
    settle(page)
    demos = page.locator(".lc-demo")
    assert demos.count()
    for demo in demos.all():
        demo.scroll_into_view_if_needed()
        for control in demo.locator("input[type=range]").all():
            _move(demo, control)


def _move(demo: Locator, control: Locator) -> None:
    """One step with an arrow key, and back."""
    before = _state(demo, control)
    there, back = ("ArrowRight", "ArrowLeft")
    if control.input_value() == control.get_attribute("max"):
        there, back = back, there
    control.focus()
    control.press(there)
    after = _state(demo, control)
    assert after["picture"] != before["picture"]
    assert after["spoken"] != before["spoken"]
    assert after["loaded"], "the shown frame is not there"
    control.press(back)
    assert _state(demo, control) == before


def _state(demo: Locator, control: Locator) -> dict[str, object]:
    shown = demo.locator("img.lc-demo-frame:not([hidden])")
    assert shown.count() == 1
    shown.evaluate("image => image.decode()")
    return {
        "picture": shown.get_attribute("src"),
        "loaded": shown.evaluate("image => image.complete && image.naturalWidth > 0"),
        "text": demo.locator(".lc-demo-text").text_content(),
        "spoken": control.get_attribute("aria-valuetext"),
    }
