"""Code on a page: what has a colour of its own has an element, and nothing else."""

import re

import pytest
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from book.site.highlighting import plain_classes, unmark
from built_site import HTML, chapters, grouped

CODE = "def half(x):\n    return [x / 2, 'half']  # of x\n"
STYLES = ("a11y-light", "a11y-dark")


def test_names_brackets_and_spaces_lose_their_marks_and_the_text_stays() -> None:
    marked = highlight(CODE, PythonLexer(), HtmlFormatter())
    found = unmark(marked, plain_classes(*STYLES))
    text = re.compile(r"<[^>]+>")
    assert text.sub("", found) == text.sub("", marked)
    classes = set(re.findall(r'<span class="(\w+)">', found))
    assert {"k", "nf", "o", "mi", "s1", "c1"} <= classes and not classes & {"n", "p", "w"}


def test_a_class_that_one_style_colours_is_no_plain_one() -> None:
    assert "nf" not in plain_classes(*STYLES) and "k" not in plain_classes(*STYLES)


@pytest.mark.book
@pytest.mark.parametrize("path", grouped(chapters()))
def test_no_plain_mark_is_on_a_page(path: str) -> None:
    page = (HTML / path).read_text()
    assert re.search(r'<span class="k">', page)
    assert not re.search(rf'<span class="(?:{"|".join(plain_classes(*STYLES))})">', page)
