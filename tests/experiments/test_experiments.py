"""Experiments: every one runs at smoke budget and learns; results are today's; files are read
back."""

import dataclasses
import json
import re

import pytest
import torch

from lookclosely import experiments
from lookclosely.__main__ import main
from lookclosely.experiments import REGISTRY, Experiment, Outcome, Verdict
from lookclosely.experiments.execute import execute
from lookclosely.experiments.storage import MAX_WEIGHT_BYTES, RESULTS, load, problems, weights


@dataclasses.dataclass(frozen=True)
class Config:
    number: int = 3
    pair: tuple[int, int] = (1, 2)


def fake(weights=None, **options):
    def run(config, seed, device):
        return Outcome(
            {"value": config.number + seed, "nested": {"k": 2.0 * seed}}, weights=weights
        )

    fields = {
        "name": "fake",
        "claims": ("C99",),
        "sources": ("S000 · x",),
        "statement": "s",
        "chapter": "c",
        "run": run,
        "full": Config(),
        "smoke": Config(number=1),
        "judge": lambda result: Verdict("yes", "ours", "sentence"),
    }
    return Experiment(**{**fields, **options})


@pytest.mark.spread
@pytest.mark.parametrize("name", REGISTRY)
def test_at_smoke_budget_the_loss_falls(name, at_hand):
    experiment = REGISTRY[name]
    for source in experiment.needs:
        at_hand(source)
    outcome = experiment.run(experiment.smoke, 0, "cpu")
    for loss in outcome.losses.values():
        third = max(1, len(loss) // 3)
        assert sum(loss[-third:]) < sum(loss[:third])
    json.dumps(outcome.metrics, allow_nan=False)
    result = dataclasses.replace(
        load(name), seeds=[outcome.metrics], config=dataclasses.asdict(experiment.smoke)
    )
    verdict = experiment.judge(result)
    assert verdict.held in ("yes", "partly", "no") and verdict.ours and verdict.sentence


def test_results_are_of_todays_configs_with_three_seeds():
    assert problems(REGISTRY) == []


@pytest.mark.parametrize("name", REGISTRY)
def test_reports_show_every_row(name):
    report = experiments.report(name)
    html = report._repr_html_()
    assert html.count("<tr>") == 6 + (report.gpu is not None) and "config" in html


# A number, also with its spread; not a name such as FCN-8s or 3×3.
NUMBER = re.compile(r"(?<![\w×.-])[+−-]?\d[\d,]*(?:\.\d+)?%?(?: ± \d+\.\d+)?(?![\w×])")


@pytest.mark.parametrize("name", REGISTRY)
def test_no_verdict_sentence_holds_more_than_three_numbers(name):
    said = REGISTRY[name].judge(load(name)).sentence
    sentences = re.split(r"(?<=\.) (?=[A-Z])", said)
    assert [sentence for sentence in sentences if len(NUMBER.findall(sentence)) > 3] == []


def test_a_result_is_written_read_and_carried_on(tmp_path):
    experiment = fake(weights={"w": torch.ones(2, 3)})
    execute(experiment, seeds=1, folder=tmp_path)
    result = execute(experiment, seeds=3, folder=tmp_path)
    assert result.values("value") == [3, 4, 5] and result.mean("nested/k") == 2
    assert result.text("value", 1) == "4.0 ± 1.0"
    assert load("fake", tmp_path) == result
    assert weights("fake", folder=tmp_path)["w"].dtype == torch.float32
    assert problems({"fake": experiment}, tmp_path) == []


def test_stale_missing_and_small_results_are_found(tmp_path):
    assert "no result" in problems({"fake": fake()}, tmp_path)[0]
    execute(fake(), seeds=2, folder=tmp_path)
    assert "2 seeds" in problems({"fake": fake()}, tmp_path)[0]
    changed = fake(full=Config(pair=(1, 3)))
    assert "config has changed" in problems({"fake": changed}, tmp_path)[0]
    assert len(execute(changed, seeds=3, folder=tmp_path).seeds) == 3  # starts afresh
    execute(fake(), budget="smoke", seeds=3, folder=tmp_path)
    assert "smoke budget" in problems({"fake": fake()}, tmp_path)[0]


def test_too_large_weights_are_refused(tmp_path):
    with pytest.raises(ValueError, match="weights of fake"):
        execute(fake(weights={"w": torch.zeros(600_000)}), seeds=1, folder=tmp_path)


def test_kept_weights_are_small():
    sizes = [path.stat().st_size for path in RESULTS.glob("*.safetensors")]
    assert sizes and max(sizes) <= MAX_WEIGHT_BYTES * 1.02 and sum(sizes) <= 30e6


def test_missing_results_say_how_to_make_them(tmp_path):
    with pytest.raises(FileNotFoundError, match="experiments run context"):
        load("context", tmp_path)
    with pytest.raises(FileNotFoundError, match="weights"):
        weights("context", folder=tmp_path)


def test_the_weights_of_one_of_several_networks(tmp_path):
    kept = {"a.w": torch.ones(1), "ab.w": torch.zeros(1), "a.b.w": torch.full((1,), 2.0)}
    execute(fake(weights=kept), seeds=1, folder=tmp_path)
    assert set(weights("fake", folder=tmp_path)) == set(kept)
    assert weights("fake", "a", folder=tmp_path) == {"w": 1, "b.w": 2}
    assert weights("fake", "a.b", folder=tmp_path) == {"w": 2}


def test_command_line(tmp_path, capsys):
    assert main(["experiments", "list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in REGISTRY)
    assert main(["experiments", "run", "no_such"]) == 2
    assert "choose from" in capsys.readouterr().err
    run = ["experiments", "run", "transpose_as_convolution", "--budget", "smoke", "--seeds", "1"]
    assert main([*run, "--out", str(tmp_path)]) == 0
    assert (tmp_path / "transpose_as_convolution.json").exists()
    assert main(["experiments", "check"]) == 0
