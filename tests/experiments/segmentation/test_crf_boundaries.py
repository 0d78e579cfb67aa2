"""C15: what an outline's score counts, and when the claim holds."""

import pytest
import torch

from lookclosely.experiments import Result
from lookclosely.experiments.segmentation import crf_boundaries


def squares(*classes):
    """One 16×16 label map with a square of 4×4 pixels for each class."""
    labels = torch.zeros(1, 16, 16, dtype=torch.long)
    for number, k in enumerate(classes):
        top, left = 8 * (number // 2) + 2, 8 * (number % 2) + 2
        labels[0, top : top + 4, left : left + 4] = k
    return labels


def test_a_class_that_is_not_there_lowers_one_mean_and_not_the_other():
    truth = squares(1, 2)
    with_islands = squares(1, 2, 3, 4)
    score = crf_boundaries.score(with_islands, truth, band=2)
    assert score["boundary_iou"] == pytest.approx(0.5)  # 1, 1, 0, 0
    assert score["boundary_iou_true"] == 1
    assert score["false_classes"] == 2


def test_a_class_that_was_missed_lowers_both_means():
    score = crf_boundaries.score(squares(1), squares(1, 2), band=2)
    assert score["boundary_iou"] == score["boundary_iou_true"] == 0.5
    assert score["false_classes"] == 0


def result(full):
    """A result of two seeds: the full field's outlines are these, the short-range fields' fixed."""
    fixed = {"none": 0.2, "neighbours": 0.25, "contrast": 0.3, "skips": 0.15}
    seeds = [
        {
            kind: {"boundary_iou": value, "boundary_iou_true": value}
            for kind, value in {**fixed, "full": f}.items()
        }
        for f in full
    ]
    return Result("crf_boundaries", [], [], "full", {}, "", seeds, "", 0.0, {})


@pytest.mark.parametrize(
    ("full", "held"),
    [
        ((0.5, 0.4), "yes"),
        ((0.5, 0.28), "partly"),  # one seed loses against the contrast
        ((0.5, 0.22), "partly"),
        ((0.5, 0.19), "no"),  # one seed loses against the network alone
    ],
)
def test_the_field_is_judged_on_every_seed(full, held):
    verdict = crf_boundaries.judge(result(full))
    assert verdict.held == held
    assert f"{min(full) - 0.2:+.3f} to {max(full) - 0.2:+.3f}" in verdict.sentence
