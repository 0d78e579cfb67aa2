"""Images to look at and to learn from: synthetic scenes, and small public data sets.

Every loader keeps the same conventions: images are float32 (3, H, W) in [0, 1], boxes are xyxy in
continuous coordinates (pixel (i, j) covers [j, j+1) × [i, i+1)), class 0 is the background.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lookclosely.errors import DamagedData, MissingData

if TYPE_CHECKING:  # torch is not loaded for the sake of a name
    from .coco import CocoDataset

__all__ = ["DamagedData", "MissingData", "from_coco", "optional"]


@contextmanager
def optional() -> Iterator[None]:
    """Go on without a data set that is not here: print how to get it, and leave the block.

    Only ``MissingData`` is caught. Any other error, ``DamagedData`` among them, passes through.
    """
    try:
        yield
    except MissingData as missing:
        print(missing)


def from_coco(folder: str | Path, annotations: str | None = None) -> CocoDataset:
    """Your own pictures with annotations in COCO's format, as boxes, masks and classes.

    ``coco.from_coco`` says where the files may lie and which mistakes are named.
    """
    from .coco import from_coco as read

    return read(folder, annotations)
