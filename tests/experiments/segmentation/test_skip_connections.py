"""The verdict on what a U-Net's skips are worth; and the arm without border weights."""

import copy
import dataclasses
import itertools
from typing import Any

import pytest
import torch

from lookclosely.experiments import REGISTRY, Result, load
from lookclosely.experiments.segmentation.skip_connections import EXPERIMENT, Even, build, loss

METRICS = ("boundary_f_1px", "boundary_f_2px")


def result(*seeds: tuple[float, float], half: tuple[float, float] | None = None) -> Result:
    """All skips gain this much at each tolerance over none, by seed, and in runs of half."""
    found = []
    for gains in seeds:
        arms: dict[str, dict[str, Any]] = {"all": dict(zip(METRICS, gains))}
        arms["none"] = dict.fromkeys(METRICS, 0.0)
        if half is not None:
            arms["all"] = arms["all"] | {"half": dict(zip(METRICS, half))}
            arms["none"] = arms["none"] | {"half": dict.fromkeys(METRICS, 0.0)}
        found.append(copy.deepcopy(arms))
    return dataclasses.replace(load("skip_connections"), seeds=found)


@pytest.mark.parametrize(
    ("measured", "held"),
    [
        (result((0.1, 0.1), (0.1, 0.1)), "yes"),
        (result((0.1, 0.1), (0.1, -0.1)), "partly"),
        (result((0.1, -0.1), (0.1, -0.1)), "partly"),  # to one pixel, not to two
        (result((-0.1, -0.1), (-0.1, -0.1)), "no"),
        (result((0.1, 0.1), half=(0.1, -0.1)), "partly"),  # another order half-way
    ],
)
def test_the_claim_is_about_the_boundary_at_both_tolerances(measured, held):
    assert REGISTRY["skip_connections"].judge(measured).held == held


def test_the_arm_without_border_weights_differs_in_its_loss_alone():
    config = EXPERIMENT.smoke
    nets = []
    for name in ("all", "even"):
        torch.manual_seed(0)
        nets.append(build(config, name).eval())
    images, target = torch.randn(2, 1, 16, 16), torch.randint(0, 2, (2, 16, 16))
    weight = torch.rand(2, 16, 16) + 1
    one = torch.ones_like(weight)
    weighted, even = nets
    assert isinstance(even, Even) and torch.equal(weighted(images), even(images))
    assert torch.equal(loss(even, (images, target, weight)), loss(weighted, (images, target, one)))
    assert not torch.equal(
        loss(even, (images, target, weight)), loss(weighted, (images, target, weight))
    )


def test_what_is_kept_of_the_full_run_are_masks_of_the_shown_images():
    from lookclosely.experiments.segmentation import skip_connections

    images, masks = skip_connections.shown()
    assert set(masks) == {name for name, _ in EXPERIMENT.full.skips}
    assert all(mask.shape == (len(images), 256, 256) for mask in masks.values())
    pairs = itertools.combinations(masks.values(), 2)
    assert all((a != b).any() for a, b in pairs) and all(
        0 < m.float().mean() < 1 for m in masks.values()
    )
