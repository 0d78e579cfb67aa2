"""Controls: the values that they step through, and how those read."""

import pytest

from lookclosely.demo._controls import is_choice, values_of
from lookclosely.demo._words import inline, plain, text_of


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ((0.1, 0.5, 0.1), (0.1, 0.2, 0.3, 0.4, 0.5)),
        ((0, 1, 0.3), (0.0, 0.3, 0.6, 0.9)),
        ((1, 7, 2), (1, 3, 5, 7)),
        ((-0.2, 0.1, 0.1), (-0.2, -0.1, 0.0, 0.1)),
        ((2, 2, 1), (2,)),
        (range(3), (0, 1, 2)),
        (["a", "b"], ("a", "b")),
    ],
)
def test_values_of_a_control(given, values):
    assert values_of("x", given) == values
    assert all(type(a) is type(b) for a, b in zip(values_of("x", given), values, strict=True))


@pytest.mark.parametrize(
    "given", [[], range(0), (1, 2), (1, 2, 0), (1, 2, -1), (2, 1, 1), ("a", "b", "c"), "abc", 3]
)
def test_what_is_no_control_is_refused_by_name(given):
    with pytest.raises(ValueError, match="stride="):
        values_of("stride", given)


def test_texts_of_values():
    assert [text_of(v) for v in (0.1 + 0.2, 2, True, False, "max")] == [
        "0.3",
        "2",
        "yes",
        "no",
        "max",
    ]


def test_numbers_are_no_choices():
    assert not is_choice((1, 2.5)) and not is_choice((-1,))
    assert is_choice(("1", "2")) and is_choice((True, False)) and is_choice((1, "all"))


def test_a_sentence_holds_code_stress_and_nothing_else():
    text = "Is `a*b*c < 2` **really** *so*, <b>you</b> & 3 * 4 * 5?"
    assert inline(text) == (
        "Is <code>a*b*c &lt; 2</code> <strong>really</strong> <em>so</em>, "
        "&lt;b&gt;you&lt;/b&gt; &amp; 3 * 4 * 5?"
    )
    assert plain(text) == "Is a*b*c < 2 really so, <b>you</b> & 3 * 4 * 5?"
