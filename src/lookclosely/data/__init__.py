"""Images to look at and to learn from: synthetic scenes, and small public data sets.

Every loader keeps the same conventions: images are float32 (3, H, W) in [0, 1], boxes are xyxy in
continuous coordinates (pixel (i, j) covers [j, j+1) × [i, i+1)), class 0 is the background.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from lookclosely.errors import DamagedData, MissingData

__all__ = ["DamagedData", "MissingData", "optional"]


@contextmanager
def optional() -> Iterator[None]:
    """Go on without a data set that is not here: print how to get it, and leave the block.

    Only ``MissingData`` is caught. Any other error, ``DamagedData`` among them, passes through.
    """
    try:
        yield
    except MissingData as missing:
        print(missing)
