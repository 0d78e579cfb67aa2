"""The batches of a training: drawn apart from the rest of the program, shared among processes."""

import random
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import Tensor


def drawn_apart(batches: Iterable[Any], seed: int) -> Iterator[Any]:
    """The batches, again and again, drawn under random states of their own.

    A shuffling loader and a network with dropout would otherwise draw from the same generators, and
    which batch comes next would hang on how often the network had drawn. So the n-th batch is the
    same whether or not the network was trained on those before it.

    Raises:
        ValueError: if ``batches`` is empty.
    """
    stream, outside = _endless(batches), _random_states()
    set_seed(random.Random(seed).getrandbits(32))  # not ``seed``: the network begins with that
    inside = _random_states()
    _set_random_states(outside)
    while True:
        outside = _random_states()
        _set_random_states(inside)
        try:
            batch = next(stream)
        finally:
            inside = _random_states()
            _set_random_states(outside)
        yield batch


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


def _random_states() -> tuple[Any, ...]:
    cuda = torch.cuda.get_rng_state() if torch.cuda.is_available() else None
    return random.getstate(), np.random.get_state(), torch.get_rng_state(), cuda  # noqa: NPY002


def _set_random_states(states: tuple[Any, ...]) -> None:
    python, numpy, cpu, cuda = states
    random.setstate(python)
    np.random.set_state(numpy)  # noqa: NPY002
    torch.set_rng_state(cpu)
    if cuda is not None:
        torch.cuda.set_rng_state(cuda)


def share(batch: Any, accelerator: Accelerator) -> Any:
    """This process's rows of the batch, on its device; all of a tensor that has no rows.

    None stays None: what a batch may have and does not, such as masks.

    Raises:
        ValueError: if the rows cannot be shared evenly, or the batch holds something else than
            tensors.
    """
    if batch is None:
        return None
    if isinstance(batch, Tensor):
        return _rows(batch, accelerator).to(accelerator.device)
    if isinstance(batch, dict):
        return {key: share(value, accelerator) for key, value in batch.items()}
    if isinstance(batch, (tuple, list)):
        parts = [share(value, accelerator) for value in batch]
        named = hasattr(batch, "_fields")  # a named tuple wants its fields one by one
        return type(batch)(*parts) if named else type(batch)(parts)
    raise ValueError(
        f"batches gave a {type(batch).__name__}: give tensors, or tuples or dicts of them"
    )


def _rows(batch: Tensor, accelerator: Accelerator) -> Tensor:
    count, rank = accelerator.num_processes, accelerator.process_index
    if batch.ndim == 0:
        return batch
    if batch.shape[0] % count:
        raise ValueError(
            f"batches gave {batch.shape[0]} rows for {count} processes: "
            f"make the batch a multiple of {count}"
        )
    rows = batch.shape[0] // count
    return batch[rank * rows : (rank + 1) * rows]
