"""A result says from which code it was made, and we are told what has changed in it since."""

import dataclasses
import functools
import json

import pytest

from lookclosely.experiments import Experiment, Verdict, changed_since, load
from lookclosely.experiments.closure import changes
from lookclosely.experiments.core import Result
from lookclosely.experiments.execute import execute
from lookclosely.experiments.provenance import code_of
from lookclosely.experiments.storage import write
from lookclosely.ops import nms


@dataclasses.dataclass(frozen=True)
class Config:
    number: int = 3


def experiment(run=nms) -> Experiment:
    """One whose run is of the package; it is not called here."""
    return Experiment(
        name="fake",
        claims=("C99",),
        sources=("S000 · x",),
        statement="s",
        chapter="c",
        run=run,
        full=Config(),
        smoke=Config(),
        judge=lambda result: Verdict("yes", "ours", "sentence"),
    )


def result(code: dict[str, str], seeds: int = 3) -> Result:
    asked = experiment()
    return Result(
        name="fake",
        claims=["C99"],
        sources=["S000 · x"],
        budget="full",
        config={"number": 3},
        config_hash=asked.config_hash(),
        seeds=[{"value": 1.0}] * seeds,
        device="1 CPU core",
        seconds=2.0,
        versions={"python": "3", "torch": "2"},
        code=code,
    )


def test_the_code_of_an_experiment_is_its_run_and_not_its_judge():
    code = code_of(experiment())
    assert "lookclosely.ops.nms:nms" in code
    assert code == code_of(experiment(functools.partial(nms, iou_threshold=0.5)))
    assert code_of(experiment(lambda config, seed, device: None)) == {}, "of no module of ours"


def test_the_code_is_written_compactly_and_read_back(tmp_path):
    code = {"a.b:c": "1f", "a.b:d": "2e", "a/x.json": "3d", "a:<module>": "4c"}
    write(result(code), None, tmp_path)
    text = json.loads((tmp_path / "fake.json").read_text())
    assert text["code"] == {"a.b": "c 1f, d 2e", "": "a/x.json 3d", "a": "<module> 4c"}
    assert load("fake", tmp_path) == result(code)


def test_a_file_from_before_the_code_was_recorded_still_loads(tmp_path):
    fields = dataclasses.asdict(result({}))
    fields.pop("code")
    (tmp_path / "fake.json").write_text(json.dumps(fields))
    assert load("fake", tmp_path).code == {}
    assert changed_since({"fake": experiment()}, tmp_path) == []


def test_what_changed_since_is_listed_by_name(tmp_path):
    today = code_of(experiment())
    write(result(today), None, tmp_path)
    assert changed_since({"fake": experiment()}, tmp_path) == []
    write(result({**today, "lookclosely.ops.nms:nms": "other"}), None, tmp_path)
    (line,) = changed_since({"fake": experiment()}, tmp_path)
    assert line == "fake: changed since it was run: lookclosely.ops.nms:nms"
    assert changed_since({"missing": experiment()}, tmp_path / "nowhere") == []


def test_what_has_moved_has_not_changed():
    assert changes({"a:f": "1", "a:g": "2"}, {"b:f": "1", "a:g": "2"}) == []
    assert changes({"a:f": "1", "a:g": "2"}, {"b:f": "3", "a:g": "2"}) == ["a:f", "b:f"]


def test_a_broken_off_run_goes_on_only_with_the_same_code(tmp_path):
    today = code_of(experiment())
    write(result(today), None, tmp_path)
    assert len(execute(experiment(), seeds=3, folder=tmp_path).seeds) == 3  # nothing left to run
    write(result({**today, "lookclosely.ops.nms:nms": "other"}), None, tmp_path)
    begun = []

    def run(config, seed, device):
        begun.append(seed)
        raise KeyboardInterrupt

    run.__module__, run.__qualname__ = nms.__module__, nms.__qualname__
    with pytest.raises(KeyboardInterrupt):
        execute(experiment(run), seeds=3, folder=tmp_path)
    assert begun == [0], "from the first seed on"
