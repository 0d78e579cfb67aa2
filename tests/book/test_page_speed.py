"""How fast and how heavy the chapters are. Medians of five visits, each with an empty cache."""

import posixpath
from statistics import median

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser

from built_site import HTML, chapters

pytestmark = pytest.mark.book

VISITS = 5
INTERACTIVE_SECONDS = 0.5
MATHS_SECONDS = 1.0
PAGE_BYTES = 1_500_000

# Remembers when the last formula was drawn.
WATCH_MATHS = """
new MutationObserver((changes) => {
  const drawn = changes.some((c) => [...c.addedNodes].some((n) => n.nodeName === "MJX-CONTAINER"));
  if (drawn) window.lastFormula = performance.now();
}).observe(document, { childList: true, subtree: true });
"""


@pytest.mark.parametrize("path", chapters())
def test_is_interactive_and_drawn_soon(browser: Browser, root: str, path: str) -> None:
    times = [_visit(browser, root + path) for _ in range(VISITS)]
    interactive = median(time for time, _ in times) / 1000
    maths = median(time for _, time in times) / 1000
    print(f"{path}: interactive {interactive:.2f} s, maths {maths:.2f} s")
    assert interactive <= INTERACTIVE_SECONDS
    assert maths <= MATHS_SECONDS


def _visit(browser: Browser, address: str) -> tuple[float, float]:
    """Milliseconds to domInteractive, and to the last formula."""
    context = browser.new_context()
    context.add_init_script(WATCH_MATHS)
    page = context.new_page()
    page.goto(address)
    page.evaluate("() => window.MathJax?.startup?.promise")
    interactive = page.evaluate(
        "() => performance.getEntriesByType('navigation')[0].domInteractive"
    )
    maths = page.evaluate("() => window.lastFormula ?? 0")
    context.close()
    return interactive, maths


@pytest.mark.parametrize("path", chapters())
def test_is_light(path: str) -> None:
    """The page, its pictures, all frames of its demos and its tooltips."""
    soup = BeautifulSoup((HTML / path).read_text(), "html.parser")
    sources = {str(tag["src"]) for tag in soup.select("main img[src], script[src*='tippy/']")}
    folder = posixpath.dirname(path)
    files = {
        HTML / posixpath.normpath(posixpath.join(folder, s.partition("?")[0])) for s in sources
    }
    total = (HTML / path).stat().st_size + sum(file.stat().st_size for file in files)
    assert total <= PAGE_BYTES, {file.name: file.stat().st_size for file in files}
