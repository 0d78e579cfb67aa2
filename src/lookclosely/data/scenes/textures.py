"""Colours and textures: what a surface looks like, apart from its shape.

A surface has two shades of one colour; its texture says how much of the second each pixel has.
Shapes: x (w,) and y (h,) are pixel centres; a pattern is (h, w), in [0, 1].
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from .chance import COS, SIN, TURN, Draws

Row = Float32[np.ndarray, " w"]
Column = Float32[np.ndarray, " h"]
Plane = Float32[np.ndarray, "h w"]

# Two shades each, in sRGB.
SHADES = {
    "white": ("#faf6ec", "#e3d9c6"),
    "red": ("#cf3b45", "#e66e6a"),
    "orange": ("#f08a35", "#f9b56d"),
    "yellow": ("#f8d24b", "#fbe694"),
    "green": ("#3c9a62", "#79c192"),
    "blue": ("#2456a6", "#5a8cd2"),
    "purple": ("#9350b0", "#bd8ad3"),
    "pink": ("#f09cb5", "#f8c4d2"),
}
COLOURS = tuple(SHADES)
TEXTURES = ("plain", "striped", "checked", "dotted", "zigzag")


def _rgb(code: str) -> list[float]:
    """#rrggbb as three numbers in [0, 1]."""
    return [int(code[k : k + 2], 16) / 255 for k in (1, 3, 5)]


_RGB = {
    name: np.array([_rgb(shade) for shade in shades], dtype=np.float32)[..., None, None]
    for name, shades in SHADES.items()
}


class Look(NamedTuple):
    """A surface: its colour and texture by name, and how the texture lies."""

    colour: str
    texture: str
    angle: int
    period: float
    shift: float


def surface(draws: Draws, colour: str, texture: str, side: int) -> Look:
    """Lay out a texture: repeats every 1/12 to 1/7 of the image's shorter side, at any angle."""
    period = max(4.0, side * draws.uniform(1 / 12, 1 / 7))
    return Look(colour, texture, draws.integer(0, TURN - 1), period, draws.uniform(0, 1))


def paint(
    look: Look, x: Row, y: Column, smooth: bool, out: Float32[np.ndarray, "3 h w"]
) -> Float32[np.ndarray, "3 h w"]:
    """The colours of every pixel of a surface, in [0, 1], written into `out`."""
    first, second = _RGB[look.colour]  # (3, 1, 1) each
    if look.texture == "plain":
        out[:] = first
    else:
        np.multiply(second - first, pattern(look, x, y, smooth), out=out)
        out += first
    return out


def pattern(look: Look, x: Row, y: Column, smooth: bool) -> Plane:
    """The share of the second shade in each pixel, of any texture but plain."""
    u, v = _cycles(look, x, y)
    match look.texture:
        case "striped":
            wave = _triangle(u)
        case "zigzag":
            wave = _triangle(u + 0.4 * np.abs(v - np.rint(v)) * 2)
        case "checked":
            wave = _triangle(u) * _triangle(v)
        case "dotted":
            u, v = u - np.rint(u), v - np.rint(v)
            wave = 1.36 - 4 * np.sqrt(u * u + v * v)  # a dot's radius is 0.34 of the period
        case _:
            raise ValueError(f"texture must be one of {TEXTURES}, got {look.texture!r}")
    return coverage(wave * (look.period / 4), smooth)


def coverage(distance: Plane, smooth: bool) -> Plane:
    """The share of a pixel that lies inside: its distance + ½, clipped; or 0 and 1 only."""
    if not smooth:
        return (distance > 0).astype(np.float32)
    return np.minimum(np.maximum(distance + 0.5, 0), 1)


def _cycles(look: Look, x: Row, y: Column) -> tuple[Plane, Plane]:
    """Turned coordinates, counted in periods."""
    cos = COS[look.angle] / look.period
    sin = SIN[look.angle] / look.period
    down = y[:, None]
    u = (cos * x + look.shift) + sin * down
    return u, (look.shift - sin * x) + cos * down


def _triangle(t: Plane) -> Plane:
    """A triangle wave of period 1: 1 at half-way, −1 at whole numbers, straight between."""
    return 4 * np.abs(t - np.rint(t)) - 1
