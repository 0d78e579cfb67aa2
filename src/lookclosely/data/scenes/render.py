"""From a layout to arrays: the picture, and the targets that are arrays.

Shapes: H × W pixels, N objects, nearest first; `owner` (H, W) is k + 1 where object k is seen.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float32, Int64

from . import chance, layout
from .config import Config
from .figure import JOINTS
from .layout import Item, Owner
from .textures import Look, coverage, paint


def render(
    image: Float32[np.ndarray, "3 H W"], index: int, seed: int, config: Config
) -> tuple[list[Item], Owner, Look]:
    """Paint scene `index` of data set `seed` into an array; what is where, and the background."""
    philox = chance.generator(seed, index)
    items, owner, background = layout.place(config, chance.table(philox, layout.rows(config)))
    height, width = config.size
    paint(background, _centres(width), _centres(height), config.smooth, out=image)
    for item in reversed(items):  # the farthest first
        _blend(image, item, config.smooth)
    if config.noise:
        image += chance.normal(philox, image.shape, config.noise)
        np.clip(image, 0, 1, out=image)
    return items, owner, background


def _blend(image: Float32[np.ndarray, "3 H W"], item: Item, smooth: bool) -> None:
    """Paint an object over what is there: region + coverage (colour − region)."""
    body = item.body
    region = image[(slice(None), *body.window)]
    change = paint(item.look, body.x, body.y, smooth, out=np.empty_like(region))
    change -= region
    change *= coverage(body.distance, smooth)
    region += change


def _centres(size: int) -> Float32[np.ndarray, " size"]:
    return np.arange(size, dtype=np.float32) + np.float32(0.5)


def semantic(items: Sequence[Item], owner: Owner) -> Int64[np.ndarray, "H W"]:
    """The class of what is seen in each pixel."""
    labels = np.array([0, *(item.body.label for item in items)], dtype=np.int64)
    return np.take(labels, owner, mode="clip")


def masks(
    items: Sequence[Item], owner: Owner
) -> tuple[Bool[np.ndarray, "N H W"], Bool[np.ndarray, "N H W"]]:
    """Masks of what is seen, and full masks."""
    seen = owner == np.arange(1, len(items) + 1, dtype=np.uint8)[:, None, None]
    full = np.zeros(seen.shape, dtype=bool)
    for mask, item in zip(full, items, strict=True):
        mask[item.body.window] = item.body.mask
    return seen, full


def boxes(masks: Bool[np.ndarray, "N H W"], items: Sequence[Item]) -> Float32[np.ndarray, "N 4"]:
    """The tight box of each mask, looked for in its item's window only."""
    result = np.zeros((len(items), 4), dtype=np.float32)
    for box, mask, item in zip(result, masks, items, strict=True):
        window = item.body.window
        part, top, left = mask[window], window[0].start, window[1].start
        rows, columns = part.any(axis=1).nonzero()[0], part.any(axis=0).nonzero()[0]
        box[:] = left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1
    return result


def covers(items: Sequence[Item]) -> Int64[np.ndarray, "N N"]:
    """[i, j]: at how many pixels of j's full mask i is seen."""
    result = np.zeros((len(items), len(items)), dtype=np.int64)
    for j, item in enumerate(items):
        result[: j + 1, j] = item.covers
    return result


def keypoints(items: Sequence[Item], owner: Owner) -> Float32[np.ndarray, "N 14 3"]:
    """x, y and 2 (seen), 1 (hidden by a nearer object) or 0 (outside of the image, or no joint)."""
    height, width = owner.shape
    result = np.zeros((len(items), len(JOINTS), 3), dtype=np.float32)
    for k, item in enumerate(items):
        points = np.array(item.body.joints, dtype=np.float32)  # rounded before it is compared
        for joint, (x, y) in enumerate(points.tolist()):
            if 0 <= x < width and 0 <= y < height:
                hidden = 0 < owner[int(y), int(x)] <= k
                result[k, joint] = x, y, 1 if hidden else 2
    return result
