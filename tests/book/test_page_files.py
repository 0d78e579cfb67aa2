"""Every page of the built book as a file: its links, its pictures' words, its weight."""

import posixpath
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup

from built_site import HTML, NOTEBOOKS, ROOT, chapters, grouped, pages

pytestmark = pytest.mark.book
EVERY_PAGE = pytest.mark.parametrize("path", grouped(pages()))
EVERY_CHAPTER = pytest.mark.parametrize("path", grouped(chapters()))
PAGE_BYTES = 1_500_000


@EVERY_PAGE
def test_every_picture_says_what_it_shows(path: str) -> None:
    for image in _soup(path).select("article img, main img"):
        alt, name = str(image.get("alt", "")).strip(), posixpath.basename(str(image["src"]))
        assert alt, f"{name} has no alt text"
        assert name not in alt and "/" not in alt.split()[0], (
            f"{name}: its alt text is a path: {alt}"
        )


@EVERY_PAGE
def test_internal_links_lead_somewhere(path: str) -> None:
    lost = [href for href in _links(path) if not _resolves(path, href)]
    assert lost == []


def test_checks_of_links_can_fail() -> None:
    assert not _resolves("index.html", "nowhere.html")
    assert not _resolves("index.html", "#no-such-heading")


@EVERY_CHAPTER
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


@EVERY_CHAPTER
def test_is_light(path: str) -> None:
    """The page, its pictures, all frames of its demos and its tooltips."""
    soup = _soup(path)
    sources = {str(tag["src"]) for tag in soup.select("main img[src], script[src*='tippy/']")}
    folder = posixpath.dirname(path)
    files = {
        HTML / posixpath.normpath(posixpath.join(folder, s.partition("?")[0])) for s in sources
    }
    total = (HTML / path).stat().st_size + sum(file.stat().st_size for file in files)
    assert total <= PAGE_BYTES, {file.name: file.stat().st_size for file in files}


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
