"""Shapes as signed distances: how many pixels a point lies inside the outline.

Positive inside, negative outside, 0 on the outline. One number per pixel then gives the mask
(distance > 0) and the smooth edge (the share of the pixel that is covered, about distance + ½).
A shape with mirror lines is folded along them first, so that one straight edge is left to measure.

Shapes: x (w,) and y (h,) are pixel centres relative to the shape's centre, y pointing down;
`radius` is that of the circle around the shape; the result is (h, w), in pixels. Beyond a corner
it is measured to an edge's line, not to the corner; that does not move the outline.

Source: the folding follows I. Quilez, "2D distance functions",
https://iquilezles.org/articles/distfunctions2d.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32

from .chance import COS, SIN, TURN

Row = Float32[np.ndarray, " w"]
Column = Float32[np.ndarray, " h"]
Plane = Float32[np.ndarray, "h w"]


def turn(x: Row, y: Column, angle: int) -> tuple[Plane, Plane]:
    """Coordinates (u, v) of every pixel in axes that are turned by `angle` 1/1024 turns."""
    cos, sin = COS[angle % TURN], SIN[angle % TURN]
    down = y[:, None]
    return cos * x + sin * down, cos * down - sin * x


def disc(x: Row, y: Column, radius: float, angle: int) -> Plane:
    """A disc, smaller than its circle so that it does not outweigh the others."""
    return 0.82 * radius - np.sqrt(x * x + (y * y)[:, None])


def ring(x: Row, y: Column, radius: float, angle: int) -> Plane:
    """A ring whose hole is half as wide as the ring."""
    return 0.23 * radius - np.abs(np.sqrt(x * x + (y * y)[:, None]) - 0.69 * radius)


def square(x: Row, y: Column, radius: float, angle: int) -> Plane:
    """A square: max(|u|, |v|) is at most half its side."""
    u, v = turn(x, y, angle)
    return 0.7 * radius - np.maximum(np.abs(u), np.abs(v))


def cross(x: Row, y: Column, radius: float, angle: int) -> Plane:
    """A plus sign: of |u| and |v|, the larger within an arm's length, the smaller in its width."""
    u, v = turn(x, y, angle)
    u, v = np.abs(u), np.abs(v)
    return np.minimum(0.93 * radius - np.maximum(u, v), 0.32 * radius - np.minimum(u, v))


def triangle(x: Row, y: Column, radius: float, angle: int) -> Plane:
    """An equilateral triangle, point up: folded along its axis, a slanting side and the base."""
    u, v = turn(x, y, angle)
    slant = 0.866 * np.abs(u) - 0.5 * v  # the side's outward normal is (√3/2, −1/2)
    return 0.5 * radius - np.maximum(slant, v)


def star(x: Row, y: Column, radius: float, angle: int) -> Plane:
    """A five-pointed star, point up, its inner corners at half its radius.

    Three folds bring every point into the wedge between the upper tip and the inner corner right of
    it; there the star is one straight edge.
    """
    u, v = turn(x, y, angle)
    u = np.abs(u)
    u, v = _fold(u, v, _TENTH_COS, _TENTH_SIN)
    u, v = _fold(u, v, -_TENTH_COS, _TENTH_SIN)
    return _EDGE_Y * (v + radius) - _EDGE_X * np.abs(u)


def _fold(u: Plane, v: Plane, nx: float, ny: float) -> tuple[Plane, Plane]:
    """Mirror the points on the side of the normal (nx, ny) along the line through the origin."""
    beyond = 2 * np.maximum(nx * u + ny * v, 0)
    return u - beyond * nx, v - beyond * ny


_TENTH_COS, _TENTH_SIN = 0.80902, 0.58779  # of 36°, a tenth of a turn
_EDGE_X, _EDGE_Y = 0.89674, 0.44257  # unit normal of the edge from (0, −1) to ½ (sin 36°, −cos 36°)

DISTANCES: dict[str, Callable[[Row, Column, float, int], Plane]] = {
    "disc": disc,
    "square": square,
    "triangle": triangle,
    "star": star,
    "ring": ring,
    "cross": cross,
}
