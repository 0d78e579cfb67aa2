"""What a page says of itself to others: title, description, picture, one address."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.utils import new_document
from PIL import Image

from book.site.head import LENGTH, describe, write_card
from built_site import HTML, ROOT, pages

BASE = re.search(r"baseurl: (\S+)", (ROOT / "_config.yml").read_text())[1]  # type: ignore[index]
OURS = [path for path in pages() if path.startswith(("book/", "chapters/", "demos/", "index"))]


def document(*texts: str) -> nodes.document:
    tree = new_document("page")
    tree += nodes.section("", *[nodes.paragraph(text, text) for text in texts])
    return tree


def test_a_description_is_the_first_words_cut_after_a_word() -> None:
    assert describe(document("Short.", "How can a network answer for every pixel?")) == (
        "How can a network answer for every pixel?"
    )
    said = describe(document("word " * 60))
    assert len(said) <= LENGTH + 2 and said.endswith("word …")


def test_a_card_holds_the_whole_picture_in_its_shape(tmp_path: Path) -> None:
    Image.new("RGB", (40, 10), "red").save(tmp_path / "wide.png")
    write_card(tmp_path / "wide.png", tmp_path / "cards" / "card.png")
    with Image.open(tmp_path / "cards" / "card.png") as card:
        assert card.size == (1200, 630)
        assert card.getpixel((600, 315)) == (255, 0, 0)
        assert card.getpixel((600, 100)) == (255, 255, 255)


@pytest.mark.book
@pytest.mark.parametrize("path", OURS)
def test_a_page_says_what_it_is(path: str) -> None:
    soup = BeautifulSoup((HTML / path).read_text(), "html.parser")
    tags = {str(m.get("name") or m.get("property")): str(m.get("content")) for m in soup("meta")}
    assert len(tags["description"]) > 20 and tags["description"] == tags["og:description"]
    assert soup.title and not re.match(r"\d|Look Closely — ", soup.title.text)
    picture = tags["og:image"].removeprefix(BASE)
    assert (HTML / picture).is_file(), picture
    (canonical,) = soup.select("link[rel=canonical]")
    where = "" if path == "index.html" else path
    assert canonical["href"] == tags["og:url"] == BASE + where


@pytest.mark.book
def test_no_two_pages_have_one_title() -> None:
    soups = [BeautifulSoup((HTML / path).read_text(), "html.parser") for path in OURS]
    titles = [soup.title.text for soup in soups if soup.title]
    assert sorted(set(titles)) == sorted(titles)


@pytest.mark.book
def test_the_sitemap_lists_every_page_once() -> None:
    listed = re.findall(r"<loc>(.*?)</loc>", (HTML / "sitemap.xml").read_text())
    ours = [path for path in OURS if not path.startswith("demos/")]
    assert sorted(listed) == sorted(BASE + ("" if p == "index.html" else p) for p in ours)


@pytest.mark.book
def test_a_lost_reader_finds_the_way_from_any_depth() -> None:
    soup = BeautifulSoup((HTML / "404.html").read_text(), "html.parser")
    assert [a["href"] for a in soup("a")] == [BASE, BASE + "search.html"]
    assert [link["href"] for link in soup("link")] == ["data:,"]  # nothing that is near
