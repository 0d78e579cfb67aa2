"""What stands on the face of a block: the one scene of all drawings, or a real picture."""

import base64
import io

import numpy as np
from PIL import Image

from .._drawing import Picture, as_rgb

INK, PALE = 'fill="var(--ink)" fill-opacity=".62"', 'fill="var(--ink)" fill-opacity=".2"'
GREEN, ORANGE = 'fill="var(--answer)"', 'fill="var(--copy)"'
# The weights of four looks on a grid of 4 × 4 places.
LOOKS = ((0, 1, 4, 5), (1, 2, 5, 6, 9), (6, 9, 10), (10, 11, 14, 15))
BLOBS = ((15, 17, 10, 8), (44, 14, 7, 9), (28, 43, 11, 10), (47, 47, 10, 9), (8, 50, 5, 6))
GUESSES = (
    (8, 13, 28, 28),
    (12, 8, 26, 30),
    (4, 18, 30, 25),
    (34, 38, 22, 20),
    (29, 34, 30, 20),
    (36, 42, 22, 18),
    (40, 6, 16, 22),
)
DIGIT = "M14 8h36v9L34 56h-11L38 18H14z"


def _scene(disc: str, square: str) -> str:
    return f'<circle cx="22" cy="27" r="14" {disc}/><path d="M34 38h22v20H34z" {square}/>'


def _nuclei(fill: str) -> str:
    return "".join(
        f'<ellipse cx="{x}" cy="{y}" rx="{across}" ry="{down}" {fill}/>'
        for x, y, across, down in BLOBS
    )


def _box(colour: str, width: float, corners: tuple[int, int, int, int]) -> str:
    x, y, across, down = corners
    line = f'fill="none" stroke="var(--{colour})" stroke-width="{width}"'
    return f'<path d="M{x} {y}h{across}v{down}h-{across}z" {line}/>'


def _cells(hot: tuple[int, ...]) -> str:
    return "".join(
        f'<rect x="{16 * (k % 4)}" y="{16 * (k // 4)}" width="16" height="16" '
        f'fill="var(--places)" fill-opacity="{0.72 if k in hot else 0.07}"/>'
        for k in range(16)
    )


def _dots() -> str:
    return "".join(
        f'<circle cx="{14 + 9 * column}" cy="{14 + 9 * row}" r="2.6" fill="var(--places)"/>'
        for row in range(5)
        for column in range(5)
    )


def _turned(inside: str) -> str:
    return f'<g transform="rotate(32 32 32)">{inside}</g>'


FACES: dict[str, str] = {
    "scene": _scene(INK, INK),
    "labels": _scene(GREEN, ORANGE),
    "boxes": _scene(PALE, PALE) + _box("answer", 3, GUESSES[0]) + _box("copy", 3, GUESSES[3]),
    "proposals": _scene(PALE, PALE) + "".join(_box("answer", 1.6, one) for one in GUESSES),
    "masks": _scene(GREEN, ORANGE) + _box("ink", 2, GUESSES[0]) + _box("ink", 2, GUESSES[3]),
    "corners": _scene(PALE, PALE)
    + f'<circle cx="8" cy="13" r="5" {GREEN}/><circle cx="34" cy="38" r="5" {GREEN}/>',
    "far corners": _scene(PALE, PALE)
    + f'<circle cx="36" cy="41" r="5" {GREEN}/><circle cx="56" cy="58" r="5" {GREEN}/>',
    "nuclei": _nuclei(INK),
    "nuclei mask": _nuclei(GREEN),
    "crop": f'<circle cx="32" cy="32" r="28" {INK}/>',
    "crop mask": f'<circle cx="32" cy="32" r="28" {GREEN}/>',
    "turned": _turned(f'<path d="{DIGIT}" {INK}/>'),
    "upright": f'<path d="{DIGIT}" {INK}/>',
    "grid": _turned(_dots()),
    **{f"look{k}": _scene(PALE, PALE) + _cells(hot) for k, hot in enumerate(LOOKS)},
}


Face = str | Picture  # a name among FACES, or an image


def face(picture: Face, x: float, y: float, width: float, height: float) -> str:
    """The picture on a face of this size whose top left corner is (x, y)."""
    if not isinstance(picture, str):
        return _photo(picture, x, y, width, height)
    if picture not in FACES:
        known = ", ".join(FACES)
        raise ValueError(f"picture={picture!r} is none of {known}; or give an image's tensor")
    place = f"translate({x:.1f} {y:.1f}) scale({width / 64:.3f} {height / 64:.3f})"
    return f'<g transform="{place}">{FACES[picture]}</g>'


def _photo(picture: Picture, x: float, y: float, width: float, height: float) -> str:
    """A real picture, kept small: a face has at most 64 px, a dense screen three times as many."""
    image = Image.fromarray((255 * as_rgb(picture)).round().astype(np.uint8))
    image.thumbnail((192, 192))
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    data = base64.b64encode(file.getvalue()).decode()
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<image {place} preserveAspectRatio="none" href="data:image/png;base64,{data}"/>'
