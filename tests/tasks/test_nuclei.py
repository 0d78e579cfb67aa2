"""What became of each true nucleus: found alone, merged with another, or missed."""

import torch

from lookclosely.tasks.nuclei import fates


def labelled(*boxes):
    """A map of 12 × 24 pixels with an object for each (top, left, bottom, right)."""
    labels = torch.zeros(12, 24, dtype=torch.long)
    for number, (top, left, bottom, right) in enumerate(boxes, 1):
        labels[top:bottom, left:right] = number
    return labels


TRUTH = labelled((1, 1, 7, 6), (1, 7, 7, 12), (1, 14, 7, 19), (8, 1, 11, 8))


def test_nuclei_in_one_component_are_merged_and_those_without_one_are_missed():
    mask = labelled((1, 1, 7, 12), (1, 14, 7, 19)) > 0  # first two in one, the third alone
    assert fates(mask[None], TRUTH[None], min_area=1) == {"missed": 1 / 4, "merged": 2 / 4}


def test_half_of_a_nucleus_is_not_enough():
    half, more = (labelled((1, 14, 7 - cut, 19)) > 0 for cut in (3, 2))
    assert fates(half[None], TRUTH[None], min_area=1)["missed"] == 1
    assert fates(more[None], TRUTH[None], min_area=1)["missed"] == 3 / 4


def test_a_component_that_touches_little_of_a_second_nucleus_is_not_a_merge():
    mask = labelled((1, 1, 7, 9)) > 0  # all of the first, two of five columns of the second
    assert fates(mask[None], TRUTH[None], min_area=1) == {"missed": 3 / 4, "merged": 0}


def test_all_images_are_pooled_and_specks_find_nothing():
    truth = torch.stack([TRUTH, torch.zeros_like(TRUTH)])
    assert fates(truth > 0, truth, min_area=1) == {"missed": 0, "merged": 0}
    assert fates(truth > 0, truth, min_area=22) == {"missed": 1 / 4, "merged": 0}  # of 3 × 7
    assert fates(truth[1:] > 0, truth[1:]) == {"missed": 0, "merged": 0}
