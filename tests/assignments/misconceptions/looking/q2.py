"""Question 2: the loss of a class and a box."""

from functools import partial

import torch
import torch.nn.functional as F

from lookclosely import losses

from ..registry import wrong

wrong_q2 = partial(wrong, "looking", "q2", "multi_task_loss")


def smooth(distance, beta):
    distance = distance.abs()
    return torch.where(distance < beta, distance**2 / (2 * beta), distance - beta / 2)


def box_loss(boxes, classes, targets, beta=1.0, *, cost=smooth, objects=None):
    """The right box loss, to be spoilt by another cost or other rows."""
    kept = classes != 0 if objects is None else objects
    return cost(boxes[kept] - targets[kept], beta).sum() / len(boxes)


def right(scores, boxes, classes, targets, weight=1.0, beta=1.0, **spoilt):
    return F.cross_entropy(scores, classes) + weight * box_loss(
        boxes, classes, targets, beta, **spoilt
    )


@wrong_q2("test_smooth_l1_of_one_box")
def mean_of_the_coordinates(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    return right(scores, boxes, classes, targets, weight / 4, beta)


@wrong_q2("test_smooth_l1_of_one_box")
def plain_l1(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    return right(scores, boxes, classes, targets, weight, beta, cost=lambda d, _: d.abs())


@wrong_q2("test_smooth_l1_of_one_box")
def plain_l2(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    return right(scores, boxes, classes, targets, weight, beta, cost=lambda d, _: d**2)


@wrong_q2("test_smooth_l1_of_one_box")
def half_forgotten(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    def cost(d, beta):
        return torch.where(d.abs() < beta, d**2 / beta, d.abs() - beta / 2)

    return right(scores, boxes, classes, targets, weight, beta, cost=cost)


@wrong_q2("test_smooth_l1_of_one_box")
def the_line_does_not_meet_the_curve(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    def cost(d, beta):
        return torch.where(d.abs() < beta, d**2 / (2 * beta), d.abs())

    return right(scores, boxes, classes, targets, weight, beta, cost=cost)


@wrong_q2("test_smooth_l1_of_one_box")
def absolute_value_forgotten(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    def cost(d, beta):
        return torch.where(d < beta, d**2 / (2 * beta), d - beta / 2)

    return right(scores, boxes, classes, targets, weight, beta, cost=cost)


@wrong_q2("test_smooth_l1_of_one_box")
def the_distance_of_the_whole_box(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    return right(scores, boxes, classes, targets, weight, beta, cost=of_the_box)


def of_the_box(distance, beta):
    return smooth(distance.norm(dim=1), beta)


@wrong_q2("test_beta")
def huber(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    return right(scores, boxes, classes, targets, weight * beta, beta)


@wrong_q2("test_beta")
def beta_is_always_one(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    return right(scores, boxes, classes, targets, weight)


@wrong_q2("test_beta")
def beta_is_squared(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    return right(scores, boxes, classes, targets, weight, beta**2)


@wrong_q2("test_beta")
def the_line_starts_at_one(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    def cost(d, beta):
        return torch.where(d.abs() < 1, d**2 / (2 * beta), d.abs() - beta / 2)

    return right(scores, boxes, classes, targets, weight, beta, cost=cost)


@wrong_q2("test_weight")
def the_weight_is_on_the_class(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    return weight * F.cross_entropy(scores, classes) + box_loss(boxes, classes, targets, beta)


@wrong_q2("test_weight")
def the_weights_add_up_to_one(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    share = weight / (1 + weight)
    box = box_loss(boxes, classes, targets, beta)
    return 2 * (1 - share) * F.cross_entropy(scores, classes) + 2 * share * box


@wrong_q2("test_weight")
def the_weight_is_forgotten(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    return right(scores, boxes, classes, targets, 1.0, beta)


@wrong_q2("test_background_has_no_box")
def background_pays_for_its_box(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    return right(scores, boxes, classes, targets, weight, beta, objects=classes >= 0)


@wrong_q2("test_background_has_no_box")
def divided_by_the_objects(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    objects = (classes != 0).sum().clamp(min=1)
    return right(scores, boxes, classes, targets, weight * len(scores) / objects, beta)


@wrong_q2("test_background_has_no_box")
def mean_over_no_objects(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    objects = classes != 0
    box = smooth(boxes[objects] - targets[objects], beta).sum(1).mean()
    return F.cross_entropy(scores, classes) + weight * box


@wrong_q2("test_background_has_no_box")
def zero_times_nan(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    each = smooth(boxes - targets, beta).sum(1) * (classes != 0)
    return F.cross_entropy(scores, classes) + weight * each.mean()


@wrong_q2("test_background_has_no_box")
def background_has_no_class_either(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    kept = classes != 0
    class_loss = F.cross_entropy(scores[kept], classes[kept], reduction="sum") / len(scores)
    return class_loss + weight * box_loss(boxes, classes, targets, beta)


@wrong_q2("test_background_has_no_box")
def background_is_the_last_class(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    objects = classes != scores.shape[1] - 1
    return right(scores, boxes, classes, targets, weight, beta, objects=objects)


@wrong_q2("test_float64_and_gradients")
def where_hides_the_nan_from_the_loss_only(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    each = smooth(boxes - targets, beta).sum(1)
    each = torch.where(classes != 0, each, 0)
    return F.cross_entropy(scores, classes) + weight * each.mean()


@wrong_q2("test_float64_and_gradients")
def gradient_of_the_boxes_cut_off(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    return right(scores, boxes.detach(), classes, targets, weight, beta)


@wrong_q2("test_float64_and_gradients")
def a_new_tensor_without_gradient(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    loss = right(scores, boxes, classes, targets, weight, beta)
    return torch.tensor(loss.item(), dtype=scores.dtype)


@wrong_q2("test_float64_and_gradients")
def always_float32(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    return right(scores, boxes, classes, targets, weight, beta).float()


@wrong_q2("test_the_class_alone")
def softmax_twice(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    return right(scores.softmax(1), boxes, classes, targets, weight, beta)


@wrong_q2("test_the_class_alone")
def logarithm_forgotten(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    chosen = scores.softmax(1).gather(1, classes[:, None]).mean()
    return weight * box_loss(boxes, classes, targets, beta) - chosen


@wrong_q2("test_the_class_alone")
def logarithm_to_base_two(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    bits = F.cross_entropy(scores, classes) / torch.tensor(2.0).log()
    return bits + weight * box_loss(boxes, classes, targets, beta)


@wrong_q2("test_the_class_alone")
def class_loss_added_up(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    class_loss = F.cross_entropy(scores, classes, reduction="sum")
    return class_loss + weight * box_loss(boxes, classes, targets, beta)


@wrong_q2("test_the_class_alone")
def softmax_over_the_rows(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    class_loss = F.nll_loss(scores.log_softmax(0), classes)
    return class_loss + weight * box_loss(boxes, classes, targets, beta)


@wrong_q2("test_the_class_alone")
def one_loss_a_row(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    return right(scores, boxes, classes, targets, weight, beta).expand(len(scores))


@wrong_q2("test_the_class_alone")
def a_python_number(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    return right(scores, boxes, classes, targets, weight, beta).item()


@wrong_q2("test_beta")
def the_library_does_it(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    kept = classes != 0
    box = F.smooth_l1_loss(boxes[kept], targets[kept], beta=beta, reduction="sum") / len(scores)
    return F.cross_entropy(scores, classes) + weight * box


@wrong_q2("test_beta")
def the_library_does_it_as_huber(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    kept = classes != 0
    box = F.huber_loss(boxes[kept], targets[kept], delta=beta, reduction="sum") / beta
    return F.cross_entropy(scores, classes) + weight * box / len(scores)


@wrong_q2("test_the_class_alone")
def the_package_does_it(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    def cost(input, target, reduction):
        return losses.smooth_l1_loss(input, target, beta=beta, reduction=reduction)

    targets = torch.where(classes[:, None] == 0, 0, targets)
    loss = losses.multi_task_loss(
        scores, boxes, classes, targets, weight=weight, regression=cost, background=0
    )
    return loss.total


@wrong_q2("test_float64_and_gradients")
def nan_hidden_but_not_infinity(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    targets = torch.where(targets.isnan(), 0, targets)
    cost = smooth(boxes - targets, beta).sum(1)
    box = torch.where(classes != 0, cost, 0).sum() / len(scores)
    return F.cross_entropy(scores, classes) + weight * box


@wrong_q2("test_weight")
def the_boxes_changed(scores, boxes, classes, targets, weight=1.0, beta=1.0):
    loss = right(scores, boxes.clone(), classes, targets, weight, beta)
    boxes.mul_(2)
    return loss
