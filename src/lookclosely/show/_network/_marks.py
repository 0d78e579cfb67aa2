"""One mark of a drawing, and what drawing it needs."""

from collections.abc import Callable
from dataclasses import dataclass

from .._text import width_of
from ._sheet import Place, Sheet
from ._style import ROLES

Phone = Place | None


@dataclass(frozen=True)
class Mark:
    """One mark: how it is drawn onto a sheet, and the largest side that it shows."""

    draw: Callable[[Sheet], None]
    side: float = 0


def placed(sheet: Sheet, at: Place, phone: Phone) -> Place:
    """The pixel of a place. A phone reads from top to bottom: without one of its own, swapped."""
    return sheet.at((phone or (at[1], at[0])) if sheet.phone else at)


def known(role: str) -> str:
    """The role, if there is such a one."""
    if role not in ROLES:
        raise ValueError(f"role={role!r} is none of {', '.join(ROLES)}")
    return role


def letters(words: str) -> float:
    """Width in px of a name, with room for a wider font than the book's."""
    return 13.5 * 72 * 0.95 * width_of(words.replace("|", "\n"))
