"""The search: pages are found by synonyms, without accents and with 3x3; the right page first.

Words are added to a page as its keywords, which Sphinx indexes: those of ``search-words.yml``, and
for each term of the glossary that the page uses, what the glossary says it is also called. The
scorer that runs in the browser puts a page first if the search is one of its phrases.
"""

import json
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

HERE = Path(__file__).resolve().parent
WORDS, SCORER = HERE.parent / "search-words.yml", HERE / "search_scorer.js"
ENTRY = re.compile(r"^(\S[^\n]*)\n  ([^\n]+)", re.MULTILINE)
ALSO = re.compile(r"(?:Also(?: called)?|short:) ([^.;]+)[.;]")


def plain(text: str) -> str:
    """Text as the scorer in the browser compares it: no accents, no signs, small letters."""
    letters = unicodedata.normalize("NFD", text.replace("×", "x"))
    bare = "".join(c for c in letters if not unicodedata.combining(c)).lower()
    return " ".join(re.findall(r"[^\W_]+", bare))


class Folding(SearchEnglish):
    """English that indexes ``krahenbuhl`` beside ``krähenbühl``, and ``3x3`` for ``3×3``."""

    def split(self, input: str) -> list[str]:
        words = super().split(input)
        folded = [plain(word) for word in words]
        sizes = [match.replace("×", "x") for match in re.findall(r"\d+×\d+", input)]
        return words + [new for new, word in zip(folded, words) if new != word.lower()] + sizes


@cache
def phrases() -> dict[str, list[str]]:
    """What people type, for each page."""
    return yaml.safe_load(WORDS.read_text(encoding="utf-8"))


def synonyms(glossary: str) -> dict[str, list[str]]:
    """What a term of the glossary is also called: ``{"padding": ["dilation"]}``."""
    return {
        term.lower(): [name for also in ALSO.findall(text) for name in also.split(", ")]
        for term, text in ENTRY.findall(glossary)
        if ALSO.search(text)
    }


def add_keywords(app: Sphinx, doctree: nodes.document) -> None:
    """Put a page's further words where the index finds them."""
    found = list(phrases().get(app.env.docname, []))
    also = synonyms((HERE.parent / "glossary.md").read_text(encoding="utf-8"))
    for reference in doctree.findall(pending_xref):
        if reference.get("reftype") == "term":
            found += also.get(reference["reftarget"].lower(), [])
    words = sorted({word for phrase in found for word in plain(phrase).split()})
    if words:
        doctree += nodes.meta("", name="keywords", content=",".join(words))


def write_scorer(app: Sphinx, config: Any) -> None:
    """The scorer with its words, as a file that Sphinx reads."""
    words: dict[str, list[str]] = {}
    for page, said in phrases().items():
        for phrase in said:
            words.setdefault(plain(phrase), []).append(page)
    code = SCORER.read_text(encoding="utf-8")
    if "WORDS = {};" not in code:
        raise ValueError(f"{SCORER.name} has no line 'WORDS = {{}};' for its words: write one.")
    target = Path(app.doctreedir) / SCORER.name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(code.replace("WORDS = {};", f"WORDS = {json.dumps(words)};"), "utf-8")
    config.html_search_scorer = str(target)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_search_language(Folding)
    app.connect("config-inited", write_scorer)
    app.connect("doctree-read", add_keywords)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
