"""Training that was broken off goes on as if it had not been, whenever that happened."""

import os
import random
import subprocess
import sys
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lookclosely.train import fit

X = torch.linspace(-1, 1, 16)[:, None]
SHUFFLED = DataLoader(TensorDataset(X, 3 * X + 1), batch_size=4, shuffle=True)


def noisy_batches():
    """Batches that draw from each generator that a program has."""
    while True:
        noise = torch.randn(4, 1) + np.random.randn() + random.gauss(0, 1)  # noqa: NPY002
        yield noise, 3 * noise + 1


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(1, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1))


def loss_fn(model, batch):
    x, y = batch
    return (model(x) - y).square().mean() + 0.01 * np.random.rand()  # noqa: NPY002


def stopped_after(steps):
    calls = count()

    def loss(model, batch):
        if next(calls) == steps:
            raise KeyboardInterrupt
        return loss_fn(model, batch)

    return loss


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def state(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.mark.parametrize("batches", [lambda: SHUFFLED, noisy_batches], ids=["loader", "generator"])
def test_a_broken_off_run_goes_on_as_if_it_had_not_been(batches, tmp_path):
    whole = network()
    expected = fit(whole, loss_fn, batches(), steps=40).loss
    keeping = {"steps": 40, "checkpoint": tmp_path, "checkpoint_every": 15}
    for stop in (20, 13):  # the second time it begins at step 15
        with pytest.raises(KeyboardInterrupt):
            fit(network(), stopped_after(stop), batches(), **keeping)
        random.seed(stop)  # other programs draw in between
        torch.manual_seed(stop)
    resumed = network(seed=5)  # its weights come from the checkpoint
    assert fit(resumed, loss_fn, batches(), **keeping).loss == expected
    assert torch.equal(state(resumed), state(whole))


def test_what_batches_draw_does_not_change_what_the_network_draws():
    plain = [(X, 3 * X + 1)]

    def drawing():
        while True:
            _ = torch.rand(3), np.random.rand(), random.random()  # noqa: NPY002
            yield plain[0]

    losses = [fit(network(), loss_fn, batches, steps=9).loss for batches in (plain, drawing())]
    assert losses[0] == losses[1]


def test_batches_and_network_do_not_draw_the_same_numbers():
    def noise():
        while True:
            yield torch.rand(4, 1)

    def difference(model, batch):
        return (batch - torch.rand(4, 1)).abs().sum() + 0 * model(batch).sum()

    # On a CPU: a GPU has generators of its own, whose numbers could not be the same.
    assert min(fit(network(), difference, noise(), steps=5, device="cpu").loss) > 0.01


@pytest.mark.parametrize("moment", ["state", "history"])
def test_a_checkpoint_cut_off_in_the_middle_is_not_used(moment, tmp_path, monkeypatch):
    """The program is stopped while it writes its second checkpoint: the first one counts."""
    whole = network()
    expected = fit(whole, loss_fn, SHUFFLED, steps=40).loss
    keeping = {"steps": 40, "checkpoint": tmp_path, "checkpoint_every": 10}
    calls = count(1)
    owner, name = (Accelerator, "save_state") if moment == "state" else (torch, "save")
    write = getattr(owner, name)

    def cut_off(*args, **kwargs):
        if moment == "history" and not str(args[1]).endswith("history.pt"):
            return write(*args, **kwargs)
        written = write(*args, **kwargs)
        if next(calls) == 2:
            raise KeyboardInterrupt
        return written

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, cut_off)
        with pytest.raises(KeyboardInterrupt):
            fit(network(), loss_fn, SHUFFLED, **keeping)
    assert names(tmp_path) == ["10", "20.draft"]
    resumed = network(seed=5)
    assert fit(resumed, loss_fn, SHUFFLED, **keeping).loss == expected
    assert torch.equal(state(resumed), state(whole))


def test_only_the_newest_checkpoint_is_kept_and_other_files_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "2024").mkdir()  # somebody else's: it holds no checkpoint
    fit(network(), loss_fn, SHUFFLED, steps=30, checkpoint=tmp_path, checkpoint_every=10)
    assert names(tmp_path) == ["2024", "30", "notes.txt"]


def test_a_finished_run_gives_back_its_history(tmp_path):
    settings = {"steps": 20, "checkpoint": tmp_path, "checkpoint_every": 20}
    first = fit(network(), loss_fn, SHUFFLED, **settings)
    model = network(seed=5)
    again = fit(model, loss_fn, SHUFFLED, **settings)
    assert (again.loss, again.lr) == (first.loss, first.lr) and not model.training


def no_gpu_for_each(*args, device_ids=None, **kwargs):
    """What torch does where ``device_ids`` names a GPU that is not there, also among CPUs."""
    raise RuntimeError(f"invalid device ordinal: {device_ids}")


def two_processes(folder):
    """What each process of the test below does, as if there were fewer GPUs than processes."""
    torch.distributed.barrier = no_gpu_for_each
    settings = {"steps": 12, "device": "cpu"}
    whole = fit(network(), loss_fn, SHUFFLED, **settings)
    settings |= {"checkpoint": folder, "checkpoint_every": 3}
    try:
        fit(network(), stopped_after(8), SHUFFLED, **settings)
    except KeyboardInterrupt:
        assert names(folder) == ["6"]
    again = fit(network(seed=5), loss_fn, SHUFFLED, **settings)
    assert again.loss == whole.loss and names(folder) == ["12"]
    assert len(list((folder / "12").glob("random_states_*"))) == int(os.environ["WORLD_SIZE"]) == 2


@pytest.mark.slow
def test_two_processes_go_on_together(tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", __file__, str(tmp_path / "checkpoint")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]


if __name__ == "__main__":
    two_processes(Path(sys.argv[1]))
