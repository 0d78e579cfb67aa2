"""Question 3: the share of joints that are right."""

from functools import partial

import torch

from lookclosely import metrics

from ..registry import wrong

wrong_q3 = partial(wrong, "looking", "q3", "pck")


def length(joints, torso):
    i, j = torso
    return (joints[:, i] - joints[:, j]).norm(dim=-1)[:, None]  # (N, 1)


def error(pred, target):
    return (pred - target).norm(dim=-1)  # (N, K)


def share(near, visible, pred):
    return (near & visible).sum(0).to(pred.dtype) / visible.sum(0)


@wrong_q3("test_exactly_the_threshold_is_right")
def less_instead_of_at_most(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) < threshold * length(target, torso)
    return share(near, visible, pred)


@wrong_q3("test_one_share_for_each_joint")
def one_share_for_all_joints(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    return (near & visible).sum().to(pred.dtype) / visible.sum()


@wrong_q3("test_one_share_for_each_joint")
def one_share_for_each_figure(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    return (near & visible).sum(1).to(pred.dtype) / visible.sum(1)


@wrong_q3("test_one_share_for_each_joint")
def counts_instead_of_shares(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    return (near & visible).sum(0).to(pred.dtype)


@wrong_q3("test_one_share_for_each_joint")
def a_percentage(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    return 100 * share(near, visible, pred)


@wrong_q3("test_one_share_for_each_joint")
def the_wrong_joints(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    return share(~near, visible, pred)


@wrong_q3("test_one_share_for_each_joint")
def always_float32(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    return share(near, visible, pred).float()


@wrong_q3("test_one_share_for_each_joint")
def a_list_of_shares(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    return share(near, visible, pred).tolist()


@wrong_q3("test_each_figure_has_its_own_torso")
def torso_of_the_prediction(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(pred, torso)
    return share(near, visible, pred)


@wrong_q3("test_each_figure_has_its_own_torso")
def the_mean_torso(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso).mean()
    return share(near, visible, pred)


@wrong_q3("test_each_figure_has_its_own_torso")
def the_first_torso(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)[0]
    return share(near, visible, pred)


@wrong_q3("test_distance_and_threshold")
def the_height_of_the_torso(pred, target, visible, torso, threshold=0.2):
    i, j = torso
    near = error(pred, target) <= threshold * (target[:, i] - target[:, j])[:, 1:].abs()
    return share(near, visible, pred)


@wrong_q3("test_each_figure_has_its_own_torso")
def figures_with_a_hidden_torso_are_left_out(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    return share(near, visible & visible[:, list(torso)].all(1, keepdim=True), pred)


@wrong_q3("test_each_figure_has_its_own_torso")
def the_largest_extent_of_the_figure(pred, target, visible, torso, threshold=0.2):
    extent = (target.amax(1) - target.amin(1)).amax(1, keepdim=True)
    return share(error(pred, target) <= threshold * extent, visible, pred)


@wrong_q3("test_the_invisible_do_not_count")
def the_invisible_are_wrong(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    return (near & visible).to(pred.dtype).mean(0)


@wrong_q3("test_the_invisible_do_not_count")
def the_invisible_are_right(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    return (near | ~visible).to(pred.dtype).mean(0)


@wrong_q3("test_the_invisible_do_not_count")
def visibility_ignored(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    return near.to(pred.dtype).mean(0)


@wrong_q3("test_the_invisible_do_not_count")
def the_invisible_count_above_only(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    return near.sum(0).to(pred.dtype) / visible.sum(0)


@wrong_q3("test_the_invisible_do_not_count")
def figures_must_be_fully_visible(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    return share(near, visible & visible.all(1, keepdim=True), pred)


@wrong_q3("test_a_joint_that_is_never_visible")
def never_visible_is_zero(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    return share(near, visible, pred).nan_to_num()


@wrong_q3("test_a_joint_that_is_never_visible")
def never_visible_is_one(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    return share(near, visible, pred).nan_to_num(nan=1.0)


@wrong_q3("test_a_joint_that_is_never_visible")
def never_visible_is_left_out(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    return share(near, visible, pred)[visible.any(0)]


@wrong_q3("test_distance_and_threshold")
def city_blocks(pred, target, visible, torso, threshold=0.2):
    near = (pred - target).abs().sum(-1) <= threshold * length(target, torso)
    return share(near, visible, pred)


@wrong_q3("test_distance_and_threshold")
def each_coordinate_by_itself(pred, target, visible, torso, threshold=0.2):
    near = (pred - target).abs().amax(-1) <= threshold * length(target, torso)
    return share(near, visible, pred)


@wrong_q3("test_distance_and_threshold")
def root_forgotten(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) ** 2 <= threshold * length(target, torso) ** 2
    return share(near, visible, pred)


@wrong_q3("test_distance_and_threshold")
def the_usual_threshold(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= 0.2 * length(target, torso)
    return share(near, visible, pred)


@wrong_q3("test_distance_and_threshold")
def the_threshold_is_in_pixels(pred, target, visible, torso, threshold=0.2):
    return share(error(pred, target) <= threshold, visible, pred)


@wrong_q3("test_distance_and_threshold")
def the_threshold_divides(pred, target, visible, torso, threshold=0.2):
    near = threshold * error(pred, target) <= length(target, torso)
    return share(near, visible, pred)


@wrong_q3("test_distance_and_threshold")
def mean_error_of_the_joint(pred, target, visible, torso, threshold=0.2):
    relative = error(pred, target) / length(target, torso)
    mean = torch.where(visible, relative, 0).sum(0) / visible.sum(0)
    return (mean <= threshold).to(pred.dtype)


@wrong_q3("test_distance_and_threshold")
def the_package_does_it(pred, target, visible, torso, threshold=0.2):
    size = length(target, torso)[:, 0]
    return metrics.pck(pred, target, size, threshold=threshold, counted=visible)


@wrong_q3("test_one_share_for_each_joint")
def the_prediction_changed(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= threshold * length(target, torso)
    pred[~visible] = 0
    pred -= target
    return share(near, visible, pred)


@wrong_q3("test_distance_and_threshold")
def a_threshold_of_at_most_one(pred, target, visible, torso, threshold=0.2):
    near = error(pred, target) <= min(threshold, 1.0) * length(target, torso)
    return share(near, visible, pred)


@wrong_q3("test_distance_and_threshold")
def coordinates_below_zero_cut_off(pred, target, visible, torso, threshold=0.2):
    pred, target = pred.clamp(min=0), target.clamp(min=0)
    return share(error(pred, target) <= threshold * length(target, torso), visible, pred)
