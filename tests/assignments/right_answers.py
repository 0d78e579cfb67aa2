# pyright: reportRedeclaration=false, reportArgumentType=false, reportCallIssue=false
"""Unusual right answers: another algorithm, numpy inside, a loop over everything.

Each replaces the solution's function of its name, and must earn every point.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

RIGHT: dict[str, list[dict[str, Any]]] = {}


def right(question: str) -> Callable[[Any], Any]:
    """Decorate a right answer; its name is that of the function asked for."""

    def add(function: Any) -> Any:
        RIGHT.setdefault(question, []).append({function.__name__: function})
        return function

    return add


RIGHT["looking-q1"] = [
    {"field": (32, 6, -5), "pixels": [13.0, 44.0], "windows": 540.0},
    {"passes": 36.0, "patches": float(600 * 7400), "one_pass": 816 * 216 + 600 * 2000},
]
RIGHT["segmentation-q1"] = [
    {"length": 20.0, "contributions": (2, 2, 1), "variances_2d": [4.0, 2.0, 2.0, 1.0]},
    {"output_padding": 1.0, "variances": (4.0, 4.0, 2.0), "uniform_sizes": (3, 6, 9)},
]


@right("looking-q2")
def multi_task_loss(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    total = 0 * scores.sum() + 0 * boxes.sum()
    for n, c in enumerate(classes.tolist()):
        total = total + scores[n].logsumexp(0) - scores[n, c]
        for i in range(4) if c else ():
            d = abs(boxes[n, i] - targets[n, i])
            total = total + weight * (d * d / (2 * beta) if d < beta else d - beta / 2)
    return total / len(classes)


@right("looking-q2")
def multi_task_loss(scores, boxes, classes, targets, weight=1.0, beta=1.0):  # noqa: F811
    objects = (classes > 0).nonzero().flatten()
    d = (boxes - torch.where(classes[:, None] > 0, targets, boxes.detach()))[objects].abs()
    near = d.clamp(max=beta)  # the area below a ramp
    box = (near.square() / (2 * beta) + (d - near)).sum()
    return F.nll_loss(scores.log_softmax(1), classes) + weight * box / classes.numel()


@right("looking-q3")
def pck(pred, target, visible, torso, threshold=0.2):
    shares = []
    for k in range(pred.shape[1]):
        right, seen = 0, 0
        for n in range(len(pred)):
            size = math.dist(target[n, torso[0]].tolist(), target[n, torso[1]].tolist())
            near = math.dist(pred[n, k].tolist(), target[n, k].tolist()) <= threshold * size
            right, seen = right + (near and bool(visible[n, k])), seen + bool(visible[n, k])
        shares.append(right / seen if seen else math.nan)
    return torch.tensor(shares, dtype=pred.dtype)


@right("looking-q3")
def pck(pred, target, visible, torso, threshold=0.2):  # noqa: F811
    p, t, v = pred.numpy().copy(), target.numpy(), visible.numpy()
    size = np.hypot(*(t[:, torso[0]] - t[:, torso[1]]).T)[:, None]
    near = np.where(v, np.hypot(*np.moveaxis(p - t, 2, 0)) <= threshold * size, np.nan)
    with np.errstate(all="ignore"):
        share = np.nansum(near, 0) / v.sum(0)
    return torch.from_numpy(share.astype(p.dtype))


@right("looking-q4")
def shift_and_stitch(network, x, factor, window):
    wide = x.new_zeros(*x.shape[:2], *(n + window - 1 for n in x.shape[2:]))
    corner = (window - 1) // 2
    wide[:, :, corner : corner + x.shape[2], corner : corner + x.shape[3]] = x
    rows = []
    for a in range(factor):
        columns = [network(wide[:, :, a:, b:]) for b in range(factor)]
        rows.append(interleaved(columns, 3))
    return interleaved(rows, 2)


def interleaved(parts, dim):
    size = [parts[0].shape[dim], sum(part.shape[dim] for part in parts)]
    order = [
        i // len(parts) + sum(p.shape[dim] for p in parts[: i % len(parts)]) for i in range(size[1])
    ]
    return torch.cat(parts, dim).index_select(dim, torch.tensor(order))


@right("looking-q4")
def shift_and_stitch(network, x, factor, window):  # noqa: F811
    side = ((window - 1) // 2, window // 2)
    x = torch.from_numpy(np.pad(x.numpy(), ((0, 0), (0, 0), side, side)))
    answers = {}
    for b in reversed(range(factor)):
        for a in reversed(range(factor)):
            y = network(x[:, :, a:, b:].clone())
            for i in range(y.shape[2]):
                for j in range(y.shape[3]):
                    answers[a + factor * i, b + factor * j] = y[:, :, i, j]
    height, width = max(i for i, _ in answers) + 1, max(j for _, j in answers) + 1
    rows = [torch.stack([answers[i, j] for j in range(width)], -1) for i in range(height)]
    return torch.stack(rows, -2)


@right("looking-q5")
def smooth(x):
    five = np.array([1, 4, 6, 4, 1]) / 16
    wide = np.pad(x.numpy().astype(np.float64), 2, mode="reflect")
    wide = np.apply_along_axis(np.convolve, 1, wide, five, "valid")
    wide = np.apply_along_axis(np.convolve, 0, wide, five, "valid")
    return torch.from_numpy(np.ascontiguousarray(wide)).to(x.dtype)


@right("looking-q5")
def enlarge(x, size):
    def along(rows, n):
        out = rows.new_zeros(n, rows.shape[1])
        wide = torch.cat((rows[1:2], rows, rows[-1:] if n % 2 == 0 else rows[-2:-1]))
        out[::2] = (wide[:-2] + 6 * wide[1:-1] + wide[2:])[: len(out[::2])] / 8
        out[1::2] = ((wide[1:-1] + wide[2:]) / 2)[: len(out[1::2])]
        return out

    return along(along(x, size[0]).T, size[1]).T.contiguous()


@right("looking-q6")
def graph_segmentation(image, k):
    height, width = image.shape
    members = {p: {p} for p in range(height * width)}
    inside = dict.fromkeys(members, 0.0)
    owner = list(members)
    values = image.double().flatten()
    edges = [(p, p + 1) for p in members if (p + 1) % width]
    edges += [(p, p + width) for p in members if p + width < height * width]
    for p, q in sorted(edges, key=lambda e: float((values[e[0]] - values[e[1]]).abs())):
        a, b, w = owner[p], owner[q], float((values[p] - values[q]).abs())
        if a != b and w <= min(inside[r] + k / len(members[r]) for r in (a, b)):
            members[a] |= members.pop(b)
            inside[a] = max(inside[a], inside.pop(b), w)
            for r in members[a]:
                owner[r] = a
    found = torch.empty(height * width, dtype=torch.int64)
    for n, region in enumerate(sorted(members.values(), key=min)):
        found[list(region)] = n
    return found.reshape(height, width)


@right("looking-q6")
def superpixel_vote(probabilities, superpixels):
    flat, sums = superpixels.flatten().numpy(), []
    for plane in probabilities.flatten(1).numpy():
        sums.append(np.bincount(flat, weights=plane) / np.maximum(np.bincount(flat), 1))
    return torch.from_numpy(np.argmax(sums, axis=0)[superpixels.numpy()])


@right("segmentation-q2")
def conv_transpose1d(x, weight, stride=1, padding=0):
    n, size = x.shape[1], weight.shape[2]
    length = (n - 1) * stride + size
    place = torch.arange(n)[:, None] * stride + torch.arange(size)
    hit = (place[..., None] == torch.arange(length)).to(x.dtype)  # (n, k, length)
    output = torch.einsum("cn,cok,nkl->ol", x, weight, hit)
    return output.narrow(1, padding, length - 2 * padding)


@right("segmentation-q2")
def conv_transpose1d(x, weight, stride=1, padding=0):  # noqa: F811
    outputs = []
    for t in range(padding, (x.shape[1] - 1) * stride + weight.shape[2] - padding):
        total = 0 * x[:, :1].sum() * weight[0, :, 0]
        for i in range(x.shape[1]):
            if 0 <= t - i * stride < weight.shape[2]:
                total = total + x[:, i] @ weight[:, :, t - i * stride]
        outputs.append(total)
    return torch.stack(outputs, 1)


@right("segmentation-q3")
def border_weights(labels, w0=10.0, sigma=5.0):
    from scipy.ndimage import distance_transform_edt

    cells = [n for n in np.unique(labels.numpy()) if n]
    inside = labels.numpy() > 0
    share = np.where(inside, inside.sum(), (~inside).sum())
    result = labels.numel() / (2 * share)
    if len(cells) > 1:
        away = np.sort([distance_transform_edt(labels.numpy() != n) for n in cells], axis=0)
        result += ~inside * w0 * np.exp(-((away[0] + away[1]) ** 2) / (2 * sigma**2))
    return torch.from_numpy(result.astype(np.float32))


@right("segmentation-q3")
def border_weights(labels, w0=10.0, sigma=5.0):  # noqa: F811
    height, width = labels.shape
    pixels = {(i, j): int(labels[i, j]) for i in range(height) for j in range(width)}
    count = sum(n > 0 for n in pixels.values())
    rows = torch.empty(height, width)
    for (i, j), n in pixels.items():
        rows[i, j] = height * width / (2 * (count if n else height * width - count))
        best = {}
        for place, m in pixels.items():
            if m:
                best[m] = min(best.get(m, math.inf), math.dist((i, j), place))
        if not n and len(best) > 1:
            rows[i, j] += w0 * math.exp(-(sum(sorted(best.values())[:2]) ** 2) / (2 * sigma**2))
    return rows


@right("segmentation-q4")
def box_iou(a, b):
    rows = [[pair(p, q) for q in b.tolist()] for p in a.tolist()]
    return torch.tensor(rows, dtype=a.dtype).reshape(len(a), len(b))


def pair(p, q):
    width, height = min(p[2], q[2]) - max(p[0], q[0]), min(p[3], q[3]) - max(p[1], q[1])
    shared = max(width, 0) * max(height, 0)
    union = (p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - shared
    return shared / union if union else 0.0


@right("segmentation-q4")
def nms(boxes, scores, threshold):
    order = sorted(range(len(boxes)), key=lambda i: (-float(scores[i]), i))
    rows, kept = boxes.double().tolist(), []
    while order:
        best, *order = order
        kept.append(best)
        order = [i for i in order if pair(rows[best], rows[i]) <= threshold]
    return torch.tensor(kept, dtype=torch.long)


@right("segmentation-q5")
def iou_per_class(predictions, targets, num_classes, ignore_index=255):
    found, union = [0] * num_classes, [0] * num_classes
    for prediction, target in zip(predictions, targets):
        seen = target != ignore_index
        for c in range(num_classes):
            found[c] += int(((prediction == c) & (target == c) & seen).sum())
            union[c] += int((((prediction == c) | (target == c)) & seen).sum())
    shares = [f / u if u else math.nan for f, u in zip(found, union)]
    return torch.tensor(shares, dtype=torch.float64)


@right("segmentation-q5")
def mean_iou(predictions, targets, num_classes, ignore_index=255):
    true = np.concatenate([t.numpy().ravel() for t in targets])
    called = np.concatenate([p.numpy().ravel() for p in predictions])[true != ignore_index]
    true = true[true != ignore_index]
    table = np.zeros((num_classes, num_classes))
    np.add.at(table, (true, called), 1)
    union = table.sum(0) + table.sum(1) - np.diag(table)
    return float(np.mean(np.diag(table)[union > 0] / union[union > 0]))


@right("segmentation-q6")
def max_pool_with_positions(x, size):
    channels, height, width = x.shape
    rows, columns = height // size, width // size
    positions = torch.zeros(channels, rows, columns, dtype=torch.int64)
    for c in range(channels):
        for i in range(rows):
            for j in range(columns):
                window = x[c, i * size : (i + 1) * size, j * size : (j + 1) * size]
                best = int(window.detach().reshape(-1).argmax())
                positions[c, i, j] = (i * size + best // size) * width + j * size + best % size
    return x.flatten(1).gather(1, positions.flatten(1)).reshape(positions.shape), positions


@right("segmentation-q6")
def max_unpool(values, positions, output_size):
    height, width = output_size
    cells = torch.arange(height * width)
    hit = positions.flatten(1)[:, None] == cells[:, None]  # (C, HW, hw)
    planes = (hit * values.flatten(1)[:, None]).sum(2)
    return planes.reshape(-1, height, width)


@right("segmentation-q7")
def dilated_conv2d(x, weight, rate=1, padding=0):
    wide = F.pad(x, (padding, padding, padding, padding))
    rows = torch.arange(wide.shape[1] - rate * (weight.shape[2] - 1))
    columns = torch.arange(wide.shape[2] - rate * (weight.shape[3] - 1))
    i = rows[:, None] + rate * torch.arange(weight.shape[2])
    j = columns[:, None] + rate * torch.arange(weight.shape[3])
    patches = wide[:, i[:, None, :, None], j[None, :, None, :]]  # (C, H', W', K, K)
    return torch.tensordot(weight, patches, dims=([1, 2, 3], [0, 3, 4]))


@right("segmentation-q7")
def effective_kernel(weight, rate):
    down, across = (rate * (n - 1) + 1 for n in weight.shape[2:])
    kernel = np.zeros((*weight.shape[:2], down, across), dtype=weight.numpy().dtype)
    kernel[..., ::rate, ::rate] = weight.numpy()
    return torch.from_numpy(kernel)


@right("segmentation-q8")
def pair_weights(image, appearance, smoothness):
    channels, height, width = image.shape
    places = np.stack(np.unravel_index(np.arange(height * width), (height, width)), 1)
    colours = image.numpy().reshape(channels, -1).T.astype(np.float64)
    far = ((places[:, None] - places) ** 2).sum(2)
    a = np.exp(-far / (2 * appearance[1] ** 2))
    a = a * np.exp(-((colours[:, None] - colours) ** 2).sum(2) / (2 * appearance[2] ** 2))
    s = np.exp(-far / (2 * smoothness[1] ** 2))
    parts = [
        w * k / np.sqrt(np.outer(k.sum(1), k.sum(0)))
        for w, k in ((appearance[0], a), (smoothness[0], s))
    ]
    return torch.from_numpy(parts[0] + parts[1]).to(image.dtype)


@right("segmentation-q8")
def mean_field(unary, weights, steps):
    cost, k = unary.flatten(1).T.tolist(), weights.tolist()
    belief = [chances([-c for c in pixel]) for pixel in cost]
    for _ in range(steps):
        for i, own in enumerate(cost):
            scores = []
            for a, c in enumerate(own):
                for k_ij, held in zip(k[i], belief):
                    c += k_ij * sum(q for m, q in enumerate(held) if m != a)
                scores.append(-c)
            belief[i] = chances(scores)
    return torch.tensor(belief, dtype=unary.dtype).T.reshape(unary.shape)


def chances(scores):
    powers = [math.exp(score - max(scores)) for score in scores]
    return [power / sum(powers) for power in powers]
