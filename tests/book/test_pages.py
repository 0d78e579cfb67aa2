"""Every page of the built book, as readers have it: on a phone, in the dark, without a server."""

import posixpath
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page

from built_site import (
    HTML,
    NOTEBOOKS,
    ROOT,
    Log,
    chapters,
    listen,
    pages,
    settle,
)

pytestmark = pytest.mark.book

WIDTHS = {"phone": 390, "laptop": 1280}
THEMES = ("light", "dark")
SERIOUS = ("serious", "critical")


@dataclass
class Visit:
    """What one visit of a page found, in both themes and at both widths."""

    log: Log
    root: str
    too_wide: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    filtered: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def visit(browser: Browser, root: str):
    """Visit a page once; the tests below look at what was found there."""

    @cache
    def look(path: str) -> Visit:
        assert (HTML / path).is_file(), path
        found = Visit(Log(), root)
        for theme in THEMES:
            _look_in(browser, theme, path, found)
        return found

    return look


def _look_in(browser: Browser, theme: str, path: str, found: Visit) -> None:
    context = browser.new_context(color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    found.log = _joined(found.log, log := listen(page))
    for name, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(found.root + path)
        settle(page)
        if excess := _excess(page):
            found.too_wide.append(f"{name}, {theme}: {excess}")
        found.violations += [f"{name}, {theme}: {text}" for text in _serious(page)]
    found.filtered += page.evaluate(
        """() => [...document.images].filter(i => getComputedStyle(i).filter !== 'none')
            .map(i => i.src)"""
    )
    found.log = _joined(found.log, log)
    context.close()


def _joined(one: Log, other: Log) -> Log:
    return Log(one.errors + other.errors, one.requests + other.requests, one.failed + other.failed)


def _excess(page: Page) -> str:
    """The elements that make the page wider than the window, if any."""
    if page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"):
        return ""
    return page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
            .slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join(' · ')"""
    )


def _serious(page: Page) -> list[str]:
    # preload: axe would ask for imported style sheets at addresses that it guesses wrong.
    results = Axe().run(page, options={"resultTypes": ["violations"], "preload": False})
    return [
        f"{violation['id']}: {violation['nodes'][0]['html'][:150]}"
        for violation in results.response["violations"]
        if violation["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("path", pages())
def test_asks_no_third_party(visit, path: str) -> None:
    found = visit(path)
    assert found.log.foreign(found.root) == []


@pytest.mark.parametrize("path", pages())
def test_loads_without_errors(visit, path: str) -> None:
    found = visit(path)
    assert found.log.failed == []
    assert found.log.errors == []


@pytest.mark.parametrize("path", pages())
def test_never_scrolls_sideways(visit, path: str) -> None:
    assert visit(path).too_wide == []


@pytest.mark.parametrize("path", pages())
def test_axe_finds_nothing_serious(visit, path: str) -> None:
    assert visit(path).violations == []


@pytest.mark.parametrize("path", pages())
def test_no_picture_is_filtered(visit, path: str) -> None:
    assert visit(path).filtered == []


@pytest.mark.parametrize("path", pages())
def test_every_picture_says_what_it_shows(path: str) -> None:
    for image in _soup(path).select("article img, main img"):
        alt, name = str(image.get("alt", "")).strip(), posixpath.basename(str(image["src"]))
        assert alt, f"{name} has no alt text"
        assert name not in alt and "/" not in alt.split()[0], (
            f"{name}: its alt text is a path: {alt}"
        )


@pytest.mark.parametrize("path", pages())
def test_opens_from_a_file(browser: Browser, path: str) -> None:
    page = browser.new_page()
    log = listen(page)
    page.goto((HTML / path).as_uri())
    settle(page)
    broken = [url for url in log.failed if url.startswith("file:")]
    outside = [url for url in log.requests if not url.startswith(("file:", "data:", "blob:"))]
    page.close()
    assert (log.errors, broken, outside) == ([], [], [])


@pytest.mark.parametrize("path", pages())
def test_internal_links_lead_somewhere(path: str) -> None:
    lost = [href for href in _links(path) if not _resolves(path, href)]
    assert lost == []


def test_root_leads_to_the_first_page(browser: Browser, root: str) -> None:
    page = browser.new_page()
    page.goto(root)
    page.wait_for_url(root + "book/index.html")
    page.close()


def test_checks_of_links_can_fail() -> None:
    assert not _resolves("book/index.html", "nowhere.html")
    assert not _resolves("book/index.html", "#no-such-heading")


@pytest.mark.parametrize("path", chapters())
def test_chapter_opens_in_colab_and_downloads(path: str) -> None:
    name = path.removesuffix(".html") + ".ipynb"
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    repository = config["repository"]["url"].removeprefix("https://github.com/")
    branch = config["sphinx"]["config"]["lookclosely_notebooks_branch"]
    colab = f"https://colab.research.google.com/github/{repository}/blob/{branch}/{name}"
    links = [str(a["href"]) for a in _soup(path).select("a[href]")]
    assert colab in links
    assert any(_target(path, link) == HTML / "notebooks" / name for link in links)
    assert (NOTEBOOKS / name).is_file()


def test_links_to_assignments_open_what_make_notebooks_writes() -> None:
    links = [str(a["href"]) for path in chapters() for a in _soup(path).select("a[href]")]
    linked = {link for link in links if "/assignments/" in link}
    assert linked
    for link in linked:
        part = re.fullmatch(
            r"https://colab\.research\.google\.com/github/.+/assignments/(\w+)-assignment\.ipynb",
            link,
        )
        assert part and (ROOT / "chapters" / part[1] / "assignment.md").is_file(), link


@pytest.mark.parametrize("path", chapters())
def test_pictures_keep_their_colours_in_the_dark(browser: Browser, root: str, path: str) -> None:
    """Pure red, put where a cell's output is, must come out as pure red."""
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(root + path)
    settle(page)
    colour = page.evaluate(RED_IN_AN_OUTPUT)
    page.locator("#pure-red").scroll_into_view_if_needed()
    pixel = _middle_pixel(page.locator("#pure-red").screenshot())
    context.close()
    assert pixel == (255, 0, 0)
    assert colour == "rgb(255, 255, 255)", "figures are opaque white cards"


RED_IN_AN_OUTPUT = """() => {
  const box = document.createElement('div');
  box.className = 'cell container';
  box.innerHTML = `<div class="cell_output container"><div class="output image_png">
    <img id="pure-red" width="40" height="40" alt="red" src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'
    width='40' height='40'><rect width='40' height='40' fill='rgb(255,0,0)'/></svg>"></div></div>`;
  document.querySelector('article h1').after(box);
  return getComputedStyle(document.querySelector('#pure-red')).backgroundColor;
}"""


def _middle_pixel(png: bytes) -> tuple[int, ...]:
    import io

    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        return image.convert("RGB").getpixel((image.width // 2, image.height // 2))  # type: ignore


@cache
def _soup(path: str) -> BeautifulSoup:
    return BeautifulSoup((HTML / path).read_text(), "html.parser")


@cache
def _ids(path: Path) -> frozenset[str]:
    soup = BeautifulSoup(path.read_text(), "html.parser")
    return frozenset(str(tag["id"]) for tag in soup.find_all(id=True))


def _links(path: str) -> list[str]:
    soup = _soup(path)
    found = [str(tag["href"]) for tag in soup.select("a[href], link[href]")]
    found += [str(tag["src"]) for tag in soup.select("img[src], script[src]")]
    return [link for link in found if not urlsplit(link).scheme and link != "#"]


def _target(path: str, link: str) -> Path:
    parts = urlsplit(link)
    folder = posixpath.dirname(path)
    return (
        HTML / posixpath.normpath(posixpath.join(folder, unquote(parts.path)))
        if parts.path
        else HTML / path
    )


def _resolves(path: str, link: str) -> bool:
    target, fragment = _target(path, link), unquote(urlsplit(link).fragment)
    if not target.is_file():
        return False
    return not fragment or target.suffix != ".html" or fragment in _ids(target)
