"""How soon a page is ready: beside an empty page of the same theme, visited in turns with it.

As a program (``make bench``) it prints seconds for every chapter.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

from built_site import HTML, chapters, served
from chromium import chromium

RATIO = 1.7  # to the empty page: no more
VISITS, MOST = 5, 25  # the least of more visits is nearer to what the page itself takes
EMPTY = "chapters/empty/empty.html"

# Remembers when the last formula was drawn.
WATCH_MATHS = """
new MutationObserver((changes) => {
  const drawn = changes.some((c) => [...c.addedNodes].some((n) => n.nodeName === "MJX-CONTAINER"));
  if (drawn) window.lastFormula = performance.now();
}).observe(document, { childList: true, subtree: true });
"""
INTERACTIVE = "() => performance.getEntriesByType('navigation')[0].domInteractive"


@dataclass(frozen=True)
class Speed:
    """Milliseconds to domInteractive, the least of several visits, of a page and the empty one."""

    page: float
    empty: float

    @property
    def ratio(self) -> float:
        return self.page / self.empty


def empty_page(chapter: str) -> str:
    """A chapter's HTML without its text: what the theme alone takes."""
    html = (HTML / chapter).read_text()
    emptied, count = re.subn(
        r'(<article class="bd-article"[^>]*>).*?(</article>)', r"\1\2", html, flags=re.DOTALL
    )
    if count != 1:
        raise ValueError(f"{chapter}: {count} articles, not one; the theme's HTML has changed.")
    return emptied


def speed(browser: Browser, root: str, path: str, empty: str, limit: float = 0) -> Speed:
    """Both pages in turns, each time with an empty cache; more often where the limit is missed."""
    both: list[tuple[float, float]] = []
    while True:
        both.append((interactive(browser, root + path), interactive(browser, root + empty)))
        found = Speed(min(one for one, _ in both), min(other for _, other in both))
        if len(both) >= MOST or (len(both) >= VISITS and found.ratio <= limit):
            return found


def interactive(browser: Browser, address: str) -> float:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address, wait_until="domcontentloaded")
    milliseconds = page.evaluate(INTERACTIVE)
    context.close()
    return milliseconds


def maths(browser: Browser, address: str) -> float:
    """Milliseconds until the last formula is drawn."""
    context = browser.new_context()
    context.add_init_script(WATCH_MATHS)
    page = context.new_page()
    page.goto(address)
    page.evaluate("() => window.MathJax?.startup?.promise")
    milliseconds = page.evaluate("() => window.lastFormula ?? 0")
    context.close()
    return milliseconds


def main() -> None:
    extra = {EMPTY: empty_page(chapters()[0]).encode()}
    with chromium() as browser, served(extra=extra) as root:
        print(f"{'seconds until':44}{'interactive':>13}{'of empty':>10}{'maths':>8}")
        for path in chapters():
            taken, drawn = speed(browser, root, path, EMPTY, RATIO), maths(browser, root + path)
            print(
                f"{Path(path).stem:44}{taken.page / 1e3:13.2f}{taken.ratio:10.2f}{drawn / 1e3:8.2f}"
            )


if __name__ == "__main__":
    main()
