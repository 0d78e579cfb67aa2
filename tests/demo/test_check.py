"""Questions that check their answer: what is refused, and the HTML that comes out."""

import json

import pytest
import torch
from demo_pages import html_of

from lookclosely.demo import check

SIZE = {"answer": 15, "why": {15: "So it is.", 16: "Twice 8.", 17: "No padding."}}
KEPT = {"answer": "a and c", "choices": ["a", "a and c"], "why": {"a": "b strikes nobody."}}


def replies(shown) -> dict[str, str]:
    return {json.loads(p["data-reply"])[0]: p.text for p in html_of(shown).select("p[data-reply]")}


def test_a_number_has_a_field_and_a_reply_to_each_foreseen_answer():
    shown = check("How wide?", **SIZE, unit="pixels", hint="Count.")
    said = replies(shown)
    assert list(said) == ["15", "16", "17", "", "none"]
    assert said["15"] == "✓ Right: 15. So it is."
    assert said["16"] == "✗ Not 16. Twice 8."
    assert said[""] == "✗ Not this. Count."
    assert "15" not in said[""]
    field = html_of(shown).select_one("input")
    assert (field["type"], field["inputmode"]) == ("text", "decimal")
    assert field["aria-label"] == "Your answer, in pixels"


def test_choices_are_radio_buttons_in_the_given_order():
    shown = check("Which are kept?", **KEPT)
    buttons = html_of(shown).select("input[type=radio]")
    assert [b["value"] for b in buttons] == ["a", "a and c"]
    assert len({b["name"] for b in buttons}) == 1
    assert replies(shown)["a and c"] == "✓ Right: a and c."


def test_the_answer_may_be_computed():
    assert html_of(check("?", answer=lambda: 3 * 5)).select_one(".lc-check")["data-answer"] == "15"
    assert html_of(check("?", answer=1 / 4)).select_one(".lc-check")["data-answer"] == "0.25"


def test_a_computed_answer_finds_its_reason():
    third = float(torch.tensor(1.0) / 3)
    said = replies(
        check("?", answer=third, tolerance=0.005, why={0.3333: "A third.", 0.5: "Half."})
    )
    assert said["0.3333"] == "✓ Right: 0.3333. A third."


def test_the_same_question_keeps_its_id_and_another_gets_its_own():
    ids = [html_of(check(q, **SIZE)).select_one(".lc-check")["id"] for q in ("a", "a", "b")]
    assert ids[0] == ids[1] != ids[2]


def test_question_and_answer_can_be_read_without_javascript():
    said = html_of(check("How wide?", **SIZE)).select_one("noscript p").text
    assert said == "✓ Right: 15. So it is."


def test_what_an_author_writes_cannot_break_the_page():
    shown = check("<b>`</script>`", answer='"<i>', choices=['"<i>', "</p><script>"])
    soup = html_of(shown)
    assert not soup.select("b, i, p script, label script")
    assert [b["value"] for b in soup.select("input")] == ['"<i>', "</p><script>"]


def test_a_terminal_gets_the_question():
    assert repr(check("Which `k`?", **KEPT)) == "Question: Which k? [a | a and c]"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"answer": "15"}, "no finite number"),
        ({"answer": True}, "no finite number"),
        ({"answer": float("nan")}, "no finite number"),
        ({"answer": 15, "why": {"16": "so"}}, "why has '16'"),
        ({"answer": 15, "tolerance": -1}, "tolerance is -1"),
        ({"answer": 0.5, "tolerance": 0.1, "why": {0.5: "", 0.55: ""}}, "count as right"),
        ({"answer": "c", "choices": ["a", "b"]}, "none of the choices a, b"),
        ({"answer": "a", "choices": ["a", "b"], "why": {"c": "so"}}, "why has 'c'"),
        ({"answer": "a", "choices": ["a"]}, "at least two"),
        ({"answer": "a", "choices": ["a", "a"]}, "that differ"),
        ({"answer": "a", "choices": ["a", "b"], "tolerance": 1}, "no meaning with choices"),
    ],
)
def test_bad_questions_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        check("How many?", **given)
