"""What a training borrows and gives back: Accelerate's memory of the program, and the model."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from torch import nn

from ._layout import lay_as, strides

MARK = "_is_accelerate_prepared"


@contextmanager
def accelerator_for(device: str | None) -> Iterator[Accelerator]:
    """An Accelerator on this device, in float32, whatever the program or its environment has set.

    Raises:
        ValueError: if the device is not the one that training would run on here.
    """
    with _accelerate_forgets():
        accelerator = Accelerator(cpu=device == "cpu", mixed_precision="no")
        chosen = accelerator.device.type
        if device not in (None, chosen):
            raise ValueError(
                f"device is {device!r}, and here training runs on {chosen!r}: leave device out, or "
                f'give "cpu" or {chosen!r}'
            )
        try:
            yield accelerator
        finally:
            accelerator.free_memory()


@contextmanager
def _accelerate_forgets() -> Iterator[None]:
    """Inside, Accelerate knows of no device, precision or accumulation; afterwards of those before.

    It keeps them once for the whole program, as its first user set them, and refuses whoever wants
    others later. Processes that work together keep the group that they have formed.
    """
    states = (AcceleratorState._shared_state, GradientState._shared_state)
    before = [dict(state) for state in states]
    process = PartialState._shared_state
    process_before = dict(process)
    if not torch.distributed.is_initialized():
        process.clear()
    for state in states:
        state.clear()
    try:
        yield
    finally:
        for state, values in zip(states, before):
            _refill(state, values)
        if not torch.distributed.is_initialized():
            _refill(process, process_before)


def _refill(state: dict[str, Any], values: dict[str, Any]) -> None:
    state.clear()  # in place: every object of the class holds this very dictionary
    state.update(values)


@contextmanager
def lent(model: nn.Module) -> Iterator[None]:
    """Afterwards the model is on its device and in its layout again, without gradients, evaluating.

    Accelerate marks a model that it has prepared and later leaves a marked one where it is. The
    mark is off inside, so that each training moves the model, and as it was afterwards.
    """
    home, layout = next(model.parameters()).device, strides(model)
    mark = vars(model).pop(MARK, None)
    model.zero_grad()  # what the caller computed before is no part of the first step
    try:
        yield
    finally:
        vars(model).pop(MARK, None)
        if mark is not None:
            setattr(model, MARK, mark)
        model.zero_grad()
        model.to(home).eval()
        lay_as(model, layout)
