"""What the search knows of words: accents, sizes, synonyms."""

from pathlib import Path

from book.site.search import Folding, phrases, plain, synonyms

ROOT = Path(__file__).resolve().parents[2]


def test_words_are_indexed_without_accents_too() -> None:
    words = Folding({}).split("Krähenbühl takes a 3×3 kernel")
    assert {"Krähenbühl", "krahenbuhl", "3x3", "kernel"} <= set(words)
    assert "takes" in words and words.count("takes") == 1


def test_phrases_are_compared_as_the_browser_compares_them() -> None:
    assert plain("U-Net: Krähenbühl, 3×3") == "u net krahenbuhl 3x3"


def test_synonyms_come_from_the_glossary() -> None:
    glossary = "rate\n  The gap. Also dilation. *Korean:* 비율.\n\nscore\n  A number.\n"
    assert synonyms(glossary) == {"rate": ["dilation"]}
    assert "NMS" in synonyms((ROOT / "book/glossary.md").read_text())["non-maximum suppression"]


def test_every_page_that_has_words_is_in_the_contents() -> None:
    contents = (ROOT / "_toc.yml").read_text()
    assert [page for page in phrases() if f"file: {page}\n" not in contents] == []
