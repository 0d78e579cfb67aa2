"""Question 3: the weight map of the borders."""

import math
from functools import partial

import torch

from ..registry import wrong

wrong_q3 = partial(wrong, "segmentation", "q3", "border_weights")


def balance(labels):
    inside = labels > 0
    share = torch.where(inside, inside.sum(), (~inside).sum())
    return labels.numel() / (2 * share)


def distances(labels, cells=None, p=2.0):
    """(cells, H, W): distance of each pixel to each cell."""
    if cells is None:
        cells = labels[labels > 0].unique().tolist()
    pixels = torch.ones_like(labels).nonzero().double()
    each = [torch.cdist(pixels, (labels == c).nonzero().double(), p=p).amin(1) for c in cells]
    return torch.stack(each).reshape(-1, *labels.shape) if each else torch.zeros(0, *labels.shape)


def term(distance, w0, sigma):
    return w0 * torch.exp(-(distance**2) / (2 * sigma**2))


def weights(labels, border: torch.Tensor | float = 0.0, base=None):
    """The class weight everywhere, and the border term at background pixels."""
    base = balance(labels) if base is None else base
    return (base + torch.where(labels > 0, 0.0, border)).float()


def right(labels, w0=10.0, sigma=5.0, *, base=None, measure=distances):
    near = measure(labels).sort(dim=0).values
    if len(near) < 2:
        return weights(labels, base=base)
    return weights(labels, term(near[0] + near[1], w0, sigma), base)


@wrong_q3("test_between_two_cells")
def no_two_under_the_fraction(labels, w0=10.0, sigma=5.0):
    return right(labels, w0, sigma / math.sqrt(2))


@wrong_q3("test_between_two_cells")
def sigma_not_squared(labels, w0=10.0, sigma=5.0):
    return right(labels, w0, math.sqrt(sigma))


@wrong_q3("test_between_two_cells")
def sum_of_squares(labels, w0=10.0, sigma=5.0):
    near = distances(labels).sort(dim=0).values
    if len(near) < 2:
        return weights(labels)
    return weights(labels, term(torch.hypot(near[0], near[1]), w0, sigma))


@wrong_q3("test_between_two_cells")
def nearest_cell_only(labels, w0=10.0, sigma=5.0):
    near = distances(labels).sort(dim=0).values
    return weights(labels, term(near[0], w0, sigma)) if len(near) > 1 else weights(labels)


@wrong_q3("test_less_than_two_cells")
def one_cell_makes_a_border_too(labels, w0=10.0, sigma=5.0):
    near = distances(labels).sort(dim=0).values
    return weights(labels, term(near[:2].sum(0), w0, sigma)) if len(near) else weights(labels)


@wrong_q3("test_less_than_two_cells")
def the_second_cell_is_taken_for_granted(labels, w0=10.0, sigma=5.0):
    near = distances(labels).sort(dim=0).values
    return weights(labels, term(near[0] + near[1], w0, sigma))


@wrong_q3("test_classes_are_balanced")
def no_class_balance(labels, w0=10.0, sigma=5.0):
    return right(labels, w0, sigma, base=torch.ones(labels.shape))


@wrong_q3("test_classes_are_balanced")
def class_balance_upside_down(labels, w0=10.0, sigma=5.0):
    return right(labels, w0, sigma, base=1 / balance(labels))


@wrong_q3("test_classes_are_balanced")
def balance_without_the_half(labels, w0=10.0, sigma=5.0):
    return right(labels, w0, sigma, base=2 * balance(labels))


@wrong_q3("test_classes_are_balanced")
def each_cell_is_a_class(labels, w0=10.0, sigma=5.0):
    sizes = {n: (labels == n).sum() for n in labels.unique().tolist()}
    base = sum((labels == n) * labels.numel() / (len(sizes) * size) for n, size in sizes.items())
    return right(labels, w0, sigma, base=base)


@wrong_q3("test_between_two_cells")
def border_term_inside_the_cells_too(labels, w0=10.0, sigma=5.0):
    near = distances(labels).sort(dim=0).values
    if len(near) < 2:
        return weights(labels)
    return (balance(labels) + term(near[0] + near[1], w0, sigma)).float()


@wrong_q3("test_between_two_cells")
def root_of_the_distance_forgotten(labels, w0=10.0, sigma=5.0):
    return right(labels, w0, sigma, measure=lambda x: distances(x) ** 2)


@wrong_q3("test_between_two_cells")
def city_blocks(labels, w0=10.0, sigma=5.0):
    return right(labels, w0, sigma, measure=partial(distances, p=1.0))


@wrong_q3("test_large_cells_with_any_numbers")
def distance_to_the_centre(labels, w0=10.0, sigma=5.0):
    def measure(labels):
        rows, columns = torch.ones_like(labels).nonzero().double().T.reshape(2, *labels.shape)
        centres = [(labels == c).nonzero().double().mean(0) for c in labels[labels > 0].unique()]
        each = [torch.hypot(rows - r, columns - c) for r, c in centres]
        return torch.stack(each) if each else torch.zeros(0, *labels.shape)

    return right(labels, w0, sigma, measure=measure)


@wrong_q3("test_large_cells_with_any_numbers")
def cells_are_numbered_without_gaps(labels, w0=10.0, sigma=5.0):
    cells = [n for n in range(1, len(labels.unique())) if (labels == n).any()]
    return right(labels, w0, sigma, measure=partial(distances, cells=cells))


@wrong_q3("test_only_the_two_nearest_of_many_cells")
def all_cells_count(labels, w0=10.0, sigma=5.0):
    all_of_them = distances(labels)
    if len(all_of_them) < 2:
        return weights(labels)
    return weights(labels, term(all_of_them.sum(0), w0, sigma))


@wrong_q3("test_only_the_two_nearest_of_many_cells")
def the_two_farthest(labels, w0=10.0, sigma=5.0):
    return right(labels, w0, sigma, measure=lambda x: -distances(x))


@wrong_q3("test_only_the_two_nearest_of_many_cells")
def the_first_two_cells(labels, w0=10.0, sigma=5.0):
    return right(labels, w0, sigma, measure=lambda x: distances(x)[:2])


@wrong_q3("test_large_cells_with_any_numbers")
def the_two_nearest_pixels(labels, w0=10.0, sigma=5.0):
    near = torch.cdist(torch.ones_like(labels).nonzero().double(), labels.nonzero().double())
    if len(labels[labels > 0].unique()) < 2:
        return weights(labels)
    total = near.sort(dim=1).values[:, :2].sum(1).reshape(labels.shape)
    return weights(labels, term(total, w0, sigma))


@wrong_q3("test_large_cells_with_any_numbers")
def rows_and_columns_swapped(labels, w0=10.0, sigma=5.0):
    return right(labels.T, w0, sigma)


@wrong_q3("test_w0_and_sigma")
def constants_of_the_paper(labels, w0=10.0, sigma=5.0):
    return right(labels)


@wrong_q3("test_classes_are_balanced")
def float64_result(labels, w0=10.0, sigma=5.0):
    return right(labels, w0, sigma).double()


def parts_of(inside):
    """Connected parts (4 neighbours) of a mask, numbered from 1."""
    parts = torch.zeros_like(inside, dtype=torch.int64)
    for n, (r, c) in enumerate(inside.nonzero().tolist(), 1):
        stack = [(r, c)] if not parts[r, c] else []
        while stack:
            i, j = stack.pop()
            there = 0 <= i < inside.shape[0] and 0 <= j < inside.shape[1]
            if there and inside[i, j] and not parts[i, j]:
                parts[i, j] = n
                stack += [(i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)]
    return parts


@wrong_q3("test_large_cells_with_any_numbers")
def touching_cells_merge(labels, w0=10.0, sigma=5.0):
    return right(labels, w0, sigma, measure=lambda x: distances(parts_of(x > 0)))


@wrong_q3("test_less_than_two_cells")
def parts_of_a_cell_are_cells(labels, w0=10.0, sigma=5.0):
    parts, numbers = torch.zeros_like(labels), 0
    for cell in labels[labels > 0].unique():
        found = parts_of(labels == cell)
        parts = torch.where(found > 0, found + numbers, parts)
        numbers += int(found.max())
    return right(labels, w0, sigma, measure=lambda _: distances(parts))


@wrong_q3("test_large_cells_with_any_numbers")
def touching_cells_pay_at_their_border(labels, w0=10.0, sigma=5.0):
    result = right(labels, w0, sigma)
    right_of = torch.zeros_like(labels, dtype=torch.bool)
    pair = (labels[:-1] > 0) & (labels[1:] > 0) & (labels[:-1] != labels[1:])
    right_of[:-1] |= pair
    right_of[1:] |= pair
    return result + w0 * right_of


@wrong_q3("test_classes_are_balanced")
def labels_overwritten(labels, w0=10.0, sigma=5.0):
    result = right(labels, w0, sigma)
    labels[labels > 0] = 1
    return result


@wrong_q3("test_large_cells_with_any_numbers")
def distance_to_the_bounding_box(labels, w0=10.0, sigma=5.0):
    boxes = torch.zeros(0, *labels.shape, dtype=torch.int64)
    for cell in labels[labels > 0].unique():
        rows, columns = (labels == cell).nonzero().T
        box = torch.zeros_like(labels)
        box[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = 1
        boxes = torch.cat((boxes, box[None]))
    each = [distances(box)[0] for box in boxes]
    found = torch.stack(each) if each else torch.zeros(0, *labels.shape)
    return right(labels, w0, sigma, measure=lambda _: found)
