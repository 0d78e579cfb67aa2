"""Question 4: intersection over union, and who survives."""

from functools import partial

import torch

from lookclosely import ops

from ..registry import wrong

wrong_iou = partial(wrong, "segmentation", "q4", "box_iou")
wrong_nms = partial(wrong, "segmentation", "q4", "nms")


def parts(a, b, *, extra=0.0, shrink=lambda sides: sides.clamp(min=0)):
    """Intersection (N, M) and areas (N, 1), (M,)."""
    top_left = torch.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    intersection = shrink(bottom_right - top_left + extra).prod(-1)
    area_a, area_b = ((box[:, 2:] - box[:, :2] + extra).prod(-1) for box in (a, b))
    return intersection, area_a[:, None], area_b


def ratio(intersection, union):
    return torch.where(union != 0, intersection / union, 0)


def iou(a, b):
    intersection, area_a, area_b = parts(a, b)
    return ratio(intersection, area_a + area_b - intersection)


def falling(scores):
    return scores.argsort(descending=True, stable=True).tolist()


def greedy(boxes, threshold, order):
    kept = []
    for i in order:
        if not (iou(boxes[i : i + 1], boxes[kept]) > threshold).any():
            kept.append(i)
    return torch.tensor(kept, dtype=torch.int64)


@wrong_iou("test_iou_of_every_pair")
def no_clamp_at_zero(a, b):
    intersection, area_a, area_b = parts(a, b, shrink=lambda sides: sides)
    return ratio(intersection, area_a + area_b - intersection)


@wrong_iou("test_iou_of_every_pair")
def clamp_after_the_product(a, b):
    intersection, area_a, area_b = parts(a, b, shrink=lambda sides: sides)
    return ratio(intersection.clamp(min=0), area_a + area_b - intersection.clamp(min=0))


@wrong_iou("test_iou_of_every_pair")
def absolute_value_instead_of_clamp(a, b):
    intersection, area_a, area_b = parts(a, b, shrink=torch.abs)
    return ratio(intersection, area_a + area_b - intersection)


@wrong_iou("test_iou_of_every_pair")
def pixels_counted_with_plus_one(a, b):
    intersection, area_a, area_b = parts(a, b, extra=1.0)
    return ratio(intersection, area_a + area_b - intersection)


@wrong_iou("test_iou_of_every_pair")
def intersection_counted_twice_in_the_union(a, b):
    intersection, area_a, area_b = parts(a, b)
    return ratio(intersection, area_a + area_b)


@wrong_iou("test_iou_of_every_pair")
def over_the_smaller_box(a, b):
    intersection, area_a, area_b = parts(a, b)
    return ratio(intersection, torch.minimum(area_a, area_b))


@wrong_iou("test_iou_of_every_pair")
def boxes_are_width_and_height(a, b):
    a, b = (torch.cat((box[:, :2], box[:, :2] + box[:, 2:]), dim=1) for box in (a, b))
    return iou(a, b)


@wrong_iou("test_iou_of_every_pair")
def pairs_instead_of_every_pair(a, b):
    size = min(len(a), len(b))
    return iou(a[:size], b[:size]).diagonal()


@wrong_iou("test_nothing_one_and_no_area")
def zero_over_zero(a, b):
    intersection, area_a, area_b = parts(a, b)
    return intersection / (area_a + area_b - intersection)


@wrong_nms("test_the_threshold_itself_is_no_reason")
def greater_or_equal(boxes, scores, threshold):
    return greedy(boxes, threshold - 1e-7, falling(scores))


@wrong_nms("test_order_and_equal_scores")
def lowest_score_first(boxes, scores, threshold):
    return greedy(boxes, threshold, scores.argsort(stable=True).tolist())


@wrong_nms("test_order_and_equal_scores")
def equal_scores_last_first(boxes, scores, threshold):
    return greedy(boxes, threshold, scores.argsort(stable=True).flip(0).tolist())


@wrong_nms("test_order_and_equal_scores")
def scores_ignored(boxes, scores, threshold):
    return greedy(boxes, threshold, range(len(boxes)))


@wrong_nms("test_order_and_equal_scores")
def result_in_input_order(boxes, scores, threshold):
    return greedy(boxes, threshold, falling(scores)).sort().values


@wrong_nms("test_many_boxes")
def positions_in_the_sorted_list(boxes, scores, threshold):
    order = falling(scores)
    return greedy(boxes[order], threshold, range(len(boxes)))


@wrong_nms("test_many_boxes")
def a_mask_instead_of_indices(boxes, scores, threshold):
    mask = torch.zeros(len(boxes), dtype=torch.bool)
    mask[greedy(boxes, threshold, falling(scores))] = True
    return mask


@wrong_nms("test_many_boxes")
def boxes_instead_of_indices(boxes, scores, threshold):
    return boxes[greedy(boxes, threshold, falling(scores))]


@wrong_nms("test_the_suppressed_suppress_nobody")
def the_suppressed_suppress_too(boxes, scores, threshold):
    order = torch.tensor(falling(scores), dtype=torch.int64)
    overlaps = iou(boxes[order], boxes[order]) > threshold
    return order[~overlaps.triu(diagonal=1).any(dim=0)]


@wrong_nms("test_many_boxes")
def only_the_best_box_suppresses(boxes, scores, threshold):
    order = torch.tensor(falling(scores), dtype=torch.int64)
    overlaps = iou(boxes[order[:1]], boxes[order[1:]]).flatten() > threshold
    return torch.cat((order[:1], order[1:][~overlaps]))


@wrong_nms("test_many_boxes")
def only_the_last_kept_box_suppresses(boxes, scores, threshold):
    kept = []
    for i in falling(scores):
        if not (iou(boxes[i : i + 1], boxes[kept[-1:]]) > threshold).any():
            kept.append(i)
    return torch.tensor(kept, dtype=torch.int64)


@wrong_nms("test_the_suppressed_suppress_nobody")
def scores_overwritten(boxes, scores, threshold):
    kept = []
    while len(scores) and scores.max() > -torch.inf:
        best = int(scores.argmax())
        kept.append(best)
        scores[iou(boxes[best : best + 1], boxes)[0] > threshold] = -torch.inf
        scores[best] = -torch.inf
    return torch.tensor(kept, dtype=torch.int64)


@wrong_nms("test_nothing_one_and_no_area")
def nothing_is_float(boxes, scores, threshold):
    return torch.tensor(greedy(boxes, threshold, falling(scores)).tolist())


@wrong_nms("test_nothing_one_and_no_area")
def nothing_is_not_expected(boxes, scores, threshold):
    assert scores.max() >= -torch.inf
    return greedy(boxes, threshold, falling(scores))


@wrong_nms("test_many_boxes")
def a_list_instead_of_a_tensor(boxes, scores, threshold):
    return greedy(boxes, threshold, falling(scores)).tolist()


@wrong_nms("test_many_boxes")
def the_library_does_it(boxes, scores, threshold):
    import torchvision

    return torchvision.ops.nms(boxes, scores, threshold)


@wrong_iou("test_iou_of_every_pair")
def the_package_measures(a, b):
    return ops.box_iou(a, b).nan_to_num()


@wrong_nms("test_many_boxes")
def the_package_suppresses(boxes, scores, threshold):
    return ops.nms(boxes, scores, threshold)


@wrong_iou("test_iou_of_every_pair")
def a_millionth_below_the_line(a, b):
    intersection, area_a, area_b = parts(a, b)
    return intersection / (area_a + area_b - intersection + 1e-6)


@wrong_iou("test_iou_of_every_pair")
def the_union_is_at_least_a_little(a, b):
    intersection, area_a, area_b = parts(a, b)
    return intersection / (area_a + area_b - intersection).clamp(min=1e-6)


@wrong_iou("test_iou_of_every_pair")
def coordinates_below_zero_cut_off(a, b):
    return iou(a.clamp(min=0), b.clamp(min=0))


@wrong_iou("test_iou_of_every_pair")
def iou_always_float32(a, b):
    return iou(a, b).float()


@wrong_iou("test_iou_of_every_pair")
def boxes_shifted_in_place(a, b):
    found = iou(a, b)
    a -= a.min() if len(a) else 0
    return found


@wrong_nms("test_order_and_equal_scores")
def scores_below_zero_are_dropped(boxes, scores, threshold):
    return greedy(boxes, threshold, [i for i in falling(scores) if scores[i] > -3])


@wrong_nms("test_the_suppressed_suppress_nobody")
def boxes_sorted_in_place(boxes, scores, threshold):
    kept = greedy(boxes, threshold, falling(scores))
    boxes.copy_(boxes[scores.argsort()])
    return kept
