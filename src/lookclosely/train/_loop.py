"""The one training loop of the book, on Hugging Face Accelerate.

The same call runs on a CPU, on a GPU, and on many processes: under ``accelerate launch`` on GPUs,
under ``torchrun`` also on CPUs.
"""

import math
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from accelerate.utils import set_seed
from torch import Tensor, nn
from tqdm.auto import tqdm

from ._batches import drawn_apart, share
from ._checkpoint import resume, save
from ._layout import lay_out
from ._state import accelerator_for, lent

LossFunction = Callable[[nn.Module, Any], Tensor]


@dataclass
class History:
    """What happened: the loss (mean over processes) and the learning rate of each step."""

    loss: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)

    def smoothed(self, window: int = 20) -> list[float]:
        """Running mean of the loss over the last ``window`` steps."""
        return [
            sum(part) / len(part)
            for i in range(len(self.loss))
            if (part := self.loss[max(0, i + 1 - window) : i + 1])
        ]


def cosine_schedule(step: int, *, steps: int, warmup: int) -> float:
    """The factor on the learning rate: a line from 0 to 1 over the warm-up, then half a cosine to
    0.

    Loshchilov and Hutter, "SGDR", ICLR 2017, equation 5, without restarts.
    """
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def fit(
    model: nn.Module,
    loss_fn: LossFunction,
    batches: Iterable[Any],
    *,
    steps: int,
    lr: float = 1e-3,
    weight_decay: float = 1e-4,
    warmup: int | None = None,
    seed: int = 0,
    clip_norm: float | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 500,
    progress: bool | None = None,
    precision: Literal["no", "bf16"] = "no",
    channels_last: bool | None = None,
    device: str | None = None,
) -> History:
    """Train ``model`` in place with AdamW, warm-up and cosine decay.

    Accelerate's settings are the program's own again afterwards: whatever ``Accelerator`` it had,
    or makes then, is as if this training had not been.

    Args:
        model: moved to the training device, and back to the device and the memory format it came
            from. It is left there in evaluation mode and without gradients, also when training ends
            with an error, and can be trained again.
        loss_fn: ``loss_fn(model, batch)`` returns the mean loss of a batch, a scalar.
        batches: any iterable of batches (tensors, or tuples, named tuples, lists and dicts of them,
            first dimension the batch), started again when it ends. Under several processes each
            takes its share of every batch, and the whole of a tensor without dimensions, so the
            global batch stays what it is on one, and so does the result, up to rounding, with two
            exceptions: batch normalisation sees the rows of its own process, and a loss that
            divides by a sum of weights becomes a mean of such means.
        steps: optimiser steps.
        lr: the highest learning rate; ``warmup`` steps (5 % of ``steps`` by default) lead up to it.
        seed: of every generator, set before the first batch is drawn. The network and its loss draw
            from generators that begin with ``seed``; what ``batches`` draws comes from others,
            which begin with a number made from it. They go on from where the training ends, so what
            the program draws afterwards repeats itself too.
        clip_norm: clip the gradient to this norm.
        checkpoint: a directory. If it holds a checkpoint, training goes on from there as if it had
            not been broken off: batches already used are drawn and passed over, so ``batches`` has
            to begin anew. One is written every ``checkpoint_every`` steps, the newest is kept.
        progress: show a bar; by default where somebody watches (a terminal, a live notebook).
        precision: "bf16" multiplies in bfloat16 and keeps weights and sums in float32: about twice
            as fast on a GPU or a CPU that has instructions for it. One that has none, a T4 for one,
            would be slower so, and there "bf16" means float32. "no" is float32 throughout, whatever
            the environment tells Accelerate.
        channels_last: True lays the weights of convolutions with the channels innermost while they
            train, which is quicker; False leaves them as they are. By default they are laid so, but
            not for bfloat16 on a CPU, where torch's gradients of *dilated* convolutions can be NaN
            then. A network that has none gives True and gains twice: a RetinaNet of 0.76 M weights
            took 113 ms a step, 80 in bfloat16, 57 in bfloat16 with True (one core of a Xeon).
        device: "cpu" keeps the training on the CPU; by default Accelerate chooses. "cuda" makes
            sure that it has chosen a GPU.

    Raises:
        ValueError: if ``steps`` is not positive, ``device`` or ``precision`` is none that there is
            here, ``channels_last`` is True for a model that cannot have it, ``batches`` is empty, a
            batch cannot be shared evenly among the processes, or the loss stops being finite (the
            weights are then those before that step).
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}: give at least 1")
    if precision not in ("no", "bf16"):
        raise ValueError(f'precision is {precision!r}: give "no" or "bf16"')
    warmup = max(1, steps // 20) if warmup is None else warmup
    with accelerator_for(device) as accelerator, lent(model):
        set_seed(seed)
        stream, history = drawn_apart(batches, seed), History()
        half = precision == "bf16" and _multiplies_bfloat16(accelerator.device)
        lay_out(model, channels_last, half_on_cpu=half and accelerator.device.type == "cpu")
        optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay)
        wrapped, prepared = accelerator.prepare(model, optimizer)
        if checkpoint is not None and (past := resume(accelerator, Path(checkpoint))):
            history = History(**past)
        start = len(history.loss)
        hide = not (_watched() if progress is None else progress) or not accelerator.is_main_process
        wrapped.train()
        for step in tqdm(range(steps), disable=hide, desc="training", leave=False):
            batch = next(stream)
            if step < start:
                continue
            rate = lr * cosine_schedule(step, steps=steps, warmup=warmup)
            for group in prepared.param_groups:
                group["lr"] = rate
            with torch.autocast(accelerator.device.type, torch.bfloat16, enabled=half):
                loss = loss_fn(wrapped, share(batch, accelerator))
            # Before the weights change: what is not finite must not reach them.
            _record(history, accelerator.reduce(loss.detach(), "mean"), rate)
            accelerator.backward(loss)
            if clip_norm is not None:
                accelerator.clip_grad_norm_(wrapped.parameters(), clip_norm)
            prepared.step()
            prepared.zero_grad()
            if checkpoint is not None and (step + 1) % checkpoint_every == 0:
                save(accelerator, Path(checkpoint), step + 1, asdict(history))
    return history


def _watched() -> bool:
    notebook = "ipykernel" in sys.modules and not os.environ.get("LOOKCLOSELY_STATIC")
    return notebook or sys.stderr.isatty()


def _multiplies_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is quick there. Torch has no public name for the question on a CPU."""
    if device.type == "cpu":
        return torch.cpu._is_avx512_bf16_supported()
    return device.type != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False)


def _record(history: History, loss: Any, rate: float) -> None:
    value = float(loss)
    if not math.isfinite(value):
        raise ValueError(
            f"the loss is {value} at step {len(history.loss)}: lower lr (now {rate:.1e}) or set "
            f"clip_norm"
        )
    history.loss.append(value)
    history.lr.append(rate)
