"""Collects the wrong answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Misconception:
    """``answers`` replace those of the solution by name; ``caught_by`` must fail then."""

    question: str
    name: str
    caught_by: str
    answers: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.question}-{self.name}"


MISCONCEPTIONS: list[Misconception] = []


def wrong(question: str, replaces: str, caught_by: str) -> Callable[[Any], Any]:
    """Decorate a wrong version of the function ``replaces``; its own name names the mistake."""

    def add(function: Any) -> Any:
        name = function.__name__
        MISCONCEPTIONS.append(Misconception(question, name, caught_by, {replaces: function}))
        return function

    return add


def wrong_value(name: str, caught_by: str, **answers: Any) -> None:
    """A wrong number of question 1."""
    MISCONCEPTIONS.append(Misconception("q1", name, caught_by, answers))
