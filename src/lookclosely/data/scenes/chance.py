"""Random numbers that are the same on every machine.

Two things differ between machines and versions, and neither is used here: the methods of
`numpy.random.Generator` (NumPy may improve them) and the C library's sine and cosine (their last
bit is not standardised). What is left is fixed: the words of a Philox generator, and +, −, ×, ÷, √
of IEEE 754, which every machine rounds in the same way.

Philox is counter-based: its key is (seed, index), so scene 1,000,000 costs what scene 0 costs.

Source: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC 2011, section 4.3.
"""

import itertools
import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import TypeVar

import numpy as np
from jaxtyping import Float32, UInt64
from numpy.random.bit_generator import ISeedSequence

T = TypeVar("T")

TURN = 1024
"""Steps in a full turn: every angle is a whole number of them."""

WORDS = 16
"""Random words in a row of the table: enough for any one decision of a scene."""

_START = 1358
"""Where each stream starts. Any number would do; with this one the first scenes show a lot."""

# Rounded to 14 binary digits, far coarser than the last bit in which C libraries differ.
COS = tuple(round(math.cos(2 * math.pi * k / TURN) * 2**14) / 2**14 for k in range(TURN))
SIN = tuple(COS[(k - TURN // 4) % TURN] for k in range(TURN))

# The middles of 256 equally likely slices of a normal distribution, of standard deviation 1.
_QUANTILES = [NormalDist().inv_cdf((k + 0.5) / 256) for k in range(256)]
_DEVIATION = math.sqrt(sum(q * q for q in _QUANTILES) / 256)
_NORMAL = np.array([round(q / _DEVIATION * 2**14) / 2**14 for q in _QUANTILES], dtype=np.float32)


def steps(degrees: int) -> int:
    """The angle in 1/1024 turns that is nearest to so many degrees."""
    return round(degrees * TURN / 360)


def generator(seed: int, index: int) -> np.random.Philox:
    """The stream of scene `index` of data set `seed`, both in [0, 2⁶⁴)."""
    for name, value in (("seed", seed), ("index", index)):
        if not 0 <= value < 2**64:
            raise ValueError(f"{name} must be a whole number in [0, 2**64), got {value}")
    key = _Key(np.array([seed, index], dtype=np.uint64))
    return np.random.Philox(key, counter=_START)  # pyright: ignore[reportArgumentType] (its stub)


class _Key(ISeedSequence):
    """Gives Philox its key as it is. (`Philox(key=…)` does the same in twice the time, because it
    asks the operating system for a random seed that it then does not use.)"""

    def __init__(self, key: UInt64[np.ndarray, "2"]):
        self._key = key

    def generate_state(self, n_words, dtype=np.uint32):
        """The two words of the key, the only ones that Philox asks for."""
        return self._key


def table(philox: np.random.Philox, rows: int) -> UInt64[np.ndarray, "rows words"]:
    """The next words of a stream, one row for each decision.

    As each decision has a row of its own, one that takes fewer numbers does not shift the next: of
    two scenes whose configs differ in one knob, the rest stays the same.
    """
    return philox.random_raw(rows * WORDS).reshape(rows, WORDS)


def normal(
    philox: np.random.Philox, size: tuple[int, ...], deviation: float | int
) -> Float32[np.ndarray, "..."]:
    """Normal noise in 256 levels: one random byte a number."""
    count = math.prod(size)
    words = philox.random_raw(-(-count // 8)).astype("<u8", copy=False)  # same bytes, any machine
    levels = _NORMAL * np.float32(deviation)
    return np.take(levels, words.view(np.uint8)[:count], mode="clip").reshape(size)


class Draws:
    """Numbers from one row of the table, one word each."""

    def __init__(self, row: UInt64[np.ndarray, " words"]):
        self._next = iter(row.tolist()).__next__

    def integer(self, low: int, high: int) -> int:
        """A whole number from low to high, both included (bias below 2⁻³² × their number)."""
        return low + ((self._next() >> 32) * (high - low + 1) >> 32)

    def uniform(self, low: float | int, high: float | int) -> float:
        """A number in [low, high), in 2²⁴ levels."""
        return low + (high - low) * ((self._next() >> 40) * 2.0**-24)

    def pick(self, items: Sequence[T]) -> T:
        """One of the items, each equally likely."""
        return items[self.integer(0, len(items) - 1)]

    def weighted(self, items: Sequence[T], weights: Sequence[float | int]) -> T:
        """One of the items, with probability weight / sum of weights."""
        cumulative = list(itertools.accumulate(weights))  # sum() rounds otherwise since Python 3.12
        point = self.uniform(0.0, cumulative[-1])
        return next(i for i, end in zip(items, cumulative, strict=True) if point < end)
