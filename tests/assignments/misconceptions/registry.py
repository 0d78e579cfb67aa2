"""Collects the wrong answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Misconception:
    """``answers`` replace those of the solution by name; ``caught_by`` must fail then.

    ``part`` is the folder of the assignment below ``chapters``.
    """

    part: str
    question: str
    name: str
    caught_by: str
    answers: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.part}-{self.question}-{self.name}"


MISCONCEPTIONS: list[Misconception] = []


def wrong(part: str, question: str, replaces: str, caught_by: str) -> Callable[[Any], Any]:
    """Decorate a wrong version of the function ``replaces``; its own name names the mistake."""

    def add(function: Any) -> Any:
        answers = {replaces: function}
        MISCONCEPTIONS.append(Misconception(part, question, function.__name__, caught_by, answers))
        return function

    return add


def wrong_value(part: str, question: str, name: str, caught_by: str, **answers: Any) -> None:
    """Wrong numbers, where a question asks for numbers; ``name`` names the mistake."""
    MISCONCEPTIONS.append(Misconception(part, question, name, caught_by, answers))
