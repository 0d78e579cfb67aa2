"""The harness is not fooled: arms whose true order is known come out in that order.

A curve is to be learned, sin 5x + 0.3 x. A straight line learns fast and ends low. A small network
learns slowly and ends high. Another needs a rate that is not in the list. Two are the same network.
"""

import dataclasses
import json
import math
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from lookclosely import cost
from lookclosely.experiments import kept
from lookclosely.experiments.core import Result
from lookclosely.experiments.runs import weights_of, with_snapshots
from lookclosely.experiments.training import Question, Training, compare, train
from lookclosely.experiments.verdicts import order
from lookclosely.train import fit

TRAINING = Training(steps=600, rates=(3e-2, 9e-2, 0.27), parts=(0.05, 0.5, 1.0))
SMALL = dataclasses.replace(TRAINING, steps=8, rates=(3e-2,), close=1.0)


class Curve(nn.Module):
    """Two layers, a straight line without the bend. With a ``slow`` below 1 each step moves the
    answer that much less."""

    def __init__(self, width: int = 24, *, bend: bool = True, slow: float = 1.0):
        super().__init__()
        self.bend, self.slow = bend, slow
        self.layers = nn.Sequential(nn.Linear(1, width), nn.Linear(width, 1))
        with torch.no_grad():
            for weight in self.parameters():
                weight.div_(slow)

    def forward(self, x: Tensor) -> Tensor:
        first, bias, last, end = (weight * self.slow for weight in self.parameters())
        hidden = x @ first.T + bias
        return (hidden.tanh() if self.bend else hidden) @ last.T + end


def curve(x: Tensor) -> Tensor:
    return (5 * x).sin() + 0.3 * x


def batches(seed: int):
    generator = torch.Generator().manual_seed(seed)
    while True:
        x = 4 * torch.rand(32, 1, generator=generator) - 2
        yield x, curve(x) + 0.3 * torch.randn(32, 1, generator=generator)


def loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    return (model(batch[0]) - batch[1]).square().mean()


@torch.no_grad()
def scores(model: nn.Module, split: str) -> dict[str, float]:
    """R²: 1 for the curve, 0 for its mean."""
    x = torch.linspace(-2, 2, 101 if split == "val" else 100)[:, None]
    error = (model(x) - curve(x)).square().mean() / curve(x).var(correction=0)
    return {"r2": float(1 - error)}


def constant(split: str) -> dict[str, float]:
    return {"r2": 0.0}


LINE, BENT = partial(Curve, 12, bend=False), partial(Curve, 24)
STIFF = partial(Curve, 24, slow=0.4)  # its rate lies beyond the end of the list
QUESTION = Question(batches, loss, scores, constant, metric="r2")


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Three seeds of a comparison, as they stand in a result file."""
    arms = {"line": LINE, "bent": BENT, "stiff": STIFF}
    pairs = [("bent", "line"), ("stiff", "line"), ("bent", "stiff")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOKCLOSELY_TRAINED", str(tmp_path_factory.mktemp("trained")))
        found = [
            compare(arms, QUESTION, TRAINING, pairs=pairs, seed=seed, device="cpu")
            for seed in range(3)
        ]
    return result([one.metrics for one in found])


def result(seeds: list[dict]) -> Result:
    seeds = json.loads(json.dumps(seeds, allow_nan=False))
    return Result("toy", [], [], "full", {}, "", seeds, "", 0.0, {})


def test_the_one_that_starts_slowly_and_ends_high_wins(three):
    early = {name: three.mean(f"{name}/over_steps/30") for name in ("line", "bent")}
    assert early["line"] > early["bent"]
    assert order(three, "bent", "line", "r2").held == "yes"
    assert order(three, "line", "bent", "r2").held == "no"


def test_the_one_that_needs_another_rate_gets_it(three):
    arm = three.seeds[0]["stiff"]
    tried = {float(rate): value for rate, value in arm["tried"].items()}
    assert 0.27 < arm["lr"] < max(tried)
    assert tried[arm["lr"]] > tried[0.27] + 0.1
    assert order(three, "stiff", "line", "r2").held == "yes"


def test_equals_are_no_winners():
    arms, pairs = {"bent": BENT, "twin": partial(Curve, 24, slow=1.0)}, [("bent", "twin")]
    seeds = [
        compare(arms, QUESTION, SMALL, pairs=pairs, seed=seed, device="cpu").metrics
        for seed in range(3)
    ]
    found = order(result(seeds), "bent", "twin", "r2")
    assert found.equal_steps == [0, 0, 0] and found.held == "no"


def test_the_cheaper_one_is_also_given_as_much_arithmetic(three):
    line, bent = (three.seeds[0][name] for name in ("line", "bent"))
    ratio = bent["training_multiply_adds"] / line["training_multiply_adds"]
    assert ratio > 1.15
    assert line["equal_arithmetic"]["bent"]["steps"] == round(600 * ratio)
    assert "equal_arithmetic" not in three.seeds[0]["stiff"]
    assert len(order(three, "bent", "line", "r2").equal_arithmetic) == 3


def test_scores_over_steps_and_at_half_are_told(three):
    assert [list(seed["bent"]["over_steps"]) for seed in three.seeds] == [["30", "300", "600"]] * 3
    assert "half" in three.seeds[0]["line"] and "half" not in three.seeds[2]["line"]
    assert three.seeds[0]["constant"] == {"r2": 0}


def test_a_broken_off_comparison_trains_nothing_twice(tmp_path, monkeypatch):
    monkeypatch.setenv("LOOKCLOSELY_TRAINED", str(tmp_path))
    arms, pairs = {"line": LINE, "bent": BENT}, [("bent", "line")]
    calls = []
    module = "lookclosely.experiments.runs.fit"
    monkeypatch.setattr(module, lambda *a, **k: calls.append(k["steps"]) or fit(*a, **k))

    def once():
        return compare(arms, QUESTION, SMALL, pairs=pairs, seed=1, device="cpu")

    first, trained = once(), len(calls)
    # Two rates at half, two arms in full, the close pair at half once more, the line for longer.
    assert trained == len(list(tmp_path.iterdir())) == 9
    again = once()
    assert len(calls) == trained and again.metrics == first.metrics


def test_an_arm_at_the_constant_answer_is_chosen_in_full(tmp_path, monkeypatch):
    monkeypatch.setenv("LOOKCLOSELY_TRAINED", str(tmp_path))
    arms = {"bent": BENT}
    found = compare(arms, QUESTION, SMALL, pairs=[], seed=0, device="cpu").metrics["bent"]
    assert found["chosen_at"] == SMALL.steps


def test_a_rate_at_which_training_diverges_is_not_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("LOOKCLOSELY_TRAINED", str(tmp_path))
    wild = dataclasses.replace(TRAINING, steps=60, rates=(1e-2, 1e18), clip_norm=None)
    found = compare({"bent": BENT}, QUESTION, wild, pairs=[], seed=0, device="cpu")
    assert found.metrics["bent"]["tried"]["1e+18"] is None
    assert found.metrics["bent"]["lr"] < 1


def test_a_pair_of_unknown_arms_is_refused():
    with pytest.raises(ValueError, match="pairs names 'bend'"):
        compare({"bent": BENT}, QUESTION, SMALL, pairs=[("bend", "bent")], seed=0, device="cpu")


def test_another_order_at_half_is_at_most_partly():
    arms = {"a": {"r2": 0.6, "half": {"r2": 0.3}}, "b": {"r2": 0.5, "half": {"r2": 0.4}}}
    assert order(result([arms]), "a", "b", "r2").held == "partly"


def test_where_steps_and_arithmetic_disagree_it_is_partly():
    long = {"equal_arithmetic": {"a": {"r2": 0.7}}}
    arms = {"a": {"r2": 0.6}, "b": {"r2": 0.5} | long}
    found = order(result([arms]), "a", "b", "r2")
    assert found.held == "partly" and math.isclose(found.equal_arithmetic[0], -0.1)


def test_keys_follow_settings_and_refuse_what_has_no_name():
    assert kept.key([BENT, 1], (fit,)) == kept.key([partial(Curve, 24), 1], (fit,))
    assert kept.key([BENT, 1], (fit,)) != kept.key([LINE, 1], (fit,))
    with pytest.raises(ValueError, match="no name that lasts"):
        kept.key([lambda: None], ())


def test_snapshots_are_of_the_weights_after_so_many_steps():
    model, states = Curve(4), {}
    before = weights_of(model)["layers.0.weight"]
    config = dataclasses.make_dataclass("Config", ["steps", "lr", "precision"])(6, 1e-2, "no")
    stream = with_snapshots(batches(0), model, (0, 3), states)
    train(model, loss, stream, config, seed=0, device="cpu")
    assert set(states) == {0, 3} and states[0]["layers.0.weight"].equal(before)
    assert not states[3]["layers.0.weight"].equal(weights_of(model)["layers.0.weight"])


def test_steps_and_rate_are_the_call_s_or_the_config_s():
    model, config = nn.Linear(1, 1), dataclasses.make_dataclass("Config", ["precision"])("no")
    found = train(model, loss, batches(0), config, seed=0, device="cpu", steps=2, lr=1e-2)
    assert len(found) == 2
    with pytest.raises(ValueError, match="lr is missing"):
        train(model, loss, batches(0), config, seed=0, device="cpu", steps=2)


def test_arithmetic_is_counted_wherever_it_is_done():
    x, w = torch.rand(5, 7), torch.rand(7, 3, requires_grad=True)
    assert cost.counted_multiply_adds(lambda: x @ w) == 5 * 7 * 3
    assert cost.counted_multiply_adds(lambda: (x @ w).sum().backward()) == 2 * 5 * 7 * 3
    layer, image = nn.Conv2d(3, 4, 3), torch.rand(1, 3, 10, 10)
    assert cost.counted_multiply_adds(lambda: layer(image)) == cost.multiply_adds(layer, image)
