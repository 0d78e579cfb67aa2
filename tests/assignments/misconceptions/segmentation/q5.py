"""Question 5: intersection over union of each class of a data set, and its mean."""

import math
from functools import partial

import torch

from lookclosely import metrics

from ..registry import wrong

wrong_iou = partial(wrong, "segmentation", "q5", "iou_per_class")
wrong_mean = partial(wrong, "segmentation", "q5", "mean_iou")


def table(prediction, target, num_classes):
    """Confusion matrix: a row for each true class."""
    pairs = (target * num_classes + prediction).flatten()
    return pairs.bincount(minlength=num_classes**2).reshape(num_classes, num_classes).double()


def pooled(predictions, targets, num_classes, ignore_index):
    """The right table of a data set."""
    pairs = zip(predictions, targets)
    kept = [(p[t != ignore_index], t[t != ignore_index]) for p, t in pairs]
    return sum(
        (table(p, t, num_classes) for p, t in kept), torch.zeros(num_classes, num_classes).double()
    )


def ratio(matrix):
    return matrix.diagonal() / (matrix.sum(0) + matrix.sum(1) - matrix.diagonal())


@wrong_iou("test_counts_are_added_over_the_images")
def mean_of_the_images_ious(predictions, targets, num_classes, ignore_index=255):
    images = zip(predictions, targets)
    return torch.stack(
        [ratio(pooled([p], [t], num_classes, ignore_index)) for p, t in images]
    ).nanmean(0)


@wrong_iou("test_counts_are_added_over_the_images")
def only_the_last_image(predictions, targets, num_classes, ignore_index=255):
    return ratio(pooled(predictions[-1:], targets[-1:], num_classes, ignore_index))


@wrong_iou("test_counts_are_added_over_the_images")
def images_are_stacked(predictions, targets, num_classes, ignore_index=255):
    called, true = torch.stack(predictions), torch.stack(targets)
    return ratio(pooled([called], [true], num_classes, ignore_index))


@wrong_iou("test_one_image")
def recall(predictions, targets, num_classes, ignore_index=255):
    matrix = pooled(predictions, targets, num_classes, ignore_index)
    return matrix.diagonal() / matrix.sum(1)


@wrong_iou("test_one_image")
def precision(predictions, targets, num_classes, ignore_index=255):
    matrix = pooled(predictions, targets, num_classes, ignore_index)
    return matrix.diagonal() / matrix.sum(0)


@wrong_iou("test_one_image")
def dice(predictions, targets, num_classes, ignore_index=255):
    matrix = pooled(predictions, targets, num_classes, ignore_index)
    return 2 * matrix.diagonal() / (matrix.sum(0) + matrix.sum(1))


@wrong_iou("test_one_image")
def intersection_counted_twice_in_the_union(predictions, targets, num_classes, ignore_index=255):
    matrix = pooled(predictions, targets, num_classes, ignore_index)
    return matrix.diagonal() / (matrix.sum(0) + matrix.sum(1))


@wrong_iou("test_one_image")
def true_negatives_counted(predictions, targets, num_classes, ignore_index=255):
    matrix = pooled(predictions, targets, num_classes, ignore_index)
    missed = matrix.sum(0) + matrix.sum(1) - 2 * matrix.diagonal()
    return 1 - missed / matrix.sum()


@wrong_iou("test_one_image")
def background_left_out(predictions, targets, num_classes, ignore_index=255):
    return ratio(pooled(predictions, targets, num_classes, ignore_index))[1:]


@wrong_iou("test_one_image")
def float32_result(predictions, targets, num_classes, ignore_index=255):
    return ratio(pooled(predictions, targets, num_classes, ignore_index)).float()


@wrong_iou("test_one_image")
def a_list_instead_of_a_tensor(predictions, targets, num_classes, ignore_index=255):
    return ratio(pooled(predictions, targets, num_classes, ignore_index)).tolist()


@wrong_iou("test_ignored_pixels")
def ignored_pixels_are_false_positives(predictions, targets, num_classes, ignore_index=255):
    found, union = torch.zeros(2, num_classes, dtype=torch.float64)
    for prediction, target in zip(predictions, targets):
        for c in range(num_classes):
            found[c] += ((prediction == c) & (target == c)).sum()
            union[c] += ((prediction == c) | (target == c)).sum()
    return found / union


@wrong_iou("test_ignored_pixels")
def ignored_pixels_are_background(predictions, targets, num_classes, ignore_index=255):
    filled = [target.masked_fill(target == ignore_index, 0) for target in targets]
    return ratio(pooled(predictions, filled, num_classes, ignore_index))


@wrong_iou("test_ignored_pixels")
def ignored_pixels_are_right(predictions, targets, num_classes, ignore_index=255):
    filled = [torch.where(t == ignore_index, p, t) for p, t in zip(predictions, targets)]
    return ratio(pooled(predictions, filled, num_classes, ignore_index))


@wrong_iou("test_ignored_pixels")
def ignored_pixels_set_to_background_in_both(predictions, targets, num_classes, ignore_index=255):
    masks = [target == ignore_index for target in targets]
    called, true = (
        [x.masked_fill(mask, 0) for x, mask in zip(maps, masks)] for maps in (predictions, targets)
    )
    return ratio(pooled(called, true, num_classes, ignore_index))


@wrong_iou("test_ignored_pixels")
def ignored_where_it_is_predicted(predictions, targets, num_classes, ignore_index=255):
    filled = [target.masked_fill(target == ignore_index, 0) for target in targets]
    return ratio(pooled(filled, predictions, num_classes, ignore_index))


@wrong_iou("test_ignored_pixels")
def always_255(predictions, targets, num_classes, ignore_index=255):
    return ratio(pooled(predictions, targets, num_classes, 255))


@wrong_iou("test_ignored_pixels")
def only_labels_above_the_classes_ignored(predictions, targets, num_classes, ignore_index=255):
    filled = [t.masked_fill(t >= num_classes, 255).clamp(min=0) for t in targets]
    return ratio(pooled(predictions, filled, num_classes, 255))


@wrong_iou("test_ignored_pixels")
def targets_overwritten(predictions, targets, num_classes, ignore_index=255):
    scores = ratio(pooled(predictions, targets, num_classes, ignore_index))
    for target in targets:
        target[target == ignore_index] = 0
    return scores


@wrong_iou("test_a_class_that_is_nowhere")
def nowhere_is_zero(predictions, targets, num_classes, ignore_index=255):
    return ratio(pooled(predictions, targets, num_classes, ignore_index)).nan_to_num(0)


@wrong_iou("test_a_class_that_is_nowhere")
def nowhere_is_one(predictions, targets, num_classes, ignore_index=255):
    return ratio(pooled(predictions, targets, num_classes, ignore_index)).nan_to_num(1)


@wrong_iou("test_a_class_that_is_nowhere")
def nowhere_is_left_out(predictions, targets, num_classes, ignore_index=255):
    scores = ratio(pooled(predictions, targets, num_classes, ignore_index))
    return scores[~scores.isnan()]


@wrong_iou("test_predicted_but_never_true")
def only_true_classes_count(predictions, targets, num_classes, ignore_index=255):
    matrix = pooled(predictions, targets, num_classes, ignore_index)
    return ratio(matrix).masked_fill(matrix.sum(1) == 0, math.nan)


@wrong_iou("test_predicted_but_never_true")
def number_of_classes_from_the_targets(predictions, targets, num_classes, ignore_index=255):
    scores = ratio(pooled(predictions, targets, num_classes, ignore_index))
    seen = max(int(t[t != ignore_index].max()) for t in targets) + 1
    return torch.cat((scores[:seen], scores.new_full((num_classes - seen,), math.nan)))


@wrong_mean("test_the_mean")
def nan_counts_as_zero(predictions, targets, num_classes, ignore_index=255):
    scores = ratio(pooled(predictions, targets, num_classes, ignore_index))
    return scores.nan_to_num(0).mean().item()


@wrong_mean("test_the_mean")
def plain_mean_with_nan(predictions, targets, num_classes, ignore_index=255):
    return ratio(pooled(predictions, targets, num_classes, ignore_index)).mean().item()


@wrong_mean("test_the_mean")
def mean_over_the_true_classes(predictions, targets, num_classes, ignore_index=255):
    matrix = pooled(predictions, targets, num_classes, ignore_index)
    return ratio(matrix)[matrix.sum(1) > 0].mean().item()


@wrong_mean("test_the_mean")
def mean_without_zeros(predictions, targets, num_classes, ignore_index=255):
    scores = ratio(pooled(predictions, targets, num_classes, ignore_index))
    return scores[scores > 0].mean().item()


@wrong_mean("test_the_mean")
def mean_without_the_background(predictions, targets, num_classes, ignore_index=255):
    return ratio(pooled(predictions, targets, num_classes, ignore_index))[1:].nanmean().item()


@wrong_mean("test_the_mean")
def mean_weighted_by_frequency(predictions, targets, num_classes, ignore_index=255):
    matrix = pooled(predictions, targets, num_classes, ignore_index)
    share = matrix.sum(1) / matrix.sum()
    return (share * ratio(matrix).nan_to_num(0)).sum().item()


@wrong_mean("test_the_mean")
def ignore_index_not_passed_on(predictions, targets, num_classes, ignore_index=255):
    return ratio(pooled(predictions, targets, num_classes, 255)).nanmean().item()


@wrong_mean("test_the_mean")
def a_tensor_instead_of_a_number(predictions, targets, num_classes, ignore_index=255):
    return ratio(pooled(predictions, targets, num_classes, ignore_index)).nanmean()


@wrong_iou("test_one_image")
def the_package_does_it(predictions, targets, num_classes, ignore_index=255):
    pairs = zip(predictions, targets)
    tables = [metrics.confusion_matrix(p, t, num_classes, ignore_index) for p, t in pairs]
    return metrics.iou(torch.stack(tables).sum(0)).double()


def image_by_image(predictions, targets, num_classes, ignore_index):
    for p, t in zip(predictions, targets):
        yield ratio(pooled([p], [t], num_classes, ignore_index))


@wrong_mean("test_the_mean")
def mean_of_the_images_mean_ious(predictions, targets, num_classes, ignore_index=255):
    each = image_by_image(predictions, targets, num_classes, ignore_index)
    return torch.stack([scores.nanmean() for scores in each]).mean().item()


@wrong_mean("test_the_mean")
def mean_over_images_and_classes(predictions, targets, num_classes, ignore_index=255):
    each = image_by_image(predictions, targets, num_classes, ignore_index)
    return torch.stack(list(each)).nanmean().item()


@wrong_mean("test_the_mean")
def mean_of_the_first_image(predictions, targets, num_classes, ignore_index=255):
    return ratio(pooled(predictions[:1], targets[:1], num_classes, ignore_index)).nanmean().item()


@wrong_iou("test_counts_are_added_over_the_images")
def only_the_first_image(predictions, targets, num_classes, ignore_index=255):
    return ratio(pooled(predictions[:1], targets[:1], num_classes, ignore_index))


@wrong_iou("test_ignored_pixels")
def predictions_overwritten(predictions, targets, num_classes, ignore_index=255):
    scores = ratio(pooled(predictions, targets, num_classes, ignore_index))
    for prediction, target in zip(predictions, targets):
        prediction[target == ignore_index] = 0
    return scores


@wrong_iou("test_ignored_pixels")
def labels_as_bytes(predictions, targets, num_classes, ignore_index=255):
    called, true = ([x.to(torch.uint8).long() for x in maps] for maps in (predictions, targets))
    return ratio(pooled(called, true, num_classes, ignore_index % 256))


@wrong_iou("test_one_image")
def a_millionth_below_the_line(predictions, targets, num_classes, ignore_index=255):
    matrix = pooled(predictions, targets, num_classes, ignore_index)
    total = matrix.sum(0) + matrix.sum(1) - matrix.diagonal()
    return torch.where(total > 0, matrix.diagonal() / (total + 1e-2), math.nan)
