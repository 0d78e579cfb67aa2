"""Stick figures: fourteen joints, drawn as round-ended limbs.

Joints are numbered as in the Leeds Sports Pose data set: right ankle, right knee, right hip, left
hip, left knee, left ankle, right wrist, right elbow, right shoulder, left shoulder, left elbow,
left wrist, neck, head top. Right and left are the figure's own. It faces us: its right is our left.

Shapes: a pose is 14 points (x, y) in pixels, y pointing down, from the middle of the figure's box;
distances are (h, w), positive inside, as in `shapes`.

Source: S. Johnson, M. Everingham, "Clustered pose and nonlinear appearance models for human pose
estimation", BMVC 2010, section 4.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from .chance import COS, SIN, TURN, Draws, steps

JOINTS = (
    "right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle",
    "right wrist", "right elbow", "right shoulder", "left shoulder", "left elbow", "left wrist",
    "neck", "head top",
)  # fmt: skip

Point = tuple[float, float]


class Pose(NamedTuple):
    """Where the joints are, the figure's height, and half its box's width and height."""

    joints: tuple[Point, ...]
    height: float
    half: Point


# Lengths as shares of the figure's height: head top at 0, ankles of straight legs at 0.98.
_NECK, _HIPS = 0.25, 0.55
_SHOULDER, _HIP = 0.11, 0.075  # half the width between the two
_UPPER_ARM, _FOREARM, _THIGH, _SHIN = 0.17, 0.17, 0.22, 0.21
_HEAD_RADIUS, _ARM_RADIUS, _LEG_RADIUS, _TRUNK_RADIUS = 0.105, 0.036, 0.046, 0.075

# From joint to joint, and how thick. The head is a "limb" of no length, added in `distance`.
_LIMBS = (
    (6, 7, _ARM_RADIUS), (7, 8, _ARM_RADIUS), (9, 10, _ARM_RADIUS), (10, 11, _ARM_RADIUS),
    (0, 1, _LEG_RADIUS), (1, 2, _LEG_RADIUS), (3, 4, _LEG_RADIUS), (4, 5, _LEG_RADIUS),
    (8, 9, _ARM_RADIUS), (2, 3, _LEG_RADIUS),
)  # fmt: skip


def pose(draws: Draws, height: float, lean: int) -> Pose:
    """A random pose of a figure `height` pixels tall when straight, turned by `lean` steps."""
    right_leg, left_leg = _leg(draws, -1), _leg(draws, +1)
    right_arm, left_arm = _arm(draws, -1), _arm(draws, +1)
    body = (*right_leg[::-1], *left_leg, *right_arm[::-1], *left_arm, (0.0, _NECK), (0.0, 0.0))
    cos, sin = COS[lean % TURN] * height, SIN[lean % TURN] * height
    turned = [(cos * x - sin * y, sin * x + cos * y) for x, y in body]
    return _centred(turned, height)


def _leg(draws: Draws, side: int) -> tuple[Point, Point, Point]:
    """Hip, knee and ankle; side −1 is the figure's right, on our left."""
    thigh = draws.integer(steps(2), steps(38))
    shin = thigh - draws.integer(0, steps(35))
    return _chain((side * _HIP, _HIPS), side, (thigh, _THIGH), (shin, _SHIN))


def _arm(draws: Draws, side: int) -> tuple[Point, Point, Point]:
    """Shoulder, elbow and wrist."""
    upper = draws.integer(steps(20), steps(130))
    fore = upper + draws.integer(steps(-25), steps(70))
    return _chain((side * _SHOULDER, _NECK + 0.02), side, (upper, _UPPER_ARM), (fore, _FOREARM))


def _chain(
    start: Point, side: int, first: tuple[int, float], second: tuple[int, float]
) -> tuple[Point, Point, Point]:
    """Three joints: angles are measured outwards from straight down."""
    points = [start]
    for angle, length in (first, second):
        x, y = points[-1]
        points.append((x + side * length * SIN[angle % TURN], y + length * COS[angle % TURN]))
    return points[0], points[1], points[2]


def _centred(joints: list[Point], height: float) -> Pose:
    """Move the middle of the figure's box to the origin."""
    (neck_x, neck_y), (top_x, top_y) = joints[12:]
    margin = _LEG_RADIUS * height  # limbs are round-ended, so the box is wider than the joints'
    wide = (_HEAD_RADIUS - _LEG_RADIUS) * height
    head_x, head_y = _head(neck_x, neck_y, top_x, top_y)
    xs = [x for x, _ in joints[:13]] + [head_x - wide, head_x + wide]
    ys = [y for _, y in joints[:13]] + [head_y - wide, head_y + wide]
    x0, x1, y0, y1 = min(xs) - margin, max(xs) + margin, min(ys) - margin, max(ys) + margin
    middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
    moved = tuple((x - middle_x, y - middle_y) for x, y in joints)
    return Pose(moved, height, ((x1 - x0) / 2, (y1 - y0) / 2))


def _head(neck_x: float, neck_y: float, top_x: float, top_y: float) -> Point:
    """The middle of the head: its radius below the head top, on the line to the neck."""
    share = _HEAD_RADIUS / _NECK
    return top_x + (neck_x - top_x) * share, top_y + (neck_y - top_y) * share


def distance(
    x: Float32[np.ndarray, " w"], y: Float32[np.ndarray, " h"], figure: Pose
) -> Float32[np.ndarray, "h w"]:
    """How far inside the nearest limb each pixel is: the largest of radius − distance to its bone.

    In axes along and across a bone of length L, with its middle at the origin, the squared distance
    to it is max(|along| − L/2, 0)² + across².
    """
    mx, my, ux, uy, half, radius = (column[:, None, None] for column in _bones(figure))
    x, y = x - mx, y[:, None] - my  # (limbs, 1, w), (limbs, h, 1)
    along, across = ux * x + uy * y, ux * y - uy * x  # (limbs, h, w); from here on in place
    np.abs(along, out=along)
    along -= half
    np.maximum(along, 0, out=along)
    along *= along
    across *= across
    along += across
    np.sqrt(along, out=along)
    np.subtract(radius, along, out=along)
    return np.maximum.reduce(along, axis=0)


def _bones(figure: Pose) -> Float32[np.ndarray, "6 limbs"]:
    """Middle (x, y), direction (x, y), half length and radius of limbs, trunk and head."""
    joints = figure.joints
    right, left = joints[2], joints[3]
    waist = (right[0] + left[0]) / 2, (right[1] + left[1]) / 2
    head = _head(*joints[12], *joints[13])
    lines = [(joints[a], joints[b], radius) for a, b, radius in _LIMBS]
    lines += [(joints[12], waist, _TRUNK_RADIUS), (head, head, _HEAD_RADIUS)]
    bones = [_bone(start, end, radius * figure.height) for start, end, radius in lines]
    return np.array(bones, dtype=np.float32).T


def _bone(start: Point, end: Point, radius: float) -> tuple[float, ...]:
    (ax, ay), (bx, by) = start, end
    dx, dy = bx - ax, by - ay
    length = math.sqrt(dx * dx + dy * dy)
    direction = (dx / length, dy / length) if length else (1.0, 0.0)
    return ((ax + bx) / 2, (ay + by) / 2, *direction, length / 2, radius)
