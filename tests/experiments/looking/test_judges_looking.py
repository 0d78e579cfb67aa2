"""The verdicts of the chapters on looking: what turns "yes" into "partly" and into "no"."""

import dataclasses

import pytest

from edited_results import edited
from lookclosely.experiments import load
from lookclosely.experiments.looking import (
    context,
    multi_scale,
    patches_or_one_pass,
    task_weight,
)

PIXEL, PATCH = "accuracy/1", "accuracy/47"
LAW = {f"scenes/{PIXEL}": 0.13, f"scenes/{PATCH}": 0.4, f"nuclei/{PIXEL}": 0.5}
LAW |= {f"nuclei/{PATCH}": 0.9}


@pytest.mark.parametrize(
    ("numbers", "losing", "held"),
    [
        (LAW, {}, "yes"),
        (LAW, {f"nuclei/{PIXEL}": 0.8}, "partly"),
        (LAW, {f"nuclei/{PATCH}": 0.55}, "partly"),
        (LAW, {f"nuclei/{PIXEL}": 0.8, f"scenes/{PIXEL}": 0.3}, "no"),
        ({}, {}, "partly"),
    ],
)
def test_context(numbers, losing, held):
    verdict = context.judge(edited("context", numbers, losing))
    assert verdict.held == held and "mean 0 and deviation 1" in verdict.sentence


@pytest.mark.parametrize(
    ("losing", "held"),
    [
        ({}, "yes"),
        ({"27/seconds/one_pass": 100.0}, "partly"),
        ({"11/multiply_adds/one_pass": 1e12}, "partly"),
        ({"43/other_labels": 1}, "partly"),
        ({"43/other_labels": 1, "27/seconds/one_pass": 100.0}, "no"),
    ],
)
def test_patches_or_one_pass(losing, held):
    assert patches_or_one_pass.judge(edited("patches_or_one_pass", {}, losing)).held == held


def test_patches_are_compared_with_a_coarse_pass_at_the_same_places():
    result = load("patches_or_one_pass")
    for window, ratio in {11: "1.9", 19: "6.1", 27: "9.1", 43: "12.0"}.items():
        counts = result.seeds[0][f"{window}"]["multiply_adds"]
        assert f"{counts['patches'] / 16 / counts['coarse']:.1f}" == ratio
    assert "need 1.9 to 12.0 times" in patches_or_one_pass.judge(result).sentence


@pytest.mark.parametrize(
    ("numbers", "losing", "held"),
    [
        ({"gaussian/miou": 0.5}, {}, "yes"),
        ({"gaussian/miou": 0.5}, {"gaussian/miou": 0.3}, "partly"),
        ({"gaussian/miou": 0.5}, {"multi/miou": 0.3}, "partly"),
        ({"gaussian/miou": 0.5}, {"gaussian/miou": 0.3, "multi/miou": 0.3}, "no"),
        ({}, {}, "partly"),
    ],
)
def test_multi_scale(numbers, losing, held):
    verdict = multi_scale.judge(edited("multi_scale", numbers, losing))
    assert verdict.held == held
    assert "multi 36.7, dilated 24.5, strided 8.4" in verdict.sentence


def test_scales_are_compared_on_the_same_input_where_it_was_measured():
    stored = load("multi_scale")
    verdict = multi_scale.judge(stored)
    assert (
        "colours. Over dilated: -0.084 to -0.008. Over strided: -0.105 to -0.050."
        in verdict.sentence
    )
    without = [{k: v for k, v in seed.items() if k != "gaussian"} for seed in stored.seeds]
    verdict = multi_scale.judge(dataclasses.replace(stored, seeds=without))
    assert verdict.held == "yes" and "scales of colours" not in verdict.sentence


BY_LOSS, BY_METRIC = (f"weights/choice/test_by_{key}" for key in ("loss", "metric"))


@pytest.mark.parametrize(
    ("numbers", "losing", "held"),
    [
        ({}, {}, "yes"),
        ({}, {BY_LOSS: 0.9}, "partly"),
        ({BY_LOSS: 0.8, BY_METRIC: 0.8}, {}, "no"),
        ({BY_LOSS: 0.8, BY_METRIC: 0.8}, {BY_LOSS: 0.9}, "no"),
    ],
)
def test_task_weight(numbers, losing, held):
    assert task_weight.judge(edited("task_weight", numbers, losing)).held == held


@pytest.mark.parametrize("tau", [-1.0, 1.0])
def test_the_verdict_on_the_weight_does_not_depend_on_the_rank_correlation(tau):
    numbers = {"weights/tau/localization": tau, "rates/tau/localization": -tau}
    assert task_weight.judge(edited("task_weight", numbers)).held == "yes"
