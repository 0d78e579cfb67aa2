"""COCO's matching and its sums, rank by rank.

``pycocotools`` looks at one image, class, size and threshold after the other. Here the detections
of all images and classes that have the same *rank* within their image and class are looked at
together, for all sizes and thresholds at once: who is first meets only objects that are free, and
who is second meets what the first has left. So at most 100 rounds do what would else take one step
a detection.

Sizes in arrays: D detections, G objects, P pairs of the two that overlap, K classes, R ranges of
size (all, small, medium, large), T thresholds.
"""

from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Int

from ._coco_pairs import Pairs, Things

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
MOST = (1, 10, 100)  # detections of an image and class

NOTHING, OBJECT, IGNORED = 0, 1, 2  # what a detection was matched to
States = Int[np.ndarray, "D R T"]


def ranks_of(found: Things) -> Int[np.ndarray, " D"]:
    """Place of each detection, from 0, among those of its image and class."""
    first = np.searchsorted(found.groups, found.groups, "left")
    return np.arange(len(first)) - first


def the_first(found: Things) -> Things:
    """The 100 best detections of each image and class: the others do not count."""
    return found.only(ranks_of(found) < MOST[-1])


def match(
    pairs: Pairs,
    ranks: Int[np.ndarray, " D"],
    crowd: Bool[np.ndarray, " G"],
    ignored: Bool[np.ndarray, "G R"],
) -> States:
    """What each detection is matched to, for all ranges and thresholds, rank by rank."""
    states = np.zeros((len(ranks), ignored.shape[1], len(THRESHOLDS)), dtype=np.int8)
    free = np.ones((len(crowd), *states.shape[1:]), dtype=bool)
    # A detection's pairs from the worst to the best: by IoU, equal ones in the order of the input.
    order = np.lexsort((pairs.true, pairs.iou, pairs.found, ranks[pairs.found]))
    found, true, iou = pairs.found[order], pairs.true[order], pairs.iou[order]
    enough = iou[:, None, None] >= np.minimum(THRESHOLDS, 1 - 1e-10)  # (P, 1, T)
    ends = np.searchsorted(ranks[found], np.arange(MOST[-1] + 1))
    for start, end in pairwise(ends):
        if start < end:
            part = slice(start, end)
            _one_rank(found[part], true[part], enough[part], free, ignored, states)
            free[crowd] = True
    return states


def _one_rank(
    found: Int[np.ndarray, " p"],
    true: Int[np.ndarray, " p"],
    enough: Bool[np.ndarray, "p 1 T"],
    free: Bool[np.ndarray, "G R T"],
    ignored: Bool[np.ndarray, "G R"],
    states: States,
) -> None:
    """One round: each of these detections takes its best object. Changes ``free``, ``states``."""
    count = len(found)
    # A pair's value is its place, which rises with the IoU; what is not ignored comes before all
    # that is. As whole numbers, so that nothing is rounded.
    value = np.arange(count)[:, None] + np.where(ignored[true], 0, count)  # (p, R)
    value = np.where(enough & free[true], value[:, :, None], -1)  # (p, R, T)
    first = np.flatnonzero(np.diff(found, prepend=-1))  # each detection's first pair
    best = np.maximum.reduceat(value, first, axis=0)  # (detections, R, T)
    which, size, threshold = np.nonzero(best >= 0)
    best = best[which, size, threshold]
    taken = true[best % count]
    free[taken, size, threshold] = False
    states[found[first[which]], size, threshold] = np.where(best < count, IGNORED, OBJECT)


def sum_up(
    states: States,
    found: Things,
    outside: Bool[np.ndarray, "D R"],
    positives: Int[np.ndarray, "K R"],
) -> tuple[Float[np.ndarray, "K R T 101"], Float[np.ndarray, "3 K R T"]]:
    """Precision at each recall, and recall with few, some and many detections; class by class.

    ``positives``: how many objects there are to find; where there is none, all is NaN.
    """
    shape = (*positives.shape, len(THRESHOLDS))
    precision, recall = np.full((*shape, len(RECALLS)), np.nan), np.full((3, *shape), np.nan)
    ranks = ranks_of(found)
    order = np.lexsort((-found.scores, found.labels))  # stable: equal scores in order of images
    ends = np.searchsorted(found.labels[order], np.arange(len(positives) + 1))
    for k, part in enumerate(order[a:b] for a, b in pairwise(ends)):
        there = positives[k] > 0
        hit = states[part] == OBJECT
        miss = (states[part] == NOTHING) & ~outside[part, :, None]
        precision[k, there] = _at_recalls(hit, miss, positives[k].clip(1))[there]
        for number, most in enumerate(MOST):
            among = hit[ranks[part] < most].sum(0) / positives[k, :, None].clip(1)
            recall[number, k, there] = among[there]
    return precision, recall


def _at_recalls(
    hit: Bool[np.ndarray, "n R T"],
    miss: Bool[np.ndarray, "n R T"],
    positives: Int[np.ndarray, " R"],
) -> Float[np.ndarray, "R T 101"]:
    """The highest precision at each recall or a higher one, of detections by falling score."""
    n, ranges, thresholds = hit.shape
    hit, miss = hit.reshape(n, ranges * thresholds), miss.reshape(n, ranges * thresholds)
    hits, misses = (x.cumsum(0, dtype=np.float64) for x in (hit, miss))
    precision = hits / (hits + misses + np.spacing(1))  # 0 where all so far are ignored
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    envelope = np.concatenate([envelope, np.zeros((1, hit.shape[1]))])  # never reached: 0
    needed = [np.searchsorted(np.arange(p + 1) / p, RECALLS) for p in positives.tolist()]
    # One search for all columns: each is lifted above the one before it.
    each = np.arange(hit.shape[1])[:, None]
    wanted = np.repeat(needed, thresholds, axis=0).clip(max=n + 1) + (n + 2) * each
    index = np.searchsorted((hits.T + (n + 2) * each).ravel(), wanted) - n * each
    return envelope.T[each, index].reshape(ranges, thresholds, -1)
