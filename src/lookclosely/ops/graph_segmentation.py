"""Superpixels by merging a graph of pixels, and what to do with them.

Pixels are the nodes of a graph, neighbours are joined by edges, and the weight of an edge is how
much the two pixels differ. Regions that look alike, each measured by its own roughness, are merged.

Shapes: C channels or classes, H × W pixels, S superpixels, E edges.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ._arguments import at_least_float32, check_floats, whole
from ._filters import filtered


def graph_segmentation(
    image: Float[Tensor, "C H W"], *, scale: float | int, sigma: float | int, min_size: int
) -> Int[Tensor, "H W"]:
    """Cut an image into superpixels (Felzenszwalb and Huttenlocher).

    Edges (p, q) join each pixel to its right and its lower neighbour, with the weight
    ‖I(p) − I(q)‖ after smoothing. They are taken by rising weight. Regions A and B become one if

        weight ≤ Int(A) + scale / |A|   and   weight ≤ Int(B) + scale / |B|

    where Int is the largest weight that was accepted in a region, 0 for a single pixel. Then, in
    the same order, a region of less than ``min_size`` pixels joins whichever lies across the edge.

    Args:
        image: (C, H, W). Weights are in the units of its values, so ``scale`` is too: the paper's
            300 is for values from 0 to 255.
        scale: k of the paper, 0 or more; larger regions with a larger one.
        sigma: standard deviation of the smoothing in pixels; 0 for none.
        min_size: pixels in the smallest region.

    Returns:
        int64 (H, W), superpixels numbered from 0 in the order of their first pixels.

    Raises:
        ValueError: ``image`` is not (C, H, W) or not of floats, or a setting is negative.

    Source: Felzenszwalb and Huttenlocher 2004, *Efficient graph-based image segmentation*,
    Algorithm 1 and section 5. We depart as OpenCV's ``GraphSegmentation`` does: four neighbours
    (the paper has eight), and colours as vectors (the paper cuts each channel, and intersects).
    """
    _check(image, scale, sigma, min_size)
    height, width = image.shape[-2:]
    weights, ends = _edges(_smooth(at_least_float32(image), sigma))
    forest = _Forest(height * width)
    threshold = [float(scale)] * (height * width)
    left: list[tuple[int, int]] = []  # edges that were refused
    for weight, p, q in zip(weights.tolist(), *ends.tolist()):
        a, b = forest.root(p), forest.root(q)
        if a == b:
            continue
        if weight <= threshold[a] and weight <= threshold[b]:
            root = forest.join(a, b)
            threshold[root] = weight + scale / forest.size[root]
        else:
            left.append((p, q))
    for p, q in left:
        a, b = forest.root(p), forest.root(q)
        if a != b and min(forest.size[a], forest.size[b]) < min_size:
            forest.join(a, b)
    numbers: dict[int, int] = {}
    labels = [numbers.setdefault(forest.root(p), len(numbers)) for p in range(height * width)]
    return torch.tensor(labels, dtype=torch.int64, device=image.device).reshape(height, width)


def superpixel_vote(
    scores: Float[Tensor, "C H W"], superpixels: Int[Tensor, "H W"]
) -> Float[Tensor, "C H W"]:
    """Give every pixel the mean of its superpixel: all pixels of a superpixel then agree.

        out[c, p] = mean of scores[c, q] over the pixels q of the superpixel that p is in

    Args:
        scores: probabilities of each class (other numbers are averaged as well).
        superpixels: numbers from 0, as from ``graph_segmentation``.

    Returns:
        (C, H, W), constant on each superpixel; its largest class is the vote.

    Raises:
        ValueError: the two differ in size, a number is negative, ``scores`` are whole numbers, or
            ``superpixels`` are not.

    Source: Farabet et al. 2013, *Learning hierarchical features for scene labeling*, "Superpixels".
    """
    if scores.ndim != 3 or scores.shape[1:] != superpixels.shape:
        raise ValueError(
            f"scores must be (C, H, W) and superpixels (H, W), but are {tuple(scores.shape)} and "
            f"{tuple(superpixels.shape)}."
        )
    check_floats("scores", scores, "a mean")
    index = whole("superpixels", superpixels).flatten()
    if not len(index):
        return scores.clone()
    if index.min() < 0:
        raise ValueError(f"superpixels has the number {int(index.min())}: give 0 or more.")
    values = at_least_float32(scores).flatten(1)  # sums and counts leave half precision
    sums = values.new_zeros(len(scores), int(index.max()) + 1).index_add(1, index, values)
    counts = index.bincount().to(values.dtype)  # (S,)
    means = (sums / counts.clamp(min=1))[:, index]
    return means.to(scores.dtype).reshape(scores.shape)


class _Forest:
    """Sets of pixels that can be joined: each set is a tree, named by its root."""

    def __init__(self, count: int):
        self.parent = list(range(count))
        self.size = [1] * count

    def root(self, p: int) -> int:
        parent = self.parent
        while parent[p] != p:
            parent[p] = parent[parent[p]]  # halve the path on the way
            p = parent[p]
        return p

    def join(self, a: int, b: int) -> int:
        """Join the sets with roots a and b, the smaller below the larger; the new root."""
        if self.size[a] < self.size[b]:
            a, b = b, a
        self.parent[b] = a
        self.size[a] += self.size[b]
        return a


def _edges(image: Float[Tensor, "C H W"]) -> tuple[Float[Tensor, " E"], Int[Tensor, "2 E"]]:
    """Weights by rising order and the two ends of each edge; equal weights in reading order."""
    height, width = image.shape[-2:]
    pixel = torch.arange(height * width, device=image.device).reshape(height, width)
    across = (image[:, :, 1:] - image[:, :, :-1]).square().sum(0).sqrt()
    down = (image[:, 1:] - image[:, :-1]).square().sum(0).sqrt()
    ends = torch.stack(
        [
            torch.cat([pixel[:, :-1].flatten(), pixel[:-1].flatten()]),
            torch.cat([pixel[:, 1:].flatten(), pixel[1:].flatten()]),
        ]
    )
    weights, order = torch.cat([across.flatten(), down.flatten()]).sort(stable=True)
    return weights, ends[:, order]


def _smooth(image: Float[Tensor, "C H W"], sigma: float | int) -> Float[Tensor, "C H W"]:
    """A Gaussian, cut off at four standard deviations as OpenCV does, over mirrored borders."""
    if sigma == 0 or 0 in image.shape:
        return image
    radius = (round(8 * sigma + 1) | 1) // 2
    bell = [math.exp(-(x**2) / (2 * sigma**2)) for x in range(-radius, radius + 1)]
    weights = [b / sum(bell) for b in bell]
    return filtered(filtered(image, weights, -2), weights, -1)


def _check(image: Tensor, scale: float, sigma: float, min_size: int) -> None:
    if image.ndim != 3:
        raise ValueError(f"image must be (C, H, W), but has shape {tuple(image.shape)}.")
    check_floats("image", image, "subtraction")
    for name, value in (("scale", scale), ("sigma", sigma), ("min_size", min_size)):
        if not value >= 0:
            raise ValueError(f"{name} is {value}: give 0 or more.")
