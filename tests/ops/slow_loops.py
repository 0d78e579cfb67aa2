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


def path_counts(layers: list[tuple[int, int, int, int]]) -> list[int]:
    """Every choice of one tap a layer, and where it ends; (kernel, stride, padding, dilation)."""
    steps, jump = [], 1
    for _, stride, _, dilation in layers:
        steps.append(dilation * jump)
        jump *= stride
    kernels = [layer[0] for layer in layers]
    counts = [0] * (1 + sum(step * (k - 1) for step, k in zip(steps, kernels, strict=True)))
    for taps in itertools.product(*map(range, kernels)):
        counts[sum(step * tap for step, tap in zip(steps, taps, strict=True))] += 1
    return counts


def max_pool2d(input: Tensor, kernel_size: int, stride: int) -> tuple[Tensor, Tensor]:
    """No padding: the first largest number of each window, and ``row·W + column`` of it."""
    channels, height, width = input.shape
    places = [range(0, n - kernel_size + 1, stride) for n in (height, width)]
    out = input.new_zeros(channels, *map(len, places))
    where = out.long()
    taps = range(kernel_size)
    for c, i, j in itertools.product(*map(range, out.shape)):
        top, left = places[0][i], places[1][j]
        window = [(float(input[c, top + u, left + v]), u, v) for u in taps for v in taps]
        value, u, v = max(window, key=lambda entry: entry[0])
        out[c, i, j], where[c, i, j] = value, (top + u) * width + left + v
    return out, where


def max_unpool2d(input: Tensor, indices: Tensor, size: tuple[int, int]) -> Tensor:
    out = input.new_zeros(input.shape[0], *size)
    for c, i, j in itertools.product(*map(range, input.shape)):
        row, column = divmod(int(indices[c, i, j]), size[1])
        out[c, row, column] = input[c, i, j]
    return out


def interpolate(input: Tensor, size: tuple[int, int], mode: str, align_corners: bool) -> Tensor:
    """Pixel by pixel, from the positions in the input that each output pixel falls on."""

    def shares(i: int, n: int, m: int) -> list[tuple[int, float]]:
        if mode == "nearest":
            return [(i * n // m, 1.0)]
        if align_corners:
            position = i * (n - 1) / (m - 1) if m > 1 else 0.0
        else:
            position = max(0.0, (i + 0.5) * n / m - 0.5)
        low = min(int(position), n - 1)
        return [(low, low + 1 - position), (min(low + 1, n - 1), position - low)]

    channels, height, width = input.shape
    out = input.new_zeros(channels, *size)
    for c, i, j in itertools.product(range(channels), *map(range, size)):
        for (row, a), (column, b) in itertools.product(
            shares(i, height, size[0]), shares(j, width, size[1])
        ):
            out[c, i, j] += a * b * input[c, row, column]
    return out


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


def pair_weights(image: Tensor, appearance: tuple, smoothness: tuple) -> list[list[float]]:
    """Of a fully connected random field: two Gaussian kernels, each k_ij / √(n_i n_j), summed."""
    channels, height, width = image.shape
    pixels = list(itertools.product(range(height), range(width)))
    total = [[0.0] * len(pixels) for _ in pixels]
    for weight, theta_xy, theta_rgb in (appearance, (*smoothness, math.inf)):
        k = [[0.0] * len(pixels) for _ in pixels]
        for (i, (y, x)), (j, (v, u)) in itertools.product(enumerate(pixels), repeat=2):
            colour = sum(float(image[c, y, x] - image[c, v, u]) ** 2 for c in range(channels))
            place = (y - v) ** 2 + (x - u) ** 2
            k[i][j] = math.exp(-place / (2 * theta_xy**2) - colour / (2 * theta_rgb**2))
        for i, j in itertools.product(range(len(pixels)), repeat=2):
            total[i][j] += weight * k[i][j] / math.sqrt(sum(k[i]) * sum(k[j]))
    return total


def mean_field_steps(unary: Tensor, pairs: list, steps: int, table: Tensor | None) -> Tensor:
    """All pixels at once: Q_i(l) ∝ exp(−U_i(l) − Σ_j Σ_m k_ij μ(l, m) Q_j(m)), j = i too."""
    classes, height, width = unary.shape
    flat = unary.reshape(classes, height * width).tolist()
    q = [_softmax([-flat[c][i] for c in range(classes)]) for i in range(height * width)]
    for _ in range(steps):
        new = []
        for i in range(height * width):
            scores = []
            for c in range(classes):
                cost = flat[c][i]
                for j, m in itertools.product(range(height * width), range(classes)):
                    penalty = float(c != m) if table is None else float(table[c, m])
                    cost += pairs[i][j] * penalty * q[j][m]
                scores.append(-cost)
            new.append(_softmax(scores))
        q = new
    out = [[row[c] for row in q] for c in range(classes)]
    return unary.new_tensor(out).reshape(unary.shape)


def mean_field(
    unary: Tensor,
    image: Tensor,
    steps: int,
    table: Tensor | None,
    appearance: tuple,
    smoothness: tuple,
) -> Tensor:
    pairs = pair_weights(image.double(), appearance, smoothness)
    return mean_field_steps(unary, pairs, steps, table)


def grid_crf(
    unary: Tensor, image: Tensor | None, weight: float, steps: int, theta: float
) -> Tensor:
    _, height, width = unary.shape
    pixels = list(itertools.product(range(height), range(width)))
    pairs = [[0.0] * len(pixels) for _ in pixels]
    for (i, (y, x)), (j, (v, u)) in itertools.product(enumerate(pixels), repeat=2):
        if abs(y - v) + abs(x - u) == 1:
            colour = 0.0 if image is None else float((image[:, y, x] - image[:, v, u]).norm())
            pairs[i][j] = weight * math.exp(-(colour**2) / (2 * theta**2))
    flat = unary.reshape(unary.shape[0], len(pixels)).tolist()
    q = [_softmax([-row[i] for row in flat]) for i in range(len(pixels))]
    checkerboard = sorted(range(len(pixels)), key=lambda i: sum(pixels[i]) % 2)
    for _ in range(steps):
        for i in checkerboard:  # one pixel after the other
            said = [
                sum(k * r[c] for k, r in zip(pairs[i], q, strict=True)) for c in range(len(flat))
            ]
            q[i] = _softmax([m - row[i] for m, row in zip(said, flat, strict=True)])
    return unary.new_tensor([[r[c] for r in q] for c in range(len(flat))]).reshape(unary.shape)


def _softmax(scores: list[float]) -> list[float]:
    weights = [math.exp(s - max(scores)) for s in scores]
    return [w / sum(weights) for w in weights]


def crf_energy(labels: Tensor, unary: Tensor, pairs: Tensor, table: Tensor | None) -> float:
    x, width = labels.flatten().tolist(), unary.shape[2]
    energy = sum(float(unary[c, i // width, i % width]) for i, c in enumerate(x))
    for i, j in itertools.combinations(range(len(x)), 2):
        penalty = float(x[i] != x[j]) if table is None else float(table[x[i], x[j]])
        energy += float(pairs[i, j]) * penalty
    return energy


def crf_marginals(unary: Tensor, pairs: Tensor, table: Tensor | None) -> Tensor:
    total = unary.new_zeros(unary.shape)
    for x in itertools.product(range(unary.shape[0]), repeat=unary[0].numel()):
        labels = unary.new_tensor(x).long().reshape(unary.shape[1:])
        weight = math.exp(-crf_energy(labels, unary, pairs, table))
        for i, c in enumerate(x):
            total[c, i // unary.shape[2], i % unary.shape[2]] += weight
    return total / total.sum(0)


def mirror(i: int, size: int) -> int:
    """Position i of a row, mirrored at the first and the last pixel until it is inside."""
    while not 0 <= i < size:
        i = 0 if size == 1 else -i if i < 0 else 2 * (size - 1) - i
    return i


PYRAMID_KERNEL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def pyr_down(x: Tensor) -> Tensor:
    height, width = x.shape
    out = x.new_zeros((height + 1) // 2, (width + 1) // 2)
    for i, j in itertools.product(range(out.shape[0]), range(out.shape[1])):
        for m, n in itertools.product(range(-2, 3), range(-2, 3)):
            pixel = x[mirror(2 * i + m, height), mirror(2 * j + n, width)]
            out[i, j] += PYRAMID_KERNEL[m + 2] * PYRAMID_KERNEL[n + 2] * pixel
    return out


def pyr_up(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Only the pixels at even places of the enlarged image count; the others are zeros."""
    out = x.new_zeros(size)
    for i, j in itertools.product(range(size[0]), range(size[1])):
        for m, n in itertools.product(range(-2, 3), range(-2, 3)):
            if (i + m) % 2 == 0 and (j + n) % 2 == 0:
                row, column = mirror(i + m, size[0]), mirror(j + n, size[1])
                weight = 4 * PYRAMID_KERNEL[m + 2] * PYRAMID_KERNEL[n + 2]
                out[i, j] += weight * x[row // 2, column // 2]
    return out


def graph_segmentation(image: Tensor, scale: float, min_size: int) -> list[list[int]]:
    """Felzenszwalb and Huttenlocher's definitions, without their shortcuts: regions are sets, and
    the internal difference is the largest weight of a region's minimum spanning tree."""
    height, width = image.shape[-2:]
    pixels = list(itertools.product(range(height), range(width)))
    pairs = [(p, (p[0], p[1] + 1)) for p in pixels if p[1] + 1 < width]
    pairs += [(p, (p[0] + 1, p[1])) for p in pixels if p[0] + 1 < height]

    def weight(p: tuple[int, int], q: tuple[int, int]) -> float:
        return math.sqrt(((image[:, p[0], p[1]] - image[:, q[0], q[1]]) ** 2).sum().item())

    def internal(region: set) -> float:
        reached, largest = {min(region)}, 0.0
        while reached != region:  # Prim's algorithm
            exits = [
                (weight(p, q), p, q)
                for p, q in pairs
                if p in region and q in region and (p in reached) != (q in reached)
            ]
            w, p, q = min(exits)
            reached |= {p, q}
            largest = max(largest, w)
        return largest

    edges = sorted(((weight(p, q), p, q) for p, q in pairs), key=lambda edge: edge[0])
    region_of = {p: {p} for p in pixels}

    def join(a: set, b: set) -> None:
        both = a | b
        region_of.update(dict.fromkeys(both, both))

    for w, p, q in edges:
        a, b = region_of[p], region_of[q]
        if a != b and all(w <= internal(r) + scale / len(r) for r in (a, b)):
            join(a, b)
    for _, p, q in edges:
        a, b = region_of[p], region_of[q]
        if a != b and min(len(a), len(b)) < min_size:
            join(a, b)
    numbers: dict[frozenset, int] = {}
    flat = [numbers.setdefault(frozenset(region_of[p]), len(numbers)) for p in pixels]
    return [flat[i * width : (i + 1) * width] for i in range(height)]
