"""The verdict on what a U-Net's skips are worth."""

import dataclasses

import pytest

from lookclosely.experiments import REGISTRY, load

METRICS = ("boundary_f_1px", "boundary_f_2px", "iou")


@pytest.mark.parametrize(
    ("gains", "held"),
    [
        ((0.1, 0.1, 0.1), "yes"),
        ((0.1, 0.1, -0.1), "yes"),
        ((0.1, -0.1, 0.1), "partly"),
        ((-0.1, 0.1, 0.1), "partly"),
        ((-0.1, -0.1, 0.1), "no"),  # the area is not what was claimed
    ],
)
def test_the_claim_is_about_the_boundary(gains, held):
    seed = {"all": dict(zip(METRICS, gains)), "none": dict.fromkeys(METRICS, 0.0)}
    result = dataclasses.replace(load("skip_connections"), seeds=[seed, seed])
    assert REGISTRY["skip_connections"].judge(result).held == held
