"""The question of a demo: what the reader may guess, what is right, and what is said to each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._controls import start_positions
from ._words import text_of, value_of

MAX_WORDS = 45  # of a verdict: what is read while the picture waits


@dataclass(frozen=True)
class Guess:
    """One guess: its name, where it sets the controls, and the verdict on it."""

    text: str
    positions: tuple[int, ...]
    verdict: str


@dataclass(frozen=True)
class Question:
    """What is asked before anything is shown. `seen` is for a reader who will not guess."""

    ask: str
    setting: str
    guesses: tuple[Guess, ...]
    answer: str
    seen: Guess


def make_question(
    ask: str,
    guesses: Sequence[Any] | Mapping[str, Mapping[str, Any]],
    answer: Any,
    *,
    setting: str,
    verdict: str | Mapping[Any, str],
    controls: Mapping[str, tuple[Any, ...]],
    start: Mapping[str, Any],
) -> Question:
    """Put the question together; the arguments are those of `demo`.

    Raises:
        ValueError: for fewer than two guesses, for two that read alike, for an answer that is
            none of them, for a guess that sets what is no control, and for a long verdict.
    """
    places = _places(guesses, controls, start)
    right = text_of(value_of(answer))
    if right not in places:
        raise ValueError(
            f"answer is {right!r}, which is no guess; the guesses are {', '.join(places)}"
        )
    said = {"": verdict} if isinstance(verdict, str) else {text_of(k): verdict[k] for k in verdict}
    if stray := set(said) - {"", *places}:
        raise ValueError(
            f"verdict has words for {', '.join(sorted(stray))}, which is no guess; "
            f"the guesses are {', '.join(places)}"
        )
    return Question(
        ask,
        setting,
        tuple(Guess(text, at, _verdict(text, right, said)) for text, at in places.items()),
        right,
        Guess("", places[right], _verdict("", right, said)),
    )


def _places(
    guesses: Sequence[Any] | Mapping[str, Mapping[str, Any]],
    controls: Mapping[str, tuple[Any, ...]],
    start: Mapping[str, Any],
) -> dict[str, tuple[int, ...]]:
    """For each guess, by name, the position of every control that shows it."""
    if isinstance(guesses, Mapping):
        settings = {text_of(name): dict(guesses[name]) for name in guesses}
    else:
        settings = _by_value([text_of(guess) for guess in guesses], controls)
    if len(settings) < 2 or len(settings) < len(guesses):
        raise ValueError(f"guesses={guesses!r} must be at least two that differ")
    return {
        name: start_positions(controls, {**start, **set_to}) for name, set_to in settings.items()
    }


def _by_value(
    names: list[str], controls: Mapping[str, tuple[Any, ...]]
) -> dict[str, dict[str, Any]]:
    """The first control that has all guesses among its values is set; if none has, nothing is."""
    for control, values in controls.items():
        texts = {text_of(value): value for value in values}
        if all(name in texts for name in names):
            return {name: {control: texts[name]} for name in names}
    return {name: {} for name in names}


def _verdict(guess: str, right: str, said: Mapping[str, str]) -> str:
    """Which it is, in bold, then by how much."""
    if not guess:
        head = f"Answer: {right}."
    else:
        head = f"Yes: {right}." if guess == right else f"Not {guess}: {right}."
    words = said.get(guess) or said.get("") or said.get(right, "")
    verdict = f"**{head}** {words}".strip()
    if len(verdict.split()) > MAX_WORDS:
        raise ValueError(
            f"verdict on {guess or 'just see'!r} has {len(verdict.split())} words, "
            f"more than {MAX_WORDS}: {verdict}"
        )
    return verdict
