"""C05 is judged by what each pass adds, by what feedback adds, and by the runs at half."""

import copy
import dataclasses

import pytest

from lookclosely.experiments import Result, load
from lookclosely.experiments.looking.recurrent_passes import judge

RISING = {"pass1": 0.4, "pass2": 0.5, "pass3": 0.6, "blind": 0.5, "plain3": 0.5}


def edited(**changes: float) -> Result:
    """The stored result in which every pass adds, with other values in the last seed; a change
    that ends in ``_half`` is made in the runs at half."""
    result = load("recurrent_passes")
    seeds = copy.deepcopy(result.seeds)
    for seed in seeds:
        put(seed["recurrent"], RISING | (changes if seed is seeds[-1] else {}))
        for name in ("blind", "plain3"):
            value = changes.get(name, RISING[name]) if seed is seeds[-1] else RISING[name]
            seed[name]["miou"] = value
            for spent in seed[name].get("equal_arithmetic", {}).values():
                spent["miou"] = value
            if "half" in seed[name]:
                seed[name]["half"]["miou"] = changes.get(f"{name}_half", RISING[name])
        if "half" in seed["recurrent"]:
            at_half = {k.removesuffix("_half"): v for k, v in changes.items() if "_half" in k}
            put(seed["recurrent"]["half"], RISING | at_half)
    return dataclasses.replace(result, seeds=seeds)


def put(found: dict, values: dict[str, float]) -> None:
    for p in (1, 2, 3):
        found[f"pass{p}"]["miou"] = values[f"pass{p}"]
    found["miou"] = values["pass3"]


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({}, "yes"),
        ({"pass2": 0.65}, "partly"),
        ({"blind": 0.7}, "partly"),
        ({"pass2_half": 0.3}, "partly"),
        ({"plain3": 0.9}, "yes"),  # a control: the statement is not about it
    ],
)
def test_one_losing_seed_is_no_yes(changes, held):
    verdict = judge(edited(**changes))
    assert verdict.held == held and "Without recurrence" in verdict.sentence
    assert ("at this budget" in verdict.sentence) == ("pass2_half" in changes)
