"""What the book's extension does to the text of its pages."""

from pathlib import Path

from pybtex.database import parse_file, parse_string

from book.site.bibliography import AuthorYear, label
from book.site.typography import break_paths, keep_punctuation, mark_languages

ROOT = Path(__file__).resolve().parents[2]

N = r'<span class="math notranslate nohighlight">\(n &lt; 3\)</span>'


def test_a_formula_keeps_its_punctuation() -> None:
    kept = f'by <span class="lc-keep">{N},</span> and'
    assert keep_punctuation(f"by {N}, and") == kept
    assert keep_punctuation(f"({N}).") == f'<span class="lc-keep">({N}).</span>'
    assert keep_punctuation(f"by {N} and {N}-fold") == f"by {N} and {N}-fold"


def test_a_long_path_breaks_after_its_slashes() -> None:
    path = '<span class="pre">chapters/&lt;part&gt;/assignment.md</span>'
    wbr = '<span class="pre">chapters/<wbr>&lt;part&gt;/<wbr>assignment.md</span>'
    assert break_paths(path) == wbr
    short = '<span class="pre">a/b</span> and/or <span class="pre">src/lookclosely/</span>'
    assert break_paths(short) == short.replace("src/", "src/<wbr>")


def test_translations_say_their_language() -> None:
    entry = "<p>A term. <em>Korean:</em> 용어. <em>Vietnamese:</em> chồng phổ (răng cưa).</p>"
    assert mark_languages(entry) == (
        '<p>A term. <em>Korean:</em> <span lang="ko">용어</span>. '
        '<em>Vietnamese:</em> <span lang="vi">chồng phổ (răng cưa)</span>.</p>'
    )


def entry(authors: str, year: int = 2019) -> str:
    return (
        f"@misc{{key{hash((authors, year))}, author = {{{authors}}}, title = {{T}}, year = {year}}}"
    )


def test_entries_are_found_by_what_the_text_cites() -> None:
    said = {
        "Brown, D.": "Brown, 2019",
        "Tan, M. and Le, Q.": "Tan and Le, 2019",
        "van den Oord, A. and B, C. and D, E.": "van den Oord et al., 2019",
        r"Cire{\c s}an, D.": "Cireşan, 2019",
    }
    for authors, text in said.items():
        (only,) = parse_string(entry(authors), "bibtex").entries.values()
        assert label(only) == text


def test_the_bibliography_is_in_order_and_no_label_stands_twice() -> None:
    entries = parse_file(str(ROOT / "book" / "references.bib")).entries.values()
    formatted = list(AuthorYear().format_entries(entries))
    labels = [str(one.label) for one in formatted]
    assert len(set(labels)) == len(labels) == len(entries)
    assert [text for text in labels if text.startswith("Chen et al., 2018")] == [
        "Chen et al., 2018a",
        "Chen et al., 2018b",
    ]
    assert labels[0].startswith("A") and labels[-1].split(" et al.")[0] > "W"
