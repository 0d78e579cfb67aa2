"""Slow references: the definitions written out as loops over pixels, boxes and pairs.

Nothing here is clever, and nothing here calls ``lookclosely``.
"""

import itertools
import math

import numpy as np
from torch import Tensor


def cross_correlate(x: Tensor, weight: Tensor, stride: int = 1) -> Tensor:
    """1-D or 2-D, no padding: at each place, the sum of the products."""
    places = [range(0, n - k + 1, stride) for n, k in zip(x.shape, weight.shape, strict=True)]
    out = x.new_zeros([len(p) for p in places])
    for index in itertools.product(*(range(len(p)) for p in places)):
        for tap in itertools.product(*(range(k) for k in weight.shape)):
            pixel = tuple(i * stride + u for i, u in zip(index, tap, strict=True))
            out[index] += x[pixel] * weight[tap]
    return out


def conv_transpose2d(
    input: Tensor, weight: Tensor, stride: int, padding: int, extra: int, dilation: int
) -> Tensor:
    """One image, one group: each pixel stamps the kernel; then the padding is cut off."""
    (c_in, height, width), (_, c_out, kh, kw) = input.shape, weight.shape
    full_height = (height - 1) * stride + dilation * (kh - 1) + 1 + extra
    full_width = (width - 1) * stride + dilation * (kw - 1) + 1 + extra
    out = input.new_zeros(c_out, full_height, full_width)
    for c, o, i, j, u, v in itertools.product(*map(range, (c_in, c_out, height, width, kh, kw))):
        out[o, i * stride + u * dilation, j * stride + v * dilation] += (
            input[c, i, j] * weight[c, o, u, v]
        )
    return out[:, padding : full_height - padding, padding : full_width - padding]


def overlap_1d(kernel_size: int, stride: int, size: int) -> list[int]:
    counts = [0] * ((size - 1) * stride + kernel_size)
    for i in range(size):
        for u in range(kernel_size):
            counts[i * stride + u] += 1
    return counts


def iou(a: list[float], b: list[float]) -> float:
    """Of two xyxy boxes with an area, in Python's double precision."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (area - width * height)


def generalized_iou(a: list[float], b: list[float]) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height
    around = (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))
    return width * height / union - (around - union) / around


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> list[int]:
    """Greedy, one box after another. Exact unless an IoU is within rounding of the threshold."""
    rows, order = boxes.tolist(), sorted(range(len(scores)), key=lambda i: -scores[i].item())
    kept: list[int] = []
    for i in order:
        if all(iou(rows[i], rows[j]) <= iou_threshold for j in kept):
            kept.append(i)
    return kept


def soft_nms(
    boxes: Tensor,
    scores: Tensor,
    sigma: float,
    iou_threshold: float,
    score_threshold: float,
    method: str,
) -> tuple[list[int], list[float]]:
    """The published loop (its line "with one line of code"), on lists, without its +1."""
    rows, left = boxes.tolist(), dict(enumerate(scores.tolist()))
    kept, kept_scores = [], []
    while left:
        best = max(left, key=lambda i: left[i])
        score = left.pop(best)
        if score <= score_threshold:
            break
        kept.append(best)
        kept_scores.append(score)
        for i in left:
            overlap = iou(rows[best], rows[i])
            if method == "gaussian":
                left[i] *= math.exp(-overlap * overlap / sigma)
            elif overlap > iou_threshold:
                left[i] *= 1 - overlap if method == "linear" else 0
    return kept, kept_scores


def non_max_suppression_1d(values: list[float]) -> list[float]:
    out = []
    for i, value in enumerate(values):
        above_left = i == 0 or value > values[i - 1]
        not_below_right = i == len(values) - 1 or value >= values[i + 1]
        out.append(value if above_left and not_below_right else 0)
    return out


def canny_nms(magnitude: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """By angle in degrees, with a table of the two neighbours, the first in reading order first."""
    neighbours = {
        0: ((0, -1), (0, 1)),
        45: ((-1, -1), (1, 1)),
        90: ((-1, 0), (1, 0)),
        135: ((-1, 1), (1, -1)),
    }
    height, width = magnitude.shape
    out = np.zeros_like(magnitude)
    for i, j in itertools.product(range(height), range(width)):
        angle = math.degrees(direction[i, j]) % 180
        nearest = min((0, 45, 90, 135, 180), key=lambda a: abs(a - angle)) % 180
        values = []
        for down, right in neighbours[nearest]:
            y, x = i + down, j + right
            inside = 0 <= y < height and 0 <= x < width
            values.append(magnitude[y, x] if inside else -math.inf)
        if magnitude[i, j] > values[0] and magnitude[i, j] >= values[1]:
            out[i, j] = magnitude[i, j]
    return out
