"""Photographs that are always at hand: they lie inside scikit-image's wheel.

Every photo has three channels, so that code written for one runs on all. They are equal in the grey
ones (``camera coins brick grass gravel cell``) and in the black-and-white silhouette ``horse``.
"""

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

CREDITS = {
    "chelsea": "Chelsea the cat, by Stefan van der Walt, CC0",
    "coffee": "A cup of coffee at Pikolo Espresso Bar, by Rachel Michetti, CC0",
    "camera": "A photographer, by Lav Varshney, CC0",
    "astronaut": "The astronaut Eileen Collins, by NASA, public domain",
    "rocket": "Launch of DSCOVR on a Falcon 9, by SpaceX, public domain",
    "hubble_deep_field": "Hubble eXtreme Deep Field, by NASA, public domain",
    "coins": "Greek coins from Pompeii, Brooklyn Museum, no known copyright restrictions",
    "horse": "Silhouette of a horse, by Andreas Preuss (marauder), CC0",
    "brick": "A brick wall, from CC0Textures, CC0",
    "grass": "Grass, by linolafett, CC0",
    "gravel": "Gravel, from CC0Textures, CC0",
    "retina": "A healthy left retina, by Mikael Häggström, CC0",
    "cell": "A cell in saline (quantitative phase image), by Paul Müller and others, CC0",
}
"""Name of a photo -> the line to print beneath it: what it shows, by whom, under which licence."""

NAMES = tuple(CREDITS)


def load(name: str) -> Float32[Tensor, "3 H W"]:
    """A photo with values in [0, 1]. Raises ``ValueError`` for a name that is not in ``NAMES``."""
    if name not in CREDITS:
        raise ValueError(f"name must be one of {', '.join(NAMES)}, got {name!r}")
    import skimage.data  # here, because importing it takes a moment

    pixels = np.atleast_3d(getattr(skimage.data, name)())  # (H, W, 1 or 3), uint8 or bool
    scale = 1 if pixels.dtype == bool else 255
    image = torch.from_numpy(pixels.astype(np.float32) / np.float32(scale)).permute(2, 0, 1)
    return image.expand(3, -1, -1).contiguous()
