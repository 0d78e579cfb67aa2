"""Everything on a GPU: what is left to run, side by side, a log each, and on after failures."""

import dataclasses
import sys

import pytest
import torch

from lookclosely import experiments
from lookclosely.__main__ import main
from lookclosely.experiments import REGISTRY, execute, on_gpu, storage
from lookclosely.experiments.on_gpu import Job

GIB = 2**30
NAMES = ("context", "checkerboard", "fcn_strides")


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """An empty folder for results of a GPU, which this machine is said to have."""
    monkeypatch.setattr(storage, "GPU_RESULTS", tmp_path)
    monkeypatch.setattr(experiments, "GPU_RESULTS", tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA T4")
    return tmp_path


def script(name, code):
    return Job(name, [sys.executable, "-c", code])


def write(folder, name, seeds=3, device="NVIDIA T4", **changes):
    result = storage.load(name)
    fields = {"config_hash": REGISTRY[name].config_hash(), **changes}
    seeds = (result.seeds * 3)[:seeds]
    storage.write(dataclasses.replace(result, seeds=seeds, device=device, **fields), None, folder)


@pytest.mark.parametrize(
    ("cores", "memory", "jobs"),
    [(2, 15 * GIB, 2), (16, 15 * GIB, 7), (64, 139 * GIB, 12), (8, GIB, 1)],
)
def test_so_many_share_a_gpu_as_it_has_memory_and_the_machine_cores(cores, memory, jobs):
    assert on_gpu.at_once(cores, memory) == jobs


def test_what_is_measured_on_this_gpu_is_not_run_again(kept):
    registry = {name: REGISTRY[name] for name in NAMES}
    longest_first = sorted(NAMES, key=lambda name: -storage.load(name).seconds)
    assert on_gpu.left(registry, 3) == longest_first
    write(kept, "context")
    assert on_gpu.left(registry, 3) == [name for name in longest_first if name != "context"]
    assert "context" in on_gpu.left(registry, 4)


@pytest.mark.parametrize("changes", [{"seeds": 2}, {"device": "NVIDIA H200"}, {"config_hash": "0"}])
def test_another_gpu_s_an_older_or_a_half_done_result_is_run(changes, kept):
    write(kept, "context", **changes)
    assert on_gpu.left({"context": REGISTRY["context"]}, 3) == ["context"]


def test_one_failure_stops_no_other_and_each_has_its_log(tmp_path, capsys):
    jobs = [
        script("good", "print('made')"),
        script("bad", "import sys; print('broken', file=sys.stderr); sys.exit(3)"),
        script("late", "print('made too')"),
    ]
    assert on_gpu.run(jobs, 1, tmp_path / "logs") == ["bad"]
    logs = {path.stem: path.read_text().strip() for path in (tmp_path / "logs").iterdir()}
    assert logs == {"good": "made", "bad": "broken", "late": "made too"}
    said = capsys.readouterr().out
    assert "bad: failed (exit status 3)" in said and f"{tmp_path / 'logs' / 'bad'}.log" in said
    assert said.count(": done after") == 2


@pytest.mark.parametrize("workers", [1, 2])
def test_jobs_run_side_by_side(workers, tmp_path):
    """Each waits for the other to begin, so one at a time fails and two at a time do not."""
    wait = (
        "import pathlib, time\n"
        "here, other = (pathlib.Path({folder!r}, name) for name in ({a!r}, {b!r}))\n"
        "here.touch()\nend = time.monotonic() + {patience}\n"
        "while not other.exists(): assert time.monotonic() < end; time.sleep(0.05)\n"
    )
    patience = 1 if workers == 1 else 60
    jobs = [
        script(a, wait.format(folder=str(tmp_path), a=a, b=b, patience=patience))
        for a, b in ("12", "21")
    ]
    assert len(on_gpu.run(jobs, workers, tmp_path / "logs")) == (1 if workers == 1 else 0)


def test_an_experiment_on_a_gpu_is_the_command_that_anybody_gives(kept, monkeypatch):
    """The command of a job, run here at smoke budget in place of the full one."""
    job = on_gpu.experiment("checkerboard", seeds=2)
    assert job.command[1:4] == ["-m", "lookclosely", "experiments"]
    seen = []

    def fake(experiment, **settings):
        seen.append(settings)
        write(kept, experiment.name, seeds=settings["seeds"])
        return storage.load(experiment.name, kept)

    monkeypatch.setattr(experiments, "execute", fake)
    assert main(job.command[3:]) == 0
    assert seen[0]["folder"] == kept and seen[0]["budget"] == "full"
    assert seen[0]["keep_weights"] is False and seen[0]["seeds"] == 2


def test_a_copy_keeps_no_weights(tmp_path):
    name = "checkerboard"
    quick = dataclasses.replace(
        REGISTRY[name],
        run=lambda config, seed, device: experiments.Outcome(
            {"a": 1}, weights={"w": torch.ones(1)}
        ),
    )
    execute(quick, seeds=1, device="cpu", folder=tmp_path, keep_weights=False)
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.json"]


def test_seeds_of_a_gpu_and_of_a_cpu_are_not_mixed(kept):
    calls = []

    def run(config, seed, device):
        calls.append(seed)
        return experiments.Outcome({"a": seed})

    quick = dataclasses.replace(REGISTRY["checkerboard"], run=run)
    execute(quick, seeds=2, folder=kept)
    execute(quick, seeds=3, folder=kept)
    assert calls == [0, 1, 2]
    execute(quick, seeds=1, device="cpu", folder=kept)
    assert calls == [0, 1, 2, 0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["--gpu-copy"], "no CUDA GPU"),
        (["--gpu-copy", "--budget", "smoke"], "leave --budget out"),
        (["--gpu-copy", "--device", "cpu"], "leave --device out"),
    ],
)
def test_a_copy_needs_a_gpu_and_the_full_budget(settings, message, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["experiments", "run", "checkerboard", *settings]) == 2
    assert message in capsys.readouterr().err


def test_without_a_gpu_nothing_is_begun(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["experiments", "gpu"]) == 2
    assert "no CUDA GPU" in capsys.readouterr().err


@pytest.mark.parametrize("broken", ["", "context"])
def test_times_are_measured_after_all_else_one_by_one(broken, kept, monkeypatch, capsys, tmp_path):
    order = []

    def stand_in(name, seeds):
        code = "import sys; sys.exit(1)" if name == broken else "pass"
        order.append(name)
        return script(name, code)

    rounds = []
    run = on_gpu.run
    monkeypatch.setattr(on_gpu, "experiment", stand_in)
    monkeypatch.setattr(
        on_gpu, "run", lambda jobs, n, logs: rounds.append((jobs, n)) or run(jobs, n, logs)
    )
    monkeypatch.setattr(experiments, "REGISTRY", {n: REGISTRY[n] for n in (*NAMES, "costs")})
    settings = ["--jobs", "2", "--no-tests", "--logs", str(tmp_path / "logs")]
    assert main(["experiments", "gpu", *settings]) == (1 if broken else 0)
    (others, side_by_side), (timings, alone) = rounds
    assert {job.name for job in others} == set(NAMES) and side_by_side == 2
    assert [job.name for job in timings] == ["costs"] and alone == 1
    assert ("failed: context" if broken else "all done") in capsys.readouterr().out


def test_the_tests_are_those_that_need_no_built_book():
    (job,) = on_gpu.tests(3)
    assert job.command[1:3] == ["-m", "pytest"] and "not book" in job.command
    assert job.command[-3:-1] == ["--dist", "loadgroup"]  # as in the Makefile
