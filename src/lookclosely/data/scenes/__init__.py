"""Synthetic scenes: textured shapes and stick figures that overlap, with every target of this book.

One data set for every task, so that methods can be compared. No download, any size, any amount:
scene `index` of data set `seed` has the same bytes on every machine. By convention seed 0 is for
training, 1 for validation and 2 for testing.

    >>> scene = draw(0)
    >>> scene.image.shape
    torch.Size([3, 96, 96])

Colour and texture are independent of class, of the background too (`Config.independent`): a pixel
by itself says nothing about its class, one must look at the shape.

Shapes: H × W pixels, N objects (maybe 0), nearest first. Coordinates are continuous, in pixels,
x to the right and y down: pixel (i, j), row i and column j, covers [i, i + 1) × [j, j + 1). Boxes
are (x0, y0, x1, y1), tight around a mask, so that x1 − x0 is its width.
"""

from .config import CLASSES, Config
from .figure import JOINTS
from .scene import CONTEXT_FREE, Scene, Scenes, batch, draw
from .sentences import PREDICATES, VOCABULARY
from .textures import COLOURS, TEXTURES

__all__ = [
    "CLASSES",
    "COLOURS",
    "CONTEXT_FREE",
    "JOINTS",
    "PREDICATES",
    "TEXTURES",
    "VOCABULARY",
    "Config",
    "Scene",
    "Scenes",
    "batch",
    "draw",
]
