"""The training loop: it learns, repeats itself, resumes, and refuses what it cannot do."""

import json
import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from lookclosely.train import cosine_schedule, fit

X = torch.linspace(-1, 1, 16)[:, None]
BATCHES = [(X, 3 * X + 1)]


def loss_fn(model, batch):
    x, y = batch
    return (model(x) - y).square().mean()


def line(seed=0):
    torch.manual_seed(seed)
    return nn.Linear(1, 1)


def test_a_line_is_fitted():
    model = line()
    history = fit(model, loss_fn, BATCHES, steps=300, lr=0.1, weight_decay=0.0)
    assert history.loss[-1] < 1e-4 < history.loss[0]
    assert torch.allclose(model.weight, torch.tensor([[3.0]]), atol=0.05)
    assert not model.training


def test_two_runs_are_equal_and_the_seed_matters():
    def noisy(model, batch):
        return loss_fn(model, batch) + 0.1 * torch.rand(())

    runs = [fit(line(), noisy, BATCHES, steps=20, seed=seed).loss for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_a_broken_off_run_goes_on_as_if_it_had_not_been(tmp_path):
    whole, half = line(), line()
    expected = fit(whole, loss_fn, BATCHES, steps=40).loss

    def fails_at_step_30(model, batch):
        fails_at_step_30.calls += 1
        if fails_at_step_30.calls > 30:
            raise KeyboardInterrupt
        return loss_fn(model, batch)

    fails_at_step_30.calls = 0
    with pytest.raises(KeyboardInterrupt):
        fit(half, fails_at_step_30, BATCHES, steps=40, checkpoint=tmp_path, checkpoint_every=20)
    resumed = line(seed=5)  # its weights come from the checkpoint
    history = fit(resumed, loss_fn, BATCHES, steps=40, checkpoint=tmp_path)
    assert history.loss == pytest.approx(expected)
    assert torch.allclose(resumed.weight, whole.weight)


def test_schedule_rises_then_falls_to_zero():
    factors = [cosine_schedule(step, steps=100, warmup=10) for step in range(100)]
    assert factors[9] == 1.0 and factors[:10] == sorted(factors[:10])
    assert factors[10:] == sorted(factors[10:], reverse=True) and factors[-1] < 0.01


@pytest.mark.parametrize(
    ("batches", "steps", "message"),
    [
        ([], 5, "batches is empty"),
        (iter([]), 5, "batches is empty"),
        (BATCHES, 0, "steps is 0"),
        (["text"], 5, "batches gave a str"),
        ([(X, X * float("nan"))], 5, "the loss is nan"),
    ],
)
def test_what_cannot_be_done_is_said(batches, steps, message):
    with pytest.raises(ValueError, match=message):
        fit(line(), loss_fn, batches, steps=steps)


def test_batches_may_be_dicts_and_lists():
    def from_dict(model, batch):
        return (model(batch["x"][0]) - batch["y"]).square().mean()

    history = fit(line(), from_dict, [{"x": [X], "y": 3 * X}], steps=30, lr=0.1)
    assert history.loss[-1] < history.loss[0]


@pytest.mark.slow
def test_two_processes_train_the_same_as_one(tmp_path):
    """The command of the book, on one process and on two, with the same global batch."""
    losses = []
    for processes in (1, 2):
        out = tmp_path / str(processes)
        command = [
            sys.executable,
            "-m",
            "accelerate.commands.launch",
            "--cpu",
            "--num_processes",
            str(processes),
        ]
        command += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
        command += ["-m", "lookclosely", "experiments", "run", "checkerboard"]
        command += ["--budget", "smoke", "--seeds", "1", "--out", str(out)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MASTER_PORT": "29531"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
        losses.append(json.loads((out / "checkerboard.json").read_text())["seeds"][0])
    for layer in ("k3s2", "k4s2", "k2s2", "resize"):
        assert losses[0][layer]["psnr"] == pytest.approx(losses[1][layer]["psnr"], abs=1e-3)
