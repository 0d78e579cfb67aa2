"""The ways of arrows: from side to side, up and down, with bends, or round in a loop."""

from typing import NamedTuple

from ._sheet import Box, Place

GAP = 3  # px between an arrow and a mark
LEVEL, STRAIGHT = 2, 12  # px: as far apart two marks stand in a row, or in a column
TURN = 9  # px of an arrow before its first and after its last turn


class Bend(NamedTuple):
    """How an arrow turns: ``v`` down first, ``h`` across first, ``s`` down–across–down,
    ``z`` across–down–across, ``c`` round by the left, ``d`` round by the right; where it turns, in
    tenths (of 60 px for ``c`` and ``d``); by how many px it leaves higher."""

    kind: str = ""
    turn: int = 5
    lift: int = 0


def route(source: Box, target: Box, bend: Bend) -> list[Place]:
    """Corners of the way between two marks, from edge to edge."""
    if source == target:
        return _loop(source, bend)
    if bend.kind and bend.kind in "cd":
        return _bracket(source, target, bend)
    below, beside = target.middle > source.middle, target.centre > source.centre
    leave = source.foot + GAP if below else source.top - GAP
    enter = target.top - GAP if below else target.foot + GAP
    out = source.right + GAP if beside else source.left - GAP
    into = target.left - GAP if beside else target.right + GAP
    row, x = source.middle - bend.lift, source.centre
    kind = bend.kind or _straight(source, target)
    share = bend.turn / 10
    if kind == "-":
        return [(out, row), (into, row)]
    if kind == "|":
        return [(target.centre, leave), (target.centre, enter)]
    if kind == "v":
        return [(x, leave), (x, target.middle), (into, target.middle)]
    if kind == "h":
        return [(out, row), (target.centre, row), (target.centre, enter)]
    if kind == "s":
        turn = _turn(source.middle, target.middle, share, leave, enter)
        return [(x, leave), (x, turn), (target.centre, turn), (target.centre, enter)]
    turn = _turn(x, target.centre, share, out, into)
    return [(out, row), (turn, row), (turn, target.middle), (into, target.middle)]


def _turn(start: float, end: float, share: float, out: float, into: float) -> float:
    """Where an arrow turns. It is measured from centre to centre, so that arrows between two
    columns or rows turn at one place, and kept off the marks, which end at ``out`` and ``into``."""
    near, far = sorted((out, into))
    return min(max(start + (end - start) * share, near + TURN), far - TURN)


def _straight(source: Box, target: Box) -> str:
    if abs(source.middle - target.middle) < LEVEL:
        return "-"
    return "|" if abs(source.centre - target.centre) < STRAIGHT else "h"


def _bracket(source: Box, target: Box, bend: Bend) -> list[Place]:
    """Round other marks: out and in again on the same side."""
    if bend.kind == "c":
        out, into = source.left - GAP, target.left - GAP
        turn = min(out, into) - 6 * bend.turn
    else:
        out, into = source.right + GAP, target.right + GAP
        turn = max(out, into) + 6 * bend.turn
    row = source.middle - bend.lift
    return [(out, row), (turn, row), (turn, target.middle), (into, target.middle)]


def _loop(box: Box, bend: Bend) -> list[Place]:
    """Out at the right and back in at the left, over the mark, or with ``v`` under it."""
    side, reach = 16, 22
    edge = box.foot + reach if bend.kind == "v" else box.top - reach
    row = box.middle - bend.lift
    return [
        (box.right + GAP, row),
        (box.right + side, row),
        (box.right + side, edge),
        (box.left - side, edge),
        (box.left - side, row),
        (box.left - GAP, row),
    ]


def rounded(corners: list[Place], radius: float = 6) -> str:
    """The path through corners, each cut off by an arc."""
    path = f"M{corners[0][0]:.1f} {corners[0][1]:.1f}"
    for before, corner, after in zip(corners, corners[1:], corners[2:]):
        start, end = (_towards(corner, other, radius) for other in (before, after))
        path += f"L{start[0]:.1f} {start[1]:.1f}Q{corner[0]:.1f} {corner[1]:.1f} "
        path += f"{end[0]:.1f} {end[1]:.1f}"
    return path + f"L{corners[-1][0]:.1f} {corners[-1][1]:.1f}"


def _towards(start: Place, end: Place, distance: float) -> Place:
    """A point ``distance`` px from one point to another, at most half way."""
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    share = min(0.5, distance / length) if length else 0.0
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
