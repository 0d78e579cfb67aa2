"""A measured claim as a reader sees it."""

import dataclasses

import pytest

from lookclosely import experiments
from lookclosely.experiments import REGISTRY, Report
from lookclosely.experiments.core import Verdict
from lookclosely.experiments.report import HELD, with_minus
from lookclosely.experiments.storage import GPU_RESULTS, load, load_gpu, problems


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("-0.025", "−0.025"),
        ("-8.7 to -6.5 (-1)", "−8.7 to −6.5 (−1)"),
        ("FCN-8s, 3-4, a 2-D grid, 2026-11-25", "FCN-8s, 3-4, a 2-D grid, 2026-11-25"),
        ("±0.1, −2, --seeds", "±0.1, −2, --seeds"),
    ],
)
def test_negative_numbers_have_a_minus_sign(given, shown):
    assert with_minus(given) == shown


def beside(name="checkerboard", seeds=2, held=("yes", "yes"), **changes):
    """A report whose judge says ``held`` of the result here and of the one on a GPU."""
    there = dataclasses.replace(on_a_gpu(name), device="NVIDIA H200", **changes)
    there = dataclasses.replace(there, seeds=there.seeds[:seeds])

    def judge(result):
        if result == there:
            return Verdict(held[1], "ours there", "why there")
        return Verdict(held[0], "ours here", "why here")

    experiment = dataclasses.replace(REGISTRY[name], judge=judge)
    there = dataclasses.replace(there, config_hash=changes.get("config_hash", fresh(name)))
    return Report(experiment, load(name), there)


def on_a_gpu(name):
    found = load_gpu(name)
    assert found is not None
    return found


def fresh(name):
    return REGISTRY[name].config_hash()


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (lambda: beside(), "Also on an H200 (2 seeds): same verdict."),
        (
            lambda: beside(seeds=1, held=("partly", "no")),
            "On an H200 (1 seed): another verdict, did not hold.",
        ),
        (
            lambda: beside(held=("yes", "no"), config_hash="0"),
            "On an H200 (2 seeds), of an older setting: not compared.",
        ),
        (lambda: dataclasses.replace(beside(), gpu=None), ""),
    ],
    ids=["same", "another", "older", "none"],
)
def test_a_line_says_what_a_gpu_gave(report, line):
    assert report().gpu_line() == line
    assert bool(report().gpu_rows()) == bool(line)
    assert report()._repr_html_().count("<summary>") == bool(line)
    assert (line in repr(report())) and ("On a GPU:" in repr(report())) == bool(line)


def test_what_a_gpu_measured_is_folded_and_changes_no_verdict():
    report = beside(held=("yes", "no"))
    shown = report._repr_html_()
    folded = shown[shown.index("</summary>") : shown.index("</details>")]
    assert "ours there" in folded and "did not hold. why there" in folded
    assert dict(report.rows())["Verdict"] == "held. why here"


def test_an_older_setting_is_named_and_not_judged():
    old = {**on_a_gpu("checkerboard").config, "steps": 1, "gone": 2}
    del old["batch"]
    said = dict(beside(config=old, config_hash="0").gpu_rows())
    assert "Verdict there" not in said
    changes = said["Older setting"].split("; ")
    today = REGISTRY["checkerboard"].full
    assert sorted(changes) == [
        f"batch not set, today {today.batch}",
        "gone 2, today not set",
        f"steps 1, today {today.steps}",
    ]


def test_a_setting_within_a_setting_is_named_by_its_path():
    old = {**on_a_gpu("checkerboard").config, "training": {"steps": 800, "rates": {"high": 1}}}
    said = dict(beside(config=old, config_hash="0").gpu_rows())["Older setting"]
    assert said == "training/steps 800, today not set; training/rates/high 1, today not set"


def test_the_kept_results_of_a_gpu_can_all_be_shown():
    names = sorted(path.stem for path in GPU_RESULTS.glob("*.json"))
    assert len(names) >= 24 and not list(GPU_RESULTS.glob("*.safetensors"))
    for name in names:
        report, there = experiments.report(name), on_a_gpu(name)
        assert f"({len(there.seeds)} seed" in report.gpu_line()
        if there.config_hash == fresh(name):
            held = REGISTRY[name].judge(there).held
            assert HELD[held] in dict(report.gpu_rows())["Verdict there"]
        else:
            assert "of an older setting" in report.gpu_line()


def test_results_of_a_gpu_are_not_counted(tmp_path):
    experiment = REGISTRY["checkerboard"]
    (tmp_path / "gpu").mkdir()
    (tmp_path / "gpu" / "checkerboard.json").write_text(
        (GPU_RESULTS / "checkerboard.json").read_text()
    )
    assert "there is no result" in problems({"checkerboard": experiment}, tmp_path)[0]


@pytest.mark.parametrize(
    ("device", "shown"),
    [
        ("NVIDIA H200", "an H200"),
        ("NVIDIA A100-SXM4-80GB", "an A100-SXM4-80GB"),
        ("Tesla T4", "a Tesla T4"),
        ("NVIDIA GeForce RTX 4090", "a GeForce RTX 4090"),
        ("AMD Instinct MI300X", "an AMD Instinct MI300X"),
        ("NVIDIA RTX A6000", "an RTX A6000"),
    ],
)
def test_a_device_has_its_article(device, shown):
    report = beside()
    there = dataclasses.replace(on_a_gpu("checkerboard"), device=device)
    line = dataclasses.replace(report, gpu=there)
    assert f" on {shown} (" in line.gpu_line().replace("On ", " on ")
