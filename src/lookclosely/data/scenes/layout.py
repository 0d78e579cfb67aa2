"""Where the objects of a scene are, and what hides what.

Objects are placed from the nearest to the farthest. A new one therefore lies behind all that are
there already and changes nothing about them: whether it is hidden too much is one count.

`owner` (H, W) says which object is seen in each pixel: k + 1 for object k, 0 for the background.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, UInt8, UInt64

from . import figure, shapes
from .chance import TURN, Draws, steps
from .config import CLASSES, Config
from .textures import Look, surface

TRIES = 12
"""Places that are tried for an object before it is left out."""

LEAST_VISIBLE = 12
"""Pixels of an object that are seen at least, however small or hidden it is."""

TALLER = 1.4
"""How much taller a figure is than a shape is wide: its limbs are thin."""

Owner = UInt8[np.ndarray, "H W"]


class Span(NamedTuple):
    """The pixels that an object may touch along one axis of the image."""

    pixels: slice
    centre: float
    offsets: Float32[np.ndarray, " n"]  # from the object's centre to those of the pixels


class Body(NamedTuple):
    """An object's shape and place."""

    label: int
    window: tuple[slice, slice]  # rows and columns of the image around it
    x: Float32[np.ndarray, " w"]  # pixel centres in the window, from the object's centre
    y: Float32[np.ndarray, " h"]
    distance: Float32[np.ndarray, "h w"]  # pixels inside the outline, negative outside
    mask: Bool[np.ndarray, "h w"]  # as if nothing hid it
    joints: tuple[tuple[float, float], ...]  # of a figure, in the image


class Item(NamedTuple):
    """An object in its scene."""

    body: Body
    look: Look
    covers: list[int]  # pixels of its mask where each nearer object is seen, then where it is


def rows(config: Config) -> int:
    """Rows of random numbers that a scene takes: one for the scene, then 1 + TRIES an object."""
    return 1 + config.objects[1] * (1 + TRIES)


def place(
    config: Config, words: UInt64[np.ndarray, "rows words"]
) -> tuple[list[Item], Owner, Look]:
    """All objects, nearest first, who is seen where, and the background's look."""
    scene = Draws(words[0])
    count = scene.integer(*config.objects)
    background = _background(config, scene)
    owner = np.zeros(config.size, dtype=np.uint8)
    items: list[Item] = []
    for first in range(1, 1 + count * (1 + TRIES), 1 + TRIES):
        own, tries = Draws(words[first]), words[first + 1 : first + 1 + TRIES]
        body = _find_place(config, _label(config, own), owner, tries)
        if body is not None:
            items.append(_put(config, own, body, owner, items, background))
    return items, owner, background


def _put(
    config: Config, draws: Draws, body: Body, owner: Owner, nearer: list[Item], background: Look
) -> Item:
    """Enter an object into `owner`; choose a look unlike the background's and its neighbours'."""
    region = owner[body.window]
    if region.any():
        # 1.5 pixels around it are enough to meet all that it touches.
        met = np.bincount(region[body.distance > -1.5])[1:].nonzero()[0].tolist()
        taken = {nearer[k].look.colour for k in met}
        region[body.mask & (region == 0)] = len(nearer) + 1
        covers = np.bincount(region[body.mask], minlength=len(nearer) + 2)[1:].tolist()
    else:
        taken = set()
        region[body.mask] = len(nearer) + 1
        covers = [0] * len(nearer) + [int(np.count_nonzero(body.mask))]
    return Item(body, _look(config, draws, body.label, background.colour, taken), covers)


def _find_place(
    config: Config, label: int, owner: Owner, words: UInt64[np.ndarray, "tries words"]
) -> Body | None:
    """The first of the candidates that is not hidden too much.

    The class is kept from try to try: one that is hard to place must not become rare.
    """
    for row in words:
        body = _candidate(config, label, Draws(row))
        area = np.count_nonzero(body.mask)
        hidden = np.count_nonzero(body.mask & (owner[body.window] > 0))
        if area - hidden >= LEAST_VISIBLE and hidden <= config.max_occlusion * area:
            return body
    return None


def _label(config: Config, draws: Draws) -> int:
    if config.weights is None:
        return CLASSES.index(draws.pick(config.classes))
    return CLASSES.index(draws.weighted(config.classes, config.weights))


def _candidate(config: Config, label: int, draws: Draws) -> Body:
    """An object of a random scale, angle and place."""
    side = min(config.size)
    radius = side * draws.uniform(*config.scale) / 2
    if CLASSES[label] == "figure":
        lean = draws.integer(-steps(30), steps(30)) * config.rotate  # drawn in any case
        pose = figure.pose(draws, min(2 * TALLER * radius, 0.9 * side), lean)
        down, across = _spans(config, draws, pose.half)
        distance = figure.distance(across.offsets, down.offsets, pose)
        joints = tuple((across.centre + x, down.centre + y) for x, y in pose.joints)
    else:
        angle = draws.integer(0, TURN - 1) * config.rotate
        down, across = _spans(config, draws, (radius, radius))
        draw = shapes.DISTANCES[CLASSES[label]]
        distance = draw(across.offsets, down.offsets, radius, angle)
        joints = ()
    window = down.pixels, across.pixels
    return Body(label, window, across.offsets, down.offsets, distance, distance > 0, joints)


def _spans(config: Config, draws: Draws, half: tuple[float, float]) -> tuple[Span, Span]:
    """Rows and columns of something of this half width and half height, put somewhere."""
    height, width = config.size
    across = _span(draws, half[0], width, config.border)
    return _span(draws, half[1], height, config.border), across


def _span(draws: Draws, half: float, size: int, border: bool) -> Span:
    margin = 0.0 if border else min(half + 1, size / 2)
    centre = draws.uniform(margin, size - margin)
    first, last = max(0, int(centre - half - 2)), min(size, int(centre + half + 3))
    offsets = np.arange(first, last, dtype=np.float32) + np.float32(0.5 - centre)
    return Span(slice(first, last), centre, offsets)


def _background(config: Config, draws: Draws) -> Look:
    textures = config.background_textures or config.textures
    colour, texture = draws.pick(config.colours), draws.pick(textures)
    if not config.independent:
        colour, texture = config.colours[0], textures[0]
    return surface(draws, colour, texture, min(config.size))


def _look(config: Config, draws: Draws, label: int, background: str, taken: set[str]) -> Look:
    """A look of any colour but the background's and, if possible, none of those that are taken."""
    texture = draws.pick(config.textures)
    others = [c for c in config.colours if c != background]
    colour = draws.pick([c for c in others if c not in taken] or others)
    if not config.independent:
        colour, texture = config.colours[label], config.textures[label % len(config.textures)]
    return surface(draws, colour, texture, min(config.size))
