"""Move every demo of an open page by keyboard: the picture and the words must change."""

from playwright.sync_api import Locator, Page


def move_all(page: Page) -> list[str]:
    """What does not move as it should, in words."""
    found = []
    for demo in page.locator(".lc-demo").all():
        demo.scroll_into_view_if_needed()
        if see := demo.locator(".lc-demo-see").all():
            see[0].press("Enter")  # the controls open without a guess
        for control in demo.locator(".lc-demo-control").all():
            found += _move(demo, control)
    return found


def _move(demo: Locator, control: Locator) -> list[str]:
    """One step with an arrow key, and back."""
    before = _state(demo, control)
    there, back = ("ArrowRight", "ArrowLeft")
    if before["last"]:
        there, back = back, there
    _press(control, there)
    after = _state(demo, control)
    _press(control, back)
    # One setting may draw what another draws; its line of text is another all the same.
    same = all(after[key] == before[key] for key in ("picture", "text"))
    wrong = ["picture and text"] * same + ["spoken"] * (after["spoken"] == before["spoken"])
    wrong += [] if after["loaded"] else ["the shown frame is not there"]
    wrong += [] if _state(demo, control) == before else ["not back where it was"]
    name = demo.get_attribute("aria-label") or demo.get_attribute("id")
    return [f"{name}: {what}" for what in wrong]


def _press(control: Locator, key: str) -> None:
    """On the slider, or on the chosen one of some buttons."""
    moved = control.locator("input[type=range], input[type=radio]:checked").first
    moved.focus()
    moved.press(key)


def _state(demo: Locator, control: Locator) -> dict[str, object]:
    shown = demo.locator("img.lc-demo-frame:not([hidden])")
    assert shown.count() == 1
    shown.evaluate("image => image.decode()")
    return {
        "picture": shown.get_attribute("src"),
        "loaded": shown.evaluate("image => image.complete && image.naturalWidth > 0"),
        "text": demo.locator(".lc-demo-text").text_content(),
        **control.evaluate(SPOKEN),
    }


# What a screen reader says of a control, and whether it stands at its end.
SPOKEN = """control => {
  const range = control.querySelector("input[type=range]");
  if (range) return { spoken: range.ariaValueText, last: range.value === range.max };
  const choices = [...control.querySelectorAll("input[type=radio]")];
  const chosen = choices.findIndex((each) => each.checked);
  return { spoken: choices[chosen].labels[0].textContent, last: chosen === choices.length - 1 };
}"""
