"""What can be said of a scene: relations between its objects, and sentences made from them.

Every statement follows from boxes and masks by the rules that `Scene.relations` gives. Sentences
are lower case without punctuation: `sentence.split()` gives the words, all of them in VOCABULARY.
"""

import itertools
from collections.abc import Sequence

from .config import CLASSES
from .textures import COLOURS, TEXTURES

_CONVERSE = {"left of": "right of", "above": "below", "in front of": "behind"}
_CONVERSE |= {said: word for word, said in _CONVERSE.items()}

PREDICATES = tuple(_CONVERSE)
"""What a relation can say; each has its converse."""

APART = 0.1
"""Share of the shorter side by which two objects are apart at least, to be left of one another …"""

OVERLAP = 0.03
"""Share of an object that another hides at least, to be in front of it."""

_NUMBERS = ("no", "a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_PLURALS = {name: name + ("es" if name == "cross" else "s") for name in CLASSES[1:]}
_WORDS = " ".join((*CLASSES, *_PLURALS.values(), *COLOURS, *TEXTURES, *PREDICATES, *_NUMBERS))

VOCABULARY = tuple(sorted({*_WORDS.split(), "an", "and", "is", "many", "nothing", "on"}))
"""Every word that a caption can hold."""

Relation = tuple[int, str, int]


def phrase(colour: str, texture: str, name: str) -> str:
    """Name a thing with its article: "a red striped star", "an orange disc" (plain goes unsaid)."""
    words = [colour, name] if texture == "plain" else [colour, texture, name]
    return " ".join(["an" if words[0][0] in "aeiou" else "a", *words])


def relations(
    boxes: Sequence[Sequence[float]], covers: Sequence[Sequence[int]], side: int
) -> tuple[Relation, ...]:
    """All relations of a scene, by the rules of `Scene.relations`: each, then its converse.

    Args:
        boxes: (N, 4) full boxes, xyxy, of the objects, the nearest first.
        covers: (N, N); [i][j] is the number of pixels of j's full mask at which i is seen.
        side: the image's shorter side.
    """
    areas = [sum(column) for column in zip(*covers, strict=True)]
    found = []
    for i, j in itertools.combinations(range(len(boxes)), 2):
        direction = _direction(boxes[i], boxes[j], APART * side)
        if direction:
            found += [(i, direction, j), (j, _CONVERSE[direction], i)]
        if covers[i][j] > OVERLAP * areas[j]:
            found += [(i, "in front of", j), (j, "behind", i)]
    return tuple(found)


def _direction(a: Sequence[float], b: Sequence[float], least: float) -> str | None:
    """Where the middle of box a is, seen from that of b."""
    dx, dy = (a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2
    if max(abs(dx), abs(dy)) < least:
        return None
    if abs(dx) >= abs(dy):
        return "left of" if dx < 0 else "right of"
    return "above" if dy < 0 else "below"


def captions(
    phrases: Sequence[str], names: Sequence[str], background: str, found: Sequence[Relation]
) -> tuple[str, ...]:
    """What there is; then a sentence for each relation whose subject is the nearer object."""
    first = f"{_inventory(names)} on {background}"
    return first, *(f"{phrases[i]} is {said} {phrases[j]}" for i, said, j in found if i < j)


def _inventory(names: Sequence[str]) -> str:
    """Count the objects of each class: "two stars and a disc"."""
    counts = [(names.count(name), name) for name in CLASSES[1:] if name in names]
    return " and ".join(_count(number, name) for number, name in counts) or "nothing"


def _count(number: int, name: str) -> str:
    if number == 1:
        return f"a {name}"
    return f"{_NUMBERS[number] if number < len(_NUMBERS) else 'many'} {_PLURALS[name]}"
