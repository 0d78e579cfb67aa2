"""One visit of a page: it is loaded once, and every check that needs a browser looks at it there.

Loading is what takes long (the formulas are drawn anew each time), so that one load serves all
widths, both themes, the print and the demos. axe looks at all its rules at both widths in the
light; in the dark, where only colours differ, at the rules about colours.
"""

import io
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import axe_playwright_python
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize

from built_site import HTML, Log, listen, settle
from demos import move_all

WIDTHS = {"phone": 390, "laptop": 1280}
NARROW = (320, 360)  # 1280 pixels at 400 % zoom are 320; a small phone
HEIGHT = 900
PATIENCE = 120_000  # milliseconds, on a busy machine
SERIOUS = ("serious", "critical")
COLOURS = ["color-contrast", "link-in-text-block"]
# A page of A4 and of Letter between margins of 1 cm, in CSS pixels.
PAPER = {"A4": 718, "Letter": 740}


@dataclass
class Visit:
    """What one visit of a page found."""

    log: Log
    too_wide: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    filtered: list[str] = field(default_factory=list)
    still: list[str] = field(default_factory=list)  # demos that do not move as they should
    cut: list[str] = field(default_factory=list)  # what a print cuts off
    red: tuple[int, ...] | None = None  # what became of pure red in a cell's output, in the dark
    card: str = ""  # the background of that picture
    pale: list[str] = field(default_factory=list)  # formulas that are not black in a print


def visit(browser: Browser, address: str) -> Visit:
    """Load a page once and look at all that can be seen."""
    context = browser.new_context(color_scheme="light")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    found = Visit(listen(page))
    _resize(page, WIDTHS["phone"])
    page.goto(address)
    settle(page)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(
            "theme => !document.documentElement.dataset.mode"
            " || document.documentElement.dataset.theme === theme",
            arg=theme,
        )
        for name, width in WIDTHS.items():
            _resize(page, width)
            found.too_wide += _too_wide(page, f"{name}, {theme}")
            rules = None if theme == "light" else COLOURS
            found.violations += [f"{name}, {theme}: {text}" for text in _serious(page, rules)]
    if page.locator("article h1").count():
        _look_at_red(page, found)
    for width in NARROW:
        _resize(page, width)
        found.too_wide += _too_wide(page, f"{width} px")
    found.filtered = page.evaluate(FILTERED)
    _look_at_print(page, found)  # from the dark theme, as readers print
    _resize(page, WIDTHS["laptop"])
    found.still = move_all(page)
    context.close()
    return found


def _resize(page: Page, width: int) -> None:
    page.set_viewport_size(ViewportSize(width=width, height=HEIGHT))


FILTERED = """() => [...document.images]
    .filter(i => getComputedStyle(i).filter !== 'none').map(i => i.src)"""
WIDER = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
    [...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 3).map(e => e.outerHTML.slice(0, 120))"""
CUT = """() => [...document.querySelectorAll('article pre')]
    .filter(e => e.scrollWidth > e.clientWidth + 1)
    .slice(0, 3).map(e => e.textContent.slice(0, 60))"""
PALE = """() => [...document.querySelectorAll('article mjx-container')]
    .filter(e => getComputedStyle(e).color !== 'rgb(0, 0, 0)')
    .slice(0, 3).map(e => `${e.textContent.slice(0, 40)}: ${getComputedStyle(e).color}`)"""


def _too_wide(page: Page, where: str) -> list[str]:
    """The elements that make the page wider than the window, if any."""
    return [f"{where}: {element}" for element in page.evaluate(WIDER)]


RED_IN_AN_OUTPUT = """() => {
  const box = document.createElement('div');
  box.className = 'cell container';
  box.innerHTML = `<div class="cell_output container"><div class="output image_png">
    <img id="pure-red" width="40" height="40" alt="red" src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'
    width='40' height='40'><rect width='40' height='40' fill='rgb(255,0,0)'/></svg>"></div></div>`;
  document.querySelector('article h1').after(box);
  return getComputedStyle(document.querySelector('#pure-red')).backgroundColor;
}"""


def _look_at_red(page: Page, found: Visit) -> None:
    found.card = page.evaluate(RED_IN_AN_OUTPUT)
    page.locator("#pure-red").scroll_into_view_if_needed()
    with Image.open(io.BytesIO(page.locator("#pure-red").screenshot())) as image:
        middle = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
    found.red = middle if isinstance(middle, tuple) else None
    page.evaluate("() => document.querySelector('.cell:has(#pure-red)').remove()")


def _look_at_print(page: Page, found: Visit) -> None:
    page.emulate_media(media="print")
    for name, width in PAPER.items():
        _resize(page, width)
        found.cut += [f"{name}: {text}" for text in page.evaluate(CUT)]
    found.pale = page.evaluate(PALE)
    page.emulate_media(media="screen")


@cache
def _axe() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


def _serious(page: Page, rules: list[str] | None) -> list[str]:
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe())
        # What is far from the screen is not laid out, and axe would guess at its colours.
        page.add_style_tag(content="section, .cell { content-visibility: visible !important }")
    # preload: axe would ask for imported style sheets at addresses that it guesses wrong.
    options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    violations = page.evaluate("options => axe.run(options).then(r => r.violations)", options)
    return [
        f"{violation['id']}: {violation['nodes'][0]['html'][:150]}"
        for violation in violations
        if violation["impact"] in SERIOUS
    ]


def visit_from_file(browser: Browser, path: str) -> tuple[Log, list[str]]:
    """Open a page without a server; what it complained of, and demos that do not move there."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    log = listen(page)
    page.goto((HTML / path).as_uri())
    settle(page)
    still = move_all(page)
    page.close()
    return log, still
