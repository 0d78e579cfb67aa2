"""Demos and questions in a browser, from a file: keyboard, sizes, themes, no JavaScript."""

from typing import Any

import pytest
from demo_pages import grey, shown_frames, step_figure, write_page

from lookclosely.demo import check, demo

pytestmark = pytest.mark.slow
BOX = """() => JSON.stringify([...document.querySelectorAll('.lc-demo, .lc-check')]
    .map(e => e.getBoundingClientRect()))"""


def asking() -> Any:
    """A demo that asks, with buttons and a range."""
    return demo(
        step_figure,
        ask="Which bar is highest?",
        setting="Each bar is as high as its stride.",
        guesses=["1", "2", "3"],
        answer=lambda: max(1, 3, 2),
        verdict={"": "It is 3 high.", "1": "It is 1 high, the third 3. " + "So much more. " * 7},
        mode=["nearest", "bilinear", "learnt"],
        stride=[1, 2, 3],
    )


def questions() -> list[Any]:
    kept = ["a", "a and c", "all three"]
    return [
        check("How wide?", answer=7.5, unit="pixels", why={7.5: "So it is.", 8: "Nearly."}),
        check("Which are kept?", answer="a and c", choices=kept, why={"a": "c is free."}),
    ]


def test_the_keyboard_moves_picture_and_text_from_a_file(static, page, tmp_path):
    url = write_page(
        tmp_path / "page.html",
        demo(step_figure, stride=[1, 2, 3], mode=["nearest", "bilinear"]),
        demo(grey, level=(0.1, 0.3, 0.1), alt="A grey of {level}"),
    )
    page.goto(url)
    page.wait_for_function(
        "[...document.images].every((image) => image.complete && image.naturalWidth >= 800)"
    )
    assert shown_frames(page) == ["nearest, stride 1", "A grey of 0.1"]
    page.get_by_role("slider", name="stride", exact=True).press("ArrowRight")
    page.get_by_role("radio", name="nearest", exact=True).press("ArrowRight")
    page.get_by_role("slider", name="level", exact=True).press("ArrowUp")
    assert shown_frames(page) == ["bilinear, stride 2", "A grey of 0.2"]
    assert page.locator(".lc-demo-text").all_inner_texts() == ["bilinear, stride 2", ""]
    assert page.locator(".lc-demo-value").all_inner_texts() == ["2", "0.2"]
    assert page.get_by_role("radio", name="bilinear").is_checked()
    assert [u for u in page.requests if not u.startswith(("file://", "data:"))] == []
    assert page.problems == []


@pytest.mark.parametrize(
    ("tabs", "guess", "verdict"),
    [
        (1, "1", "Not 1: 3. It is 1 high"),
        (3, "3", "Yes: 3. It is 3 high."),
        (4, "", "Answer: 3. It is 3 high."),
    ],
)
def test_guess_by_keyboard_then_the_controls_open(static, page, tmp_path, tabs, guess, verdict):
    page.goto(write_page(tmp_path / "page.html", asking()))
    assert page.get_by_role("slider").is_disabled()
    before = page.evaluate(BOX)
    for _ in range(tabs):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    seen = page.locator(".lc-demo-on")
    assert seen.count() == 1 and seen.inner_text().startswith(verdict)
    assert page.locator(".lc-demo-said").inner_text().startswith(verdict)  # as it is read aloud
    assert page.evaluate(BOX) == before, "something has moved"
    assert page.get_by_role("slider").is_enabled()
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == (guess or "3")
    assert shown_frames(page) == [f"nearest, stride {guess or 3}"]
    focus = page.evaluate("document.activeElement.dataset.guess ?? document.activeElement.type")
    assert focus == (guess or "radio")
    marks = {b.inner_text(): _mark(b) for b in page.locator(".lc-demo-guesses button").all()}
    assert marks == {"1": "none", "2": "none", "3": "✓"} | ({"1": "✗"} if guess == "1" else {})
    page.keyboard.press("Enter")  # a second guess changes nothing
    assert page.locator(".lc-demo-on").count() == 1
    assert page.problems == []


def _mark(button: Any) -> str:
    return button.evaluate("b => getComputedStyle(b, '::before').content").split("/")[0].strip(' "')


@pytest.mark.parametrize(
    "typed", ["7.5", "7,5", " 7.50 ", "15/2", "7.5 pixels", "+7,5", "7.5000000001"]
)
def test_a_right_number_is_right_however_it_is_written(page, tmp_path, typed):
    page.goto(write_page(tmp_path / "page.html", *questions()))
    before = page.evaluate(BOX)
    _answer(page, typed)
    assert page.locator(".lc-check-on").first.inner_text() == "✓ Right: 7.5. So it is."
    assert page.evaluate(BOX) == before, "something has moved"
    assert page.get_by_role("textbox").get_attribute("aria-invalid") == "false"


@pytest.mark.parametrize(
    ("typed", "reply"),
    [
        ("8", "✗ Not 8. Nearly."),
        ("8,0", "✗ Not 8. Nearly."),
        ("16", "✗ Not this."),
        ("-7.5", "✗ Not this."),
        ("−7.5", "✗ Not this."),
        ("7.5.1", "A number, please,"),
        ("seven", "A number, please,"),
        ("7/0", "A number, please,"),
        ("", "A number, please,"),
    ],
)
def test_a_wrong_number_is_explained_and_the_result_not_told(page, tmp_path, typed, reply):
    page.goto(write_page(tmp_path / "page.html", *questions()))
    _answer(page, typed)
    assert page.locator(".lc-check-on").first.inner_text().startswith(reply)
    assert page.locator(".lc-check-kept").count() == 0
    assert page.evaluate("document.activeElement.type") == "text"


def test_thousands_may_be_grouped(page, tmp_path):
    page.goto(write_page(tmp_path / "page.html", check("How many?", answer=19800)))
    for typed in ("19,800", "19 800", "19800"):
        _answer(page, "1")
        _answer(page, typed)
        assert page.locator(".lc-check-on").inner_text() == "✓ Right: 19800."


def test_after_two_wrong_answers_the_right_one_can_be_shown(page, tmp_path):
    page.goto(write_page(tmp_path / "page.html", *questions()))
    show = page.get_by_role("button", name="Show it").first
    for typed in ("x", "8", "y", "9"):
        assert not show.is_visible()
        _answer(page, typed)
    assert show.is_visible()
    show.press("Enter")
    assert page.get_by_role("textbox").input_value() == "7.5"
    assert page.locator(".lc-check-on").first.inner_text().startswith("✓ Right: 7.5.")
    assert not show.is_visible()


def test_a_choice_is_made_checked_and_kept_by_keyboard(page, tmp_path):
    url = write_page(tmp_path / "page.html", *questions())
    page.goto(url)
    reply = page.locator(".lc-check-on").last
    page.get_by_role("button", name="Check").last.press("Enter")
    assert reply.inner_text() == "Choose one first."
    page.get_by_role("radio", name="a", exact=True).press("Space")
    page.keyboard.press("Enter")
    assert reply.inner_text() == "✗ Not a. c is free."
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert reply.inner_text() == "✓ Right: a and c."
    page.wait_for_function("document.querySelectorAll('.lc-check-said')[1].textContent.length")
    page.goto(url)  # the browser remembers it, the page does not give it away
    assert page.locator(".lc-check-kept").count() == 1
    assert page.locator(".lc-check-on").all_inner_texts() == ["A number.", "Choose one."]
    assert page.problems == []


def test_a_browser_that_keeps_nothing_still_checks(page, tmp_path):
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } })"
    )
    page.goto(write_page(tmp_path / "page.html", *questions()))
    _answer(page, "7.5")
    assert page.locator(".lc-check-on").first.inner_text().startswith("✓ Right")
    assert page.problems == []


def _answer(page: Any, typed: str) -> None:
    page.get_by_role("textbox").fill(typed)
    page.get_by_role("textbox").press("Enter")


def test_without_javascript_question_and_answer_can_be_read(static, browser, tmp_path):
    url = write_page(tmp_path / "page.html", asking(), *questions())
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url)
    assert shown_frames(page) == ["nearest, stride 1"]
    assert page.locator(".lc-demo-text").inner_text() == "nearest, stride 1"
    read = page.locator("main").inner_text()
    for words in (
        "Which bar is highest?",
        "Answer: 3. It is 3 high.",
        "How wide?",
        "✓ Right: 7.5.",
    ):
        assert words in read
    assert not any(each.is_visible() for each in page.locator("input, button").all())
    context.close()


def test_on_paper_the_answer_follows_the_question(static, page, tmp_path):
    page.goto(write_page(tmp_path / "page.html", asking()))
    page.emulate_media(media="print")
    assert page.get_by_text("Answer: 3.").first.is_visible()
    assert not page.get_by_role("button").first.is_visible()


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_phone_and_laptop_light_and_dark(static, browser, tmp_path, width, theme):
    from axe_playwright_python.sync_playwright import Axe

    url = write_page(tmp_path / "page.html", asking(), *questions(), theme=theme)
    view = {"width": width, "height": 800}
    context = browser.new_context(viewport=view, reduced_motion="reduce")
    page = context.new_page()
    page.goto(url)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="1", exact=True).click()
    _answer(page, "8")
    assert Axe().run(page).response["violations"] == []
    for each in page.locator("button:visible:not(.lc-demo-see), input[type=range]").all():
        assert each.bounding_box()["height"] >= 44
    assert page.get_by_role("slider").bounding_box()["width"] >= 150
    context.close()


def test_the_focus_is_to_be_seen(static, page, tmp_path):
    page.goto(write_page(tmp_path / "page.html", asking(), *questions()))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    focused = [page.get_by_role("radio", name="nearest").locator(".."), page.get_by_role("slider")]
    before = [each.screenshot() for each in focused]
    page.keyboard.press("Tab")
    after = [focused[0].screenshot()]
    page.keyboard.press("Tab")
    after.append(focused[1].screenshot())
    assert before[0] != after[0] and before[1] != after[1]


def test_in_forced_colours_a_slider_keeps_its_track(static, page, tmp_path):
    page.goto(write_page(tmp_path / "page.html", demo(step_figure, stride=[1, 2, 3])))
    slider = page.get_by_role("slider")
    page.emulate_media(forced_colors="active")
    assert slider.evaluate("s => getComputedStyle(s).appearance") == "auto"
