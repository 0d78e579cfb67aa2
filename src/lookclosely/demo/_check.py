"""A question that checks its answer in the page and says why a wrong one is wrong."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from numbers import Real
from typing import Any

from ._html import script, source
from ._words import inline, plain, text_of, value_of

HINT = "Read the question once more, and follow each number through."
ROUNDING = 1e-6  # so far may a key of `why` be from the answer, which has been computed
ID = "lc-check-id"  # stands for the question's own id until its markup is known


def check(
    question: str,
    *,
    answer: Any,
    choices: Sequence[Any] | None = None,
    tolerance: float = 0,
    why: Mapping[Any, str] | None = None,
    hint: str = HINT,
    unit: str = "",
) -> Check:
    """Ask a question that a reader answers in the page, without a kernel and offline.

    >>> check(
    ...     "A 3×3 kernel of rate 2 reads how many rows?",
    ...     answer=2 * (3 - 1) + 1,
    ...     why={5: "Two gaps of 2, and one row more.", 6: "That is 3 · 2: the last has no gap."},
    ... )

    Args:
        question: what is asked. This and all other words may hold `code`, **bold** and *stress*.
        answer: the right number, or the right one of the choices; or a function without arguments
            that computes it.
        choices: what can be chosen. Left out, the answer is a number that the reader types: 7.5,
            7,5 and 15/2 are the same.
        tolerance: how far a number may be from the answer, and from the foreseen wrong ones.
        why: for each foreseen wrong answer why it is wrong; for the right one why it is right.
        hint: what is said to a wrong answer that nobody foresaw; it does not tell the result.
        unit: stands behind the number.

    Raises:
        ValueError: for an answer that is no number or none of the choices, for fewer than two
            choices, for a wrong answer in `why` that is none of the choices or so near to the
            right one that it counts as right beside it, and for a tolerance below 0.

    After two wrong answers the right one can be shown. That a question has been answered is kept
    in the reader's own browser, and nowhere else.
    """
    why = dict(why or {})
    right = value_of(answer)
    if choices is None:
        right = _check_number(right, tolerance, why)
    else:
        _check_choices(right, choices, tolerance, why)
    texts = None if choices is None else tuple(map(text_of, choices))
    reasons = {text_of(wrong): said for wrong, said in why.items()}
    return Check(question, text_of(right), texts, tolerance, reasons, hint, unit)


class Check:
    """A question with its answer; displays itself. Made by `check`."""

    def __init__(
        self,
        question: str,
        answer: str,
        choices: tuple[str, ...] | None,
        tolerance: float,
        why: Mapping[str, str],
        hint: str,
        unit: str,
    ) -> None:
        self.question, self.answer, self.choices = question, answer, choices
        self.tolerance, self.why, self.hint, self.unit = tolerance, dict(why), hint, unit

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        # No widget: without a kernel, and in a notebook that somebody saved, it works just as well.
        return {"text/html": self._html(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        options = "" if self.choices is None else f" [{' | '.join(self.choices)}]"
        return f"Question: {plain(self.question)}{options}"

    def _html(self) -> str:
        body = f"""<style class="lc-check-style">
{source("_colours.css")}
{source("_check.css")}
</style>
<p class="lc-check-question" id="{ID}-question">{inline(self.question)}</p>
{self._number() if self.choices is None else self._buttons()}
<div class="lc-check-reply" id="{ID}-reply">
<p class="lc-check-first lc-check-on">{self._first()}</p>
<div class="lc-check-said" aria-live="polite"></div>
{self._replies()}
</div>
<noscript><style>.lc-check-line, .lc-check-choices, .lc-check-reply {{ display: none; }}</style>
<p>{self._reply(self.answer)}</p></noscript>
{script("check")}"""
        own = "check-" + hashlib.sha256(body.encode()).hexdigest()[:10]
        data = f'data-answer="{escape(self.answer)}" data-tolerance="{self.tolerance:g}"'
        return (
            f'<div class="lc-check" id="{own}" role="group" aria-labelledby="{own}-question" '
            f'{data} data-lm-suppress-shortcuts="true">\n{body.replace(ID, own)}\n</div>\n'
        )

    def _first(self) -> str:
        if self.choices is not None:
            return "Choose one."
        exact = float(self.answer).is_integer() and not self.tolerance
        if exact:
            return "A whole number."
        return f"A number, to within {self.tolerance:g}." if self.tolerance else "A number."

    def _number(self) -> str:
        unit = f'<span class="lc-check-unit" aria-hidden="true">{inline(self.unit)}</span>'
        label = escape(f"Your answer, in {plain(self.unit)}" if self.unit else "Your answer")
        return f"""<div class="lc-check-line"><input type="text" inputmode="decimal" \
autocomplete="off" aria-label="{label}" aria-describedby="{ID}-question {ID}-reply">\
{unit if self.unit else ""}{_buttons()}</div>"""

    def _buttons(self) -> str:
        labels = "\n".join(
            f'<label><input type="radio" name="{ID}" value="{escape(choice)}">'
            f"<span>{inline(choice)}</span></label>"
            for choice in self.choices or ()
        )
        return f"""<div class="lc-check-choices" role="radiogroup" \
aria-labelledby="{ID}-question">
{labels}
</div>
<div class="lc-check-line">{_buttons()}</div>"""

    def _replies(self) -> str:
        """What may be said, each in the same place: the longest makes the room for all."""
        known = [self.answer, *(key for key in self.why if key != self.answer)]
        replies = {key: self._reply(key) for key in known}
        replies[""] = f"<strong>✗ Not this.</strong> {inline(self.hint)}"
        replies["none"] = (
            "<strong>A number, please,</strong> in digits: 7.5 or 7,5."
            if self.choices is None
            else "<strong>Choose one first.</strong>"
        )
        return "\n".join(
            f'<p data-reply="{escape(json.dumps([key]))}" aria-hidden="true">{said}</p>'
            for key, said in replies.items()
        )

    def _reply(self, key: str) -> str:
        head = f"✓ Right: {key}." if key == self.answer else f"✗ Not {key}."
        return f"<strong>{inline(head)}</strong> {inline(self.why.get(key, ''))}".strip()


def _buttons() -> str:
    return (
        '<button type="button" class="lc-check-go">Check</button>'
        '<button type="button" class="lc-check-show" hidden>Show it</button>'
    )


def _check_number(right: Any, tolerance: float, why: Mapping[Any, str]) -> Any:
    """The key of `why` that explains the right answer, or the answer itself."""
    if not math.isfinite(tolerance) or tolerance < 0:
        raise ValueError(f"tolerance is {tolerance}; give a number from 0 up")
    for name, given in [("answer", right), *(("why has", wrong) for wrong in why)]:
        if not isinstance(given, Real) or isinstance(given, bool) or not math.isfinite(given):
            raise ValueError(
                f"{name} {given!r}, which is no finite number; "
                "give an int or a float, or the choices among which it is"
            )
    near = [given for given in why if abs(given - right) <= tolerance + ROUNDING]
    if len(near) > 1:
        raise ValueError(
            f"why explains {near[0]} and {near[1]}, which both are within the tolerance of "
            f"{tolerance} of the answer {right} and count as right: take one out"
        )
    return near[0] if near else right


def _check_choices(
    right: Any, choices: Sequence[Any], tolerance: float, why: Mapping[Any, str]
) -> None:
    texts = [text_of(choice) for choice in choices]
    if len(set(texts)) < max(2, len(texts)):
        raise ValueError(f"choices={choices!r} must be at least two that differ")
    if tolerance:
        raise ValueError(
            f"tolerance={tolerance} has no meaning with choices; leave one of them out"
        )
    for name, given in [("answer is", right), *(("why has", wrong) for wrong in why)]:
        if text_of(given) not in texts:
            raise ValueError(f"{name} {given!r}, which is none of the choices {', '.join(texts)}")
