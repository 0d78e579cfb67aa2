"""Slow references of ``test_crf.py``: random fields as loops over pixels and pairs.

Nothing here is clever, and nothing here calls ``lookclosely``.
"""

import itertools
import math

from torch import Tensor


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
