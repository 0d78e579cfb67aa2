"""Demos: a function of a few settings becomes a picture with controls."""

from ._demo import MAX_BYTES, MAX_FRAMES, Demo, demo

__all__ = ["MAX_BYTES", "MAX_FRAMES", "Demo", "demo"]
