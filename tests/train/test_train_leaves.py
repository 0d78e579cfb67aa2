"""A training leaves the model and the program as it found them, so that both can be used again."""

import copy
import random
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from torch import nn

import lookclosely.train._loop as loop
from lookclosely.train import fit

STATES = (PartialState, AcceleratorState, GradientState)


def network():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 1)
    )


BATCHES = [torch.rand(4, 3, 8, 8)]


def loss_fn(model, batch):
    return (model(batch) - 1).square().mean()


@pytest.fixture(autouse=True)
def forgotten():
    """Each test begins with a program that has not used Accelerate, and ends with one."""
    for state in STATES:
        state._shared_state.clear()
    yield
    for state in STATES:
        state._shared_state.clear()


class Movable(nn.Module):
    """Remembers where it was sent: on a machine without a GPU the only sign of being moved."""

    def __init__(self):
        super().__init__()
        self.line, self.sent = nn.Linear(1, 1), []

    def to(self, *args, **kwargs):
        self.sent.append(args[0] if args else kwargs)
        return super().to(*args, **kwargs)

    def forward(self, x):
        return self.line(x)


def test_each_training_of_a_model_moves_it_to_its_device_and_back():
    """A mark that stays on the model would keep it on the CPU while the batches go to the GPU."""
    model = Movable()
    trips = []
    for _ in range(3):
        model.sent.clear()
        fit(model, loss_fn, [torch.rand(4, 1)], steps=1)
        trips.append([place for place in model.sent if isinstance(place, torch.device)])
    assert [len(trip) for trip in trips] == [2, 2, 2] and trips[0] == trips[1] == trips[2]
    assert trips[0][-1].type == "cpu"


def test_a_model_is_trained_twice_on_each_device(device):
    model = network()
    losses = [
        fit(model, loss_fn, BATCHES, steps=20, lr=0.01, device=device.type).loss for _ in range(2)
    ]
    assert losses[1][-1] < losses[0][-1]
    assert model[0].weight.device.type == "cpu"


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_is_left_on_the_model(fails):
    model = network()
    before = [set(vars(part)) for part in model.modules()]

    def maybe(model, batch):
        return loss_fn(model, batch) * (float("nan") if fails else 1)

    if fails:
        with pytest.raises(ValueError, match="the loss is nan"):
            fit(model, maybe, BATCHES, steps=3)
    else:
        fit(model, maybe, BATCHES, steps=3)
    assert [set(vars(part)) for part in model.modules()] == before
    assert all(weight.grad is None for weight in model.parameters())


def test_a_mark_of_the_caller_s_own_stays():
    model = Accelerator(cpu=True).prepare(network())
    fit(model, loss_fn, BATCHES, steps=1, device="cpu")
    assert model._is_accelerate_prepared


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_weights_lie_in_memory_as_before(layout, device):
    model = network().to(memory_format=layout)
    before = {name: tensor.stride() for name, tensor in model.state_dict().items()}
    fit(model, loss_fn, BATCHES, steps=2, device=device.type)
    assert {name: tensor.stride() for name, tensor in model.state_dict().items()} == before


def test_gradients_computed_before_are_no_part_of_the_training():
    fresh, used = network(), network()
    used.load_state_dict(copy.deepcopy(fresh.state_dict()))
    (1e3 * next(used.parameters()).square().sum()).backward()
    assert fit(used, loss_fn, BATCHES, steps=3).loss == fit(fresh, loss_fn, BATCHES, steps=3).loss


@pytest.mark.parametrize("settings", [{}, {"device": "cpu"}, {"precision": "bf16"}])
def test_the_program_may_use_accelerate_as_if_nothing_had_been(settings):
    fit(network(), loss_fn, BATCHES, steps=1, **settings)
    assert [state._shared_state for state in STATES] == [{}, {}, {}]
    assert Accelerator(cpu=True, mixed_precision="bf16").mixed_precision == "bf16"


@pytest.mark.parametrize("fails", [False, True])
def test_an_accelerator_of_the_program_keeps_its_settings(fails):
    mine = Accelerator(cpu=True, mixed_precision="bf16", gradient_accumulation_steps=4)
    mine.gradient_state._set_sync_gradients(False)  # in the middle of four small batches
    if fails:
        with pytest.raises(ValueError, match="the loss is nan"):
            fit(network(), loss_fn, [BATCHES[0] * float("nan")], steps=2)
    else:
        assert len(fit(network(), loss_fn, BATCHES, steps=2).loss) == 2
    assert (mine.mixed_precision, mine.device.type) == ("bf16", "cpu")
    assert mine.gradient_accumulation_steps == 4 and not mine.sync_gradients
    assert Accelerator(mixed_precision="bf16").device.type == "cpu"


def test_an_accelerator_in_the_middle_of_small_batches_does_not_stop_the_training():
    Accelerator(cpu=True, gradient_accumulation_steps=4).gradient_state._set_sync_gradients(False)
    losses = fit(network(), loss_fn, BATCHES, steps=9, lr=0.01).loss
    assert losses[-1] < losses[0]


def test_torch_s_own_settings_stay():
    def settings():
        return (
            torch.get_default_dtype(),
            torch.is_grad_enabled(),
            torch.is_autocast_enabled("cpu"),
            torch.is_autocast_enabled("cuda"),
            torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(),
            torch.backends.cudnn.allow_tf32,
            torch.backends.cuda.matmul.allow_tf32,
        )

    before = settings()
    fit(network(), loss_fn, BATCHES, steps=1, precision="bf16")
    assert settings() == before


def test_what_is_drawn_after_a_training_repeats_itself():
    drawn = []
    for start in (1, 2):
        random.seed(start)
        np.random.seed(start)  # noqa: NPY002
        torch.manual_seed(start)
        fit(network(), loss_fn, BATCHES, steps=2, seed=7)
        drawn.append((random.random(), np.random.rand(), torch.rand(1).item()))  # noqa: NPY002
    assert drawn[0] == drawn[1]


def layouts_in_training(model, **settings):
    seen = []

    def watched(model, batch):
        weights = [w for w in model.parameters() if w.ndim == 4 and w.shape[2] > 1]
        seen.append({w.is_contiguous(memory_format=torch.channels_last) for w in weights})
        return loss_fn(model, batch)

    history = fit(model, watched, BATCHES, steps=8, lr=0.01, device="cpu", **settings)
    assert history.loss[-1] < history.loss[0]
    return seen[0] if all(there == seen[0] for there in seen) else seen


@pytest.fixture
def quick_bfloat16(monkeypatch):
    monkeypatch.setattr(loop, "_multiplies_bfloat16", lambda device: True)


@pytest.mark.parametrize(
    ("settings", "innermost"),
    [
        ({}, True),
        ({"channels_last": False}, False),
        ({"precision": "bf16"}, False),
        ({"precision": "bf16", "channels_last": True}, True),
    ],
)
def test_channels_lie_innermost_where_it_is_safe_or_asked_for(settings, innermost, quick_bfloat16):
    assert layouts_in_training(network(), **settings) == {innermost}


def test_channels_innermost_and_bfloat16_learn_what_float32_learns(quick_bfloat16):
    """The last loss of 40 steps, within the 8 bits of a bfloat16."""
    start = network()
    float32: dict[str, Any] = {}
    both: dict[str, Any] = {"precision": "bf16", "channels_last": True}
    ends = [
        fit(copy.deepcopy(start), loss_fn, BATCHES, steps=40, lr=0.01, **settings).loss[-1]
        for settings in (float32, both)
    ]
    assert ends[1] == pytest.approx(ends[0], rel=2**-4)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Conv2d(3, 4, 3, dilation=2), "the model has dilated convolutions"),
        (nn.Conv3d(1, 2, 3), "the model has weights of volumes"),
    ],
    ids=["dilated", "volumes"],
)
def test_channels_innermost_are_refused_where_they_go_wrong(model, message, quick_bfloat16):
    with pytest.raises(ValueError, match=message):
        fit(model, loss_fn, BATCHES, steps=1, precision="bf16", channels_last=True, device="cpu")


def test_dilated_convolutions_may_have_them_in_float32():
    assert layouts_in_training(nn.Conv2d(3, 4, 3, dilation=2), channels_last=True) == {True}


@pytest.mark.parametrize("native", [True, False])
def test_a_gpu_without_bfloat16_multiplies_in_float32(native, monkeypatch):
    """A T4 would imitate it, slower than float32."""
    monkeypatch.setattr(
        torch.cuda,
        "is_bf16_supported",
        lambda including_emulation=True: native or including_emulation,
    )
    assert loop._multiplies_bfloat16(torch.device("cuda")) is native
