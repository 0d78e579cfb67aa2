"""Wrong answers that a student would plausibly write, each with a name.

One folder an assignment, one file a question: ``<part>/q<n>.py``. A new file is found by itself.

``caught_by`` is the hidden test that finds a mistake (others may too). Each is run against the
real tests of its assignment: it must cost points in its own question and none in the others.
"""

import importlib
import pkgutil

from .registry import MISCONCEPTIONS, Misconception

__all__ = ["MISCONCEPTIONS", "Misconception"]

for found in pkgutil.walk_packages(__path__, __name__ + "."):
    importlib.import_module(found.name)  # importing a question registers its wrong answers
