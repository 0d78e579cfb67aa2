"""Demos and checked questions of the built book: fit, accessible, readable without JavaScript."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, expect

from built_site import HTML, pages, settle

pytestmark = pytest.mark.book
WITH_DEMOS = [
    path
    for path in pages()
    if (HTML / path).is_file() and 'class="lc-demo"' in (HTML / path).read_text()
]
ALONE = [path for path in WITH_DEMOS if path.startswith("demos/")]
FITS = """() => {
    const says = document.querySelector('.lc-demo-says').getBoundingClientRect();
    const words = document.querySelector('.lc-demo-words');
    const cut = words.scrollHeight > words.clientHeight + 1 || says.bottom > innerHeight;
    return [document.documentElement.scrollHeight - innerHeight, cut];
}"""


@pytest.mark.parametrize("path", ALONE)
def test_a_demo_alone_fits_a_projector(browser: Browser, root: str, path: str) -> None:
    """Nothing scrolls and no caption is cut at 1280 by 720, before the guess and after."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto(root + path)
    settle(page)
    before = page.evaluate(FITS)
    page.get_by_role("button", name="just see").click()
    after = page.evaluate(FITS)
    frame = page.locator("img.lc-demo-frame:not([hidden])")
    frame.evaluate("image => image.decode()")
    assert frame.evaluate("image => image.naturalWidth") >= 800
    page.close()
    assert before[0] <= 0 and not before[1]
    assert after == before, "something has moved"


@pytest.mark.parametrize("path", ALONE)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_in_an_answered_demo(
    browser: Browser, root: str, path: str, theme: Any, width: int
) -> None:
    view: Any = {"width": width, "height": 800}
    page = browser.new_page(viewport=view, color_scheme=theme, reduced_motion="reduce")
    page.goto(root + path)
    settle(page)
    page.locator("button[data-guess]").first.press("Enter")
    found = Axe().run(page, options={"resultTypes": ["violations"], "preload": False})
    page.close()
    assert [each["id"] for each in found.response["violations"]] == []


def unfold(thing: Locator) -> None:
    """Open the folds around it, from the outside in, as a reader does."""
    folds = thing.locator("xpath=ancestor::details[not(@open)]")
    while folds.count():
        folds.first.locator("xpath=./summary").click()


@pytest.mark.parametrize("path", [path for path in WITH_DEMOS if path not in ALONE])
def test_without_javascript_questions_and_answers_can_be_read(
    browser: Browser, root: str, path: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(root + path)
    answers = [demo.get_attribute("data-answer") for demo in page.locator(".lc-demo").all()]
    for demo, answer in zip(page.locator(".lc-demo").all(), answers, strict=True):
        demo.scroll_into_view_if_needed()  # cells are laid out when they come into view
        assert demo.locator(".lc-demo-ask").is_visible()
        expect(demo).to_contain_text(f"Answer: {answer}.", use_inner_text=True)
    for question in page.locator(".lc-check").all():
        unfold(question)
        question.scroll_into_view_if_needed()
        assert question.locator(".lc-check-question").is_visible()
        expect(question).to_contain_text("✓ Right: ", use_inner_text=True)
    context.close()


@pytest.mark.parametrize("path", [path for path in WITH_DEMOS if path not in ALONE])
def test_answered_questions_are_marked_in_the_side_bar(
    browser: Browser, root: str, path: str
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(root + path)
    settle(page)
    checks = page.locator("article .lc-check").all()
    assert len(checks) >= 2
    assert page.locator(".lc-done").count() == 0
    for check in checks:
        unfold(check)
        answer = check.get_attribute("data-answer") or ""
        field = check.locator("input[type=text]")
        if field.count():
            field.fill(answer)
        else:
            check.locator(f'input[value="{answer}"]').check()
        check.get_by_role("button", name="Check").press("Enter")
    total = len(checks)
    assert page.locator(".lc-answered").inner_text() == f"{total} of {total} ✓"
    page.goto(root + "book/gallery.html")
    assert page.locator(f'.bd-sidebar-primary a.lc-done[href*="{path.split("/")[-1]}"]').count()
    context.close()
