"""The question of a demo: guesses, their settings, the answer and what is said to each."""

import json

import pytest
from demo_pages import grey, html_of, step_figure

from lookclosely.demo import demo

ASKED = {"ask": "Which bar is highest?", "guesses": [1, 2, 3], "answer": 3}


def verdicts(soup) -> dict[str, str]:
    return {p["data-verdict"]: p.text for p in soup.select("[data-verdict]")}


def places(soup) -> dict[str, list[int]]:
    return {b["data-guess"]: json.loads(b["data-positions"]) for b in soup.select("[data-guess]")}


def test_a_guess_sets_the_control_that_has_it(static):
    soup = html_of(demo(step_figure, **ASKED, mode=["a", "b"], stride=[0, 1, 2, 3]))
    assert soup.select_one(".lc-demo-ask").text == "Which bar is highest?"
    assert places(soup) == {"1": [0, 1], "2": [0, 2], "3": [0, 3], "": [0, 3]}
    assert soup.select_one(".lc-demo")["data-answer"] == "3"
    assert soup.select_one(".lc-demo-controls").has_attr("disabled")


def test_a_guess_may_name_its_settings(static):
    asked = {**ASKED, "guesses": {"low": {"stride": 1}, "high": {"stride": 3}}, "answer": "high"}
    controls = {"stride": [1, 2, 3], "mode": ["a", "b"], "start": {"mode": "b"}}
    assert places(html_of(demo(step_figure, **asked, **controls))) == {
        "low": [0, 1],
        "high": [2, 1],
        "": [2, 1],
    }


def test_guesses_that_no_control_has_leave_the_controls_where_they_start(static):
    asked = {**ASKED, "guesses": ["none", "one"], "answer": "one"}
    soup = html_of(demo(step_figure, **asked, stride=[1, 2], start={"stride": 2}))
    assert places(soup) == {"none": [1], "one": [1], "": [1]}


def test_the_verdict_says_which_and_by_how_much(static):
    said = {"": "It is 3 high.", 1: "It is 1 high, the third 3."}
    soup = html_of(demo(step_figure, **ASKED, verdict=said, stride=[1, 2, 3]))
    assert verdicts(soup) == {
        "1": "Not 1: 3. It is 1 high, the third 3.",
        "2": "Not 2: 3. It is 3 high.",
        "3": "Yes: 3. It is 3 high.",
        "": "Answer: 3. It is 3 high.",
    }
    assert soup.select_one("noscript").text.count("Answer: 3. It is 3 high.") == 1


def test_without_words_the_verdict_is_the_text_of_the_answer(static):
    soup = html_of(demo(step_figure, **ASKED, stride=[1, 2, 3]))
    assert verdicts(soup)["2"] == "Not 2: 3. nearest, stride 3"


def test_the_answer_may_be_computed(static):
    highest = {**ASKED, "answer": lambda: max([1, 3, 2])}
    soup = html_of(demo(step_figure, **highest, stride=[1, 2, 3]))
    assert soup.select_one(".lc-demo")["data-answer"] == "3"


def test_a_guess_is_remembered_by_the_widget():
    widget = demo(step_figure, **ASKED, stride=[1, 2, 3]).widget()
    assert widget.guess is None and widget.positions == [0]
    assert verdicts_in(widget.html) == {"1", "2", "3", ""}


def verdicts_in(html: str) -> set[str]:
    from bs4 import BeautifulSoup

    return set(verdicts(BeautifulSoup(html, "html.parser")))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer": 4}, r"answer is '4'.*guesses are 1, 2, 3"),
        ({"answer": None}, "answer missing"),
        ({"guesses": None, "answer": None}, "guesses and answer missing"),
        ({"guesses": [3]}, "at least two"),
        ({"guesses": [3, "3"]}, "that differ"),
        ({"guesses": {"3": {"strides": 1}, "1": {}}}, "no control"),
        ({"guesses": {"3": {"stride": 9}, "1": {}}}, "not among"),
        ({"verdict": {4: "no"}}, "verdict has words for 4"),
        ({"verdict": "word " * 44}, "more than 45"),
        ({"ask": None, "guesses": None, "answer": None, "verdict": "so"}, "missing"),
    ],
)
def test_half_a_question_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        demo(step_figure, **{**ASKED, **change}, stride=[1, 2, 3])


def test_columns_stand_above_the_picture(static):
    soup = html_of(demo(grey, level=[0.1], alt="grey", columns=["before", "after"]))
    assert [s.text for s in soup.select(".lc-demo-columns span")] == ["before", "after"]


def test_plain_python_says_what_is_asked():
    assert "Which bar is highest?" in repr(demo(step_figure, **ASKED, stride=[1, 2, 3]))
