"""Under which name the gallery lists a demo."""

from types import SimpleNamespace
from typing import Any

import pytest
from docutils import nodes
from docutils.utils import new_document

from book.site.gallery import collect

FRAGMENT = """<div class="lc-demo" id="demo-1" role="group" data-name="cut skips">
<p class="lc-demo-ask" id="demo-1-ask">Which <em>cut</em> hurts?</p>
<img class="lc-demo-frame" loading="lazy" alt="a &gt; b" src="a.webp" hidden>
<img class="lc-demo-frame" loading="lazy" alt="b" src="b.webp">"""
DOCUMENTED = '''@cache
def cut_skips(cut):
    """The net with some skips cut.

    More about it.
    """
    return cut
'''


def found(*code: str, fragment: str = FRAGMENT) -> Any:
    """The demo of a chapter with these cells."""
    tree = new_document("chapter")
    tree += [nodes.literal_block(text, text) for text in code]
    tree += nodes.raw("", fragment, format="html")
    app: Any = SimpleNamespace(env=SimpleNamespace(docname="chapters/part/topic"))
    collect(app, tree)
    (demo,) = app.env.lookclosely_demos["chapters/part/topic"]
    return demo


def label(*code: str) -> str:
    return found(*code).label


def test_the_gallery_has_the_question_and_the_picture_with_which_a_demo_starts() -> None:
    demo = found()
    assert (demo.question, demo.picture) == ("Which <em>cut</em> hurts?", "b.webp")
    silent = found(fragment=FRAGMENT.replace("lc-demo-ask", "lc-demo-none"))
    assert silent.question == "Cut skips"


def test_a_demo_is_called_by_the_first_line_of_its_docstring() -> None:
    assert label("x = 1", DOCUMENTED) == "The net with some skips cut"


@pytest.mark.parametrize("code", ["def cut_skips(cut):\n    return cut", "%time cut_skips(1)", ""])
def test_without_a_docstring_by_its_function(code: str) -> None:
    assert label(code) == "Cut skips"


def test_cells_that_are_not_plain_python_are_passed_over() -> None:
    assert label("%cd ..\ndef cut_skips(): ...", DOCUMENTED) == "The net with some skips cut"
