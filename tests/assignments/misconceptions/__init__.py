"""Wrong answers that a student would plausibly write, each with a name.

``caught_by`` is the hidden test that finds it (others may too). They are run against the real
tests of the assignment: each must cost points in its own question and none in the others.
"""

from . import q1, q2, q3, q4  # noqa: F401  (importing a question registers its wrong answers)
from .registry import MISCONCEPTIONS, Misconception

__all__ = ["MISCONCEPTIONS", "Misconception"]
