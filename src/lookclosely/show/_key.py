"""How to read the drawings: every mark once."""

from typing import Any

from ._network import (
    Drawing,
    attention,
    block,
    dot,
    frame,
    glue,
    loss,
    network,
    note,
    op,
    share,
    vector,
    word,
)
from ._network._marks import Mark

COLUMNS = 4, 2  # of a page and of a phone
WORDS = [
    "data: the face shows it",
    "face: height × width,|depth: channels",
    "concatenated: depths add",
    "an answer",
    "has weights",
    "fixed arithmetic",
    "a vector; a word",
    "weights over places",
    "sum, product,|weighted sum",
    "a copy: nothing computed",
    "a loss, in training only",
    "repeated, each with|its own weights",
    "attention of many heads:|queries, keys, values",
    "a loop: read again",
    "the same weights W",
]


def key() -> Drawing:
    """Every mark of ``network`` with its meaning."""
    marks = [*_marks(), *_words()]
    return network(
        marks,
        arrows="c1 => c2\nt1 ..> loss\ncell -> cell",
        name="How to read the drawings",
        alt="Grey is data, blue are features and what has weights, orange is a copy, green an "
        "answer, purple are weights over places. A block’s face is height by width, its depth the "
        "channels. Round and filled is an operation with weights, round and empty fixed "
        "arithmetic. A double arrow copies, a dashed one exists in training only, a diamond is a "
        "loss. A frame is repeated, W marks shared weights.",
    )


def at(k: int, shift: float = 0.0, down: float = 0.0) -> Any:
    """The place of the k-th mark on a page and on a phone."""
    (x, y), (u, v) = (
        (1.5 + (4.2, 3.8)[p] * (k % n), 0.9 + 2.4 * (k // n)) for p, n in enumerate(COLUMNS)
    )
    return {"at": (x + shift, y + down), "phone": (u + 0.2 + shift, v + down)}


def _marks() -> list[Mark]:
    return [
        block("data", shape=(3, 64, 64), role="data", picture="scene", label="", **at(0)),
        block("map", shape=(16, 32, 32), label="", **at(1, -0.65)),
        block("deep", shape=(256, 16, 16), label="", **at(1, 0.75)),
        _glued(at(2)),
        block("answer", shape=(2, 64, 64), role="answer", picture="boxes", label="", **at(3)),
        op("learnt", label="conv 3×3", **at(4)),
        op("fixed", label="RoIAlign", weights=False, **at(5)),
        vector("across", cells=6, across=True, **at(6, -0.6)),
        word("said", text="disc", **at(6, 0.75)),
        block("weights", shape=(1, 32, 32), role="places", picture="look0", label="", **at(7)),
        *(dot(f"dot{sign}", sign=sign, **at(8, 0.8 * k)) for k, sign in enumerate("+×Σ", -1)),
        dot("c1", sign="", **at(9, -1.1)),
        dot("c2", sign=".", **at(9, 1.1)),
        dot("t1", sign="", **at(10, -1)),
        loss("loss", **at(10, 0.9)),
        op("twice", label="conv", **at(11, -0.1, -0.1)),
        frame(["twice"], "× 4", pad=(14, 6, 14, 0)),
        attention("many", heads=8, **at(12, 0, 0.1)),
        op("cell", label="LSTM", **at(13, 0, 0.2)),
        op("one", label="net", **at(14, -0.7)),
        op("two", label="net", **at(14, 0.7)),
        share(["one", "two"]),
    ]


def _words() -> list[Mark]:
    places = (at(k, down=1.12) for k in range(len(WORDS)))
    return [note(p["at"], text, phone=p["phone"]) for p, text in zip(places, WORDS)]


def _glued(place: dict) -> Mark:
    return glue("both", place["at"], (64, 32, 32), (64, 32, 32), phone=place["phone"], label="")
