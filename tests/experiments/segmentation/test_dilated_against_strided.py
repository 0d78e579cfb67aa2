"""C14 is judged by two metrics, by equal steps and equal arithmetic, and by the runs at half."""

import copy
import dataclasses

import pytest

from lookclosely.experiments import Result, load
from lookclosely.experiments.segmentation.dilated_against_strided import judge

ARMS = {"dilated": 0.6, "dilated_narrow": 0.55, "strided": 0.4, "strided_wide": 0.5}


def edited(**changes: float) -> Result:
    """The stored result in which dilation wins everything, with other values in the last seed.

    ``strided_longer`` is the strided net after as much arithmetic; at half all seeds change.
    """
    result = load("dilated_against_strided")
    seeds = copy.deepcopy(result.seeds)
    for seed in seeds:
        last = changes if seed is seeds[-1] else {}
        for name, value in ARMS.items():
            seed[name] |= dict.fromkeys(("miou", "boundary_f"), last.get(name, value))
            if "half" in seed[name]:
                half = changes.get(f"{name}_half", value)
                seed[name]["half"] |= dict.fromkeys(("miou", "boundary_f"), half)
        longer = last.get("strided_longer", 0.45)
        spent = seed["strided"]["equal_arithmetic"]["dilated"]
        spent |= dict.fromkeys(("miou", "boundary_f"), longer)
    return dataclasses.replace(result, seeds=seeds)


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({}, "yes"),
        ({"strided_wide": 0.7}, "partly"),
        ({"strided_longer": 0.7}, "partly"),
        ({"dilated_half": 0.3}, "partly"),
    ],
)
def test_one_losing_seed_is_no_yes(changes, held):
    assert judge(edited(**changes)).held == held


def test_outlines_count_too():
    result = edited()
    for seed in result.seeds:
        seed["strided_wide"]["boundary_f"] = 0.9
    verdict = judge(result)
    assert verdict.held == "partly" and "higher in some comparisons only" in verdict.sentence
