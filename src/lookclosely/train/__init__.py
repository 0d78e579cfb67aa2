"""Training: one loop for every network of the book."""

from ._loop import History, LossFunction, cosine_schedule, fit

__all__ = ["History", "LossFunction", "cosine_schedule", "fit"]
