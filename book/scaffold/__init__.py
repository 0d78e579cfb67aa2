"""``make new``: skeletons of a chapter, a model, an op or an experiment, and of their tests.

A skeleton is not done: its tests are red until it is. It touches every place that has to know of
the new thing, so that none is forgotten.
"""

from .new import Plan, plan, write

__all__ = ["Plan", "plan", "write"]
