"""The one training loop of the book, on Hugging Face Accelerate.

The same call runs on a CPU, on a GPU, and on many processes under ``accelerate launch``.
"""

import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import Tensor, nn
from tqdm.auto import tqdm

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
    device: str | None = None,
) -> History:
    """Train ``model`` in place with AdamW, warm-up and cosine decay.

    Args:
        model: moved to the training device, and back to the device it came from.
        loss_fn: ``loss_fn(model, batch)`` returns the mean loss of a batch, a scalar.
        batches: any iterable of batches (tensors, or tuples, lists and dicts of them, first
            dimension the batch), started again when it ends. Under several processes each takes
            its share of every batch, so the global batch stays what it is on one.
        steps: optimiser steps.
        lr: the highest learning rate; ``warmup`` steps (5 % of ``steps`` by default) lead up to it.
        seed: of every generator, set before the first batch is drawn.
        clip_norm: clip the gradient to this norm.
        checkpoint: a directory. If it holds a checkpoint, training goes on from there (batches
            already used are drawn and passed over); one is written every ``checkpoint_every``
            steps.
        progress: show a bar; by default where somebody watches (a terminal, a live notebook).
        precision: "bf16" multiplies in bfloat16 and keeps weights and sums in float32: about twice
            as fast on a GPU, or a CPU that has instructions for it. On a CPU that has none it would
            be ten times slower, so there "bf16" means float32. "no" is float32 throughout.
        device: "cpu" keeps the training on the CPU; by default Accelerate chooses.

    Raises:
        ValueError: if ``steps`` is not positive, ``batches`` is empty, a batch cannot be shared
            evenly among the processes, or the loss stops being finite.
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}: give at least 1")
    accelerator = Accelerator(cpu=device == "cpu")
    set_seed(seed)
    home = next(model.parameters()).device
    # Convolutions run faster with the channels innermost; on a CPU about 1.5 times.
    model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay)
    warmup = max(1, steps // 20) if warmup is None else warmup
    history, start = History(), 0
    wrapped, prepared = accelerator.prepare(model, optimizer)
    if checkpoint is not None:
        start = _resume(accelerator, Path(checkpoint), history)
    wrapped.train()
    stream = _endless(batches)
    half = precision == "bf16" and _multiplies_bfloat16(accelerator.device)
    hide = not (_watched() if progress is None else progress) or not accelerator.is_main_process
    for step in tqdm(range(steps), disable=hide, desc="training", leave=False):
        batch = next(stream)
        if step < start:
            continue
        rate = lr * cosine_schedule(step, steps=steps, warmup=warmup)
        for group in prepared.param_groups:
            group["lr"] = rate
        with torch.autocast(accelerator.device.type, torch.bfloat16, enabled=half):
            loss = loss_fn(wrapped, _share(batch, accelerator))
        accelerator.backward(loss)
        if clip_norm is not None:
            accelerator.clip_grad_norm_(wrapped.parameters(), clip_norm)
        prepared.step()
        prepared.zero_grad()
        _record(history, accelerator.reduce(loss.detach(), "mean"), rate)
        if checkpoint is not None and (step + 1) % checkpoint_every == 0:
            _save(accelerator, Path(checkpoint), history)
    model.to(home).eval()
    accelerator.free_memory()
    return history


def _watched() -> bool:
    notebook = "ipykernel" in sys.modules and not os.environ.get("LOOKCLOSELY_STATIC")
    return notebook or sys.stderr.isatty()


def _multiplies_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is quick there. Torch has no public name for the question on a CPU."""
    return device.type != "cpu" or torch.cpu._is_avx512_bf16_supported()


def _endless(batches: Iterable[Any]) -> Iterator[Any]:
    while True:
        empty = True
        for batch in batches:
            empty = False
            yield batch
        if empty:
            raise ValueError(
                "batches is empty, or an iterator that is used up: give a list, a DataLoader, "
                "or an iterator that does not end"
            )


def _share(batch: Any, accelerator: Accelerator) -> Any:
    """This process's rows of the batch, on its device."""
    if isinstance(batch, Tensor):
        count, rank = accelerator.num_processes, accelerator.process_index
        if batch.shape[0] % count:
            raise ValueError(
                f"batches gave {batch.shape[0]} rows for {count} processes: "
                f"make the batch a multiple of {count}"
            )
        rows = batch.shape[0] // count
        return batch[rank * rows : (rank + 1) * rows].to(accelerator.device)
    if isinstance(batch, dict):
        return {key: _share(value, accelerator) for key, value in batch.items()}
    if isinstance(batch, (tuple, list)):
        return type(batch)(_share(value, accelerator) for value in batch)
    raise ValueError(
        f"batches gave a {type(batch).__name__}: give tensors, or tuples or dicts of them"
    )


def _record(history: History, loss: Any, rate: float) -> None:
    value = float(loss)
    if not math.isfinite(value):
        raise ValueError(
            f"the loss is {value} at step {len(history.loss)}: lower lr (now {rate:.1e}) or set "
            f"clip_norm"
        )
    history.loss.append(value)
    history.lr.append(rate)


def _save(accelerator: Accelerator, folder: Path, history: History) -> None:
    accelerator.save_state(str(folder))
    if accelerator.is_main_process:
        torch.save({"loss": history.loss, "lr": history.lr}, folder / "history.pt")


def _resume(accelerator: Accelerator, folder: Path, history: History) -> int:
    """Load the checkpoint, if there is one; the number of steps that it has behind it."""
    if not (folder / "history.pt").exists():
        return 0
    accelerator.load_state(str(folder))
    past = torch.load(folder / "history.pt", weights_only=True)
    history.loss, history.lr = past["loss"], past["lr"]
    return len(history.loss)
