"""A box as a correction of another one: what the regression of a detector predicts.

Shapes: (..., 4); further axes in front are broadcast, so that (N, C, 4) corrections, one for each
class, go with (N, 1, 4) proposals. Boxes are xyxy in pixels, w and h their sides, (x, y) here their
centres. A correction has no unit: it is the same when everything is twice as large.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Num
from torch import Tensor

from ._arguments import at_least_float32, check_boxes

LARGEST = math.log(1000 / 16)  # of dw and dh: a box grows at most 62.5 times
Weights = Sequence[float]


def encode_boxes(
    boxes: Num[Tensor, "*#batch 4"],
    proposals: Num[Tensor, "*#batch 4"],
    weights: Weights = (1.0, 1.0, 1.0, 1.0),
) -> Float[Tensor, "*batch_out 4"]:
    """How a proposal must move and stretch to become the box; torchvision's ``encode_boxes``.

        dx = weights₀ · (x − x_p) / w_p        dw = weights₂ · ln(w / w_p)
        dy = weights₁ · (y − y_p) / h_p        dh = weights₃ · ln(h / h_p)

    The weights make the four about as wide as each other, and as 1: Fast and Faster R-CNN take
    (10, 10, 5, 5) in the second stage, which is dividing by the standard deviations 0.1, 0.1, 0.2
    and 0.2 of the papers; SSD calls these its variances. RPN and RetinaNet take ones.

    Args:
        boxes: (..., 4), what the proposals should become.
        proposals: (..., 4), such as anchors.
        weights: what dx, dy, dw and dh are multiplied by.

    Returns:
        (..., 4). Of a box without width or height (so of padding) ln 0 is −inf, of a proposal
        without them it is inf or NaN, as in torchvision: choose first, then encode.

    Raises:
        ValueError: not 4 coordinates, shapes that do not broadcast, or not 4 weights above 0.

    Source: Girshick et al. 2014, *R-CNN*, appendix C, equations 6–9.
    """
    _check_shapes("boxes", boxes, proposals)
    x, y, w, h = _centres(boxes, "boxes")
    x_p, y_p, w_p, h_p = _centres(proposals, "proposals")
    wx, wy, ww, wh = _four(weights)
    parts = (
        wx * (x - x_p) / w_p,
        wy * (y - y_p) / h_p,
        ww * torch.log(w / w_p),
        wh * torch.log(h / h_p),
    )
    return torch.stack(parts, dim=-1).to(_result_type(boxes, proposals))


def decode_boxes(
    deltas: Float[Tensor, "*#batch 4"],
    proposals: Num[Tensor, "*#batch 4"],
    weights: Weights = (1.0, 1.0, 1.0, 1.0),
) -> Float[Tensor, "*batch_out 4"]:
    """The way back: the box that a correction makes of a proposal.

        x = x_p + w_p · dx / weights₀        w = w_p · exp(min(dw / weights₂, ln(1000 / 16)))
        y = y_p + h_p · dy / weights₁        h = h_p · exp(min(dh / weights₃, ln(1000 / 16)))

    As torchvision's ``BoxCoder.decode_single``. The minimum keeps exp from overflowing before a
    network is trained; it is a bound from above only.

    Args:
        deltas: (..., 4); in torchvision those of all classes stand side by side, (N, 4·C).
        proposals: (..., 4) xyxy.
        weights: those of :func:`encode_boxes`.

    Returns:
        (..., 4) xyxy, not clipped to the image. Half precision only if both arguments have it.

    Raises:
        ValueError: not 4 coordinates, shapes that do not broadcast, or not 4 weights above 0.

    Source: Girshick et al. 2014, *R-CNN*, appendix C, equations 1–4; the bound is Detectron's.
    """
    check_boxes("deltas", deltas)
    _check_shapes("deltas", deltas, proposals)
    x_p, y_p, w_p, h_p = _centres(proposals, "proposals")
    dx, dy, dw, dh = (d / weight for d, weight in zip(_floats(deltas).unbind(-1), _four(weights)))
    x, y = x_p + dx * w_p, y_p + dy * h_p
    half_w = 0.5 * (w_p * dw.clamp(max=LARGEST).exp())
    half_h = 0.5 * (h_p * dh.clamp(max=LARGEST).exp())
    corners = torch.stack([x - half_w, y - half_h, x + half_w, y + half_h], dim=-1)
    return corners.to(_result_type(deltas, proposals))


def _centres(boxes: Tensor, name: str) -> tuple[Tensor, ...]:
    """x and y of the centre, width and height."""
    check_boxes(name, boxes)
    x1, y1, x2, y2 = _floats(boxes).unbind(-1)
    w, h = x2 - x1, y2 - y1
    return x1 + 0.5 * w, y1 + 0.5 * h, w, h


def _check_shapes(name: str, x: Tensor, proposals: Tensor) -> None:
    """Raise a ValueError unless each has a partner, or one has for all."""
    try:
        torch.broadcast_shapes(x.shape[:-1], proposals.shape[:-1])
    except RuntimeError:
        raise ValueError(
            f"{name} is {tuple(x.shape)} and proposals {tuple(proposals.shape)}: give one proposal "
            f"for each, or 1 along an axis for all."
        ) from None


def _four(weights: Weights) -> tuple[float, ...]:
    if len(weights) != 4 or not all(weight > 0 for weight in weights):
        raise ValueError(
            f"weights is {weights!r}: give four positive numbers, for dx, dy, dw and dh."
        )
    return tuple(float(weight) for weight in weights)


def _floats(x: Tensor) -> Tensor:
    return at_least_float32(x if x.is_floating_point() else x.float())


def _result_type(*tensors: Tensor) -> torch.dtype:
    """That of the tensors together; float32 for whole numbers."""
    together = torch.promote_types(*(x.dtype for x in tensors))
    return together if together.is_floating_point else torch.float32
