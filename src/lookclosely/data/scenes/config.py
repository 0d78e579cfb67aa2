"""The knobs of the scenes: what each one does, and which values it takes."""

import dataclasses
import math
from collections.abc import Sequence

from .textures import COLOURS, TEXTURES

Number = float | int

CLASSES = ("background", "disc", "square", "triangle", "star", "ring", "cross", "figure")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """What scenes look like. Frozen: change a knob with `dataclasses.replace`, or name it at once.

    Of two scenes with the same (seed, index) whose configs differ in one knob, as much as possible
    stays the same: change `noise` and only the noise changes.
    """

    size: tuple[int, int] = (96, 96)
    """(H, W) in pixels, at least 16 each."""

    objects: tuple[int, int] = (2, 5)
    """Fewest and most objects, each number equally likely. One that finds no place is left out."""

    classes: tuple[str, ...] = CLASSES[1:]
    """Which classes occur."""

    weights: tuple[Number, ...] | None = None
    """How often each of `classes` occurs, relative to the others; None: equally often."""

    scale: tuple[Number, Number] = (0.25, 0.5)
    """Diameter of the circle around a shape, as a share of the shorter side. A figure is 1.4 times
    as tall, but at most 0.9 of the shorter side."""

    max_occlusion: Number = 0.5
    """The largest share of an object, in [0, 1), that nearer ones may hide."""

    rotate: bool = True
    """Shapes at any angle, figures leaning up to 30°; otherwise all upright."""

    border: bool = False
    """May objects reach beyond the border? Their centres stay inside."""

    colours: tuple[str, ...] = COLOURS
    """Which colours occur, at least two."""

    textures: tuple[str, ...] = TEXTURES
    """Which textures occur."""

    background_textures: tuple[str, ...] | None = None
    """Which textures the background has; None: the same as the objects."""

    independent: bool = True
    """Are colour and texture independent of class? If so, a pixel's colour says nothing about its
    class: objects and background draw from the same colours and textures. Otherwise the background
    and each class have their own colour and texture, in the order of CLASSES."""

    noise: Number = 0.02
    """Standard deviation of the normal noise on each channel of each pixel (in [0, 1], clipped)."""

    smooth: bool = True
    """Smooth edges: a pixel on an outline is a mixture. Otherwise each pixel shows one shade."""

    def __post_init__(self):
        _check_range("size", self.size, 16, 8192)
        _check_range("objects", self.objects, 0, 255)
        _check_range("scale", self.scale, 0.02, 0.95)
        for name in ("objects", "scale"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name} must be (fewest, most), got ({low}, {high}): swap them")
        _check_names("classes", self.classes, CLASSES[1:])
        _check_names("colours", self.colours, COLOURS, least=2)
        _check_names("textures", self.textures, TEXTURES)
        if self.background_textures is not None:
            _check_names("background_textures", self.background_textures, TEXTURES)
        _check_number("max_occlusion", self.max_occlusion, 0, 0.99)
        _check_number("noise", self.noise, 0, 1)
        self._check_weights()
        if not self.independent and len(self.colours) < len(CLASSES):
            raise ValueError(
                f"independent=False gives each of {len(CLASSES)} classes its own colour, "
                f"got {len(self.colours)} colours: leave `colours` as it is"
            )

    def _check_weights(self):
        if self.weights is None:
            return
        if len(self.weights) != len(self.classes):
            raise ValueError(
                f"weights must have one number for each of {len(self.classes)} classes, "
                f"got {len(self.weights)}"
            )
        for weight in self.weights:
            _check_number("weights", weight, 0, 1e6)
        if not any(self.weights):
            raise ValueError("weights must not all be 0: no class could occur")


def _check_range(name: str, pair: Sequence[Number], least: Number, most: Number):
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise ValueError(f"{name} must be a tuple of two numbers, got {pair!r}")
    for value in pair:
        _check_number(name, value, least, most)
        if isinstance(least, int) and not isinstance(value, int):
            raise ValueError(f"{name} must hold whole numbers, got {value!r}")


def _check_number(name: str, value: Number, least: Number, most: Number):
    if not (math.isfinite(value) and least <= value <= most):
        raise ValueError(f"{name} must be from {least} to {most}, got {value}")


def _check_names(name: str, given: Sequence[str], known: Sequence[str], least: int = 1):
    if not isinstance(given, tuple) or len(given) < least:
        raise ValueError(f"{name} must be a tuple of at least {least} names, got {given!r}")
    for item in given:
        if item not in known:
            raise ValueError(f"{name}: {item!r} is unknown; choose from {tuple(known)}")
    if len(set(given)) < len(given):
        raise ValueError(f"{name} must not repeat a name, got {given}")
