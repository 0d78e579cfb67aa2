"""The training loop: it learns, repeats itself, resumes, and refuses what it cannot do."""

import json
import os
import subprocess
import sys
from typing import NamedTuple

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
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


@pytest.mark.parametrize("channels", [16, 22, 32])
def test_dilated_convolutions_train_in_bfloat16(channels):
    """With the channels innermost, torch's gradient for 22 channels on a CPU is NaN."""
    torch.manual_seed(0)
    model = nn.Conv2d(channels, channels, 3, padding=2, dilation=2)
    batches = [torch.randn(4, channels, 16, 16)]
    history = fit(model, lambda net, x: net(x).square().mean(), batches, steps=5, precision="bf16")
    assert history.loss[-1] < history.loss[0]
    assert model.weight.isfinite().all()


def test_two_runs_are_equal_and_the_seed_matters():
    def noisy(model, batch):
        return loss_fn(model, batch) + 0.1 * torch.rand(())

    runs = [fit(line(), noisy, BATCHES, steps=20, seed=seed).loss for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


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


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"device": "banana"}, "device is 'banana'"),
        ({"device": "cuda:7"}, "device is 'cuda:7'"),
        ({"precision": "fp16"}, "precision is 'fp16'"),
    ],
)
def test_settings_that_do_not_exist_are_refused(settings, message, unchecked):
    with pytest.raises(ValueError, match=message):
        fit(line(), loss_fn, BATCHES, steps=1, **settings)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="device is 'cuda', and here training runs on 'cpu'"):
        fit(line(), loss_fn, BATCHES, steps=1, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_each_call_chooses_its_device():
    seen = []

    def watched(model, batch):
        seen.append(batch[0].device.type)
        return loss_fn(model, batch)

    for device in ("cpu", None, "cuda", "cpu"):
        fit(line(), watched, BATCHES, steps=1, device=device)
    assert seen == ["cpu", "cuda", "cuda", "cpu"]


def dtype_of_training(**settings):
    seen = []

    def watched(model, batch):
        seen.append(model(batch[0]).dtype)
        return loss_fn(model, batch)

    fit(line(), watched, BATCHES, steps=1, device="cpu", **settings)
    return seen[0]


def test_no_half_precision_means_none(monkeypatch):
    """Whatever the environment says, and whatever else in the program uses Accelerate."""
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    assert dtype_of_training(precision="no") == torch.float32
    AcceleratorState._reset_state(reset_partial_state=True)
    Accelerator(cpu=True, mixed_precision="bf16")
    assert dtype_of_training(precision="no") == torch.float32


def test_a_loss_that_is_not_finite_leaves_the_weights_of_the_step_before(device):
    def fails_at_step_3(model, batch):
        fails_at_step_3.calls += 1
        good.append(model.weight.detach().clone())
        return loss_fn(model, batch) * (float("nan") if fails_at_step_3.calls == 3 else 1)

    fails_at_step_3.calls, good = 0, []
    model = line()
    with pytest.raises(ValueError, match="the loss is nan at step 2"):
        fit(model, fails_at_step_3, BATCHES, steps=9, device=device.type)
    assert torch.equal(model.weight, good[-1].cpu())


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_training_that_ends_early_is_tidied_up(error, device):
    def stops(model, batch):
        loss_fn(model, batch).backward()
        raise error

    model = line()
    with pytest.raises(error):
        fit(model, stops, BATCHES, steps=9, device=device.type)
    assert not model.training
    assert model.weight.device.type == "cpu" and model.weight.grad is None


def test_batches_may_be_dicts_and_lists():
    def from_dict(model, batch):
        return (model(batch["x"][0]) - batch["y"]).square().mean()

    history = fit(line(), from_dict, [{"x": [X], "y": 3 * X}], steps=30, lr=0.1)
    assert history.loss[-1] < history.loss[0]


class Pair(NamedTuple):
    x: torch.Tensor
    y: torch.Tensor


def test_batches_may_be_named_tuples_and_hold_single_numbers():
    def from_pair(model, batch):
        pair, factor = batch
        return factor * (model(pair.x) - pair.y).square().mean()

    history = fit(line(), from_pair, [(Pair(X, 3 * X), torch.tensor(2.0))], steps=30, lr=0.1)
    assert history.loss[-1] < history.loss[0]


def test_volumes_are_trained_too():
    model = nn.Sequential(nn.Conv3d(1, 2, 3), nn.Flatten(), nn.LazyLinear(1))
    volumes = torch.rand(4, 1, 5, 5, 5)
    model(volumes)  # fixes the size of the last layer
    history = fit(model, loss_fn, [(volumes, volumes.mean((1, 2, 3, 4))[:, None])], steps=20)
    assert history.loss[-1] < history.loss[0]


@pytest.mark.slow
def test_two_processes_train_the_same_as_one(tmp_path):
    """The command of the book, on one process and on two, with the same global batch."""
    losses = []
    for processes in (1, 2):
        out = tmp_path / str(processes)
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command += ["--nproc-per-node", str(processes), "-m", "lookclosely"]
        command += ["experiments", "run", "checkerboard", "--device", "cpu"]
        command += ["--budget", "smoke", "--seeds", "1", "--out", str(out)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stdout.count("checkerboard:") == processes  # each says that it is done
        losses.append(json.loads((out / "checkerboard.json").read_text())["seeds"][0])
    for layer in ("k3s2", "k4s2", "k2s2", "resize"):
        assert losses[0][layer]["psnr"] == pytest.approx(losses[1][layer]["psnr"], abs=1e-3)
