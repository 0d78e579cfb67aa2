"""What a network costs: parameters, multiply-adds, seconds."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


def parameters(model: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


@torch.no_grad()
def multiply_adds(model: nn.Module, *inputs: Tensor) -> int:
    """Multiply-adds of the convolutions and linear layers in one call of the model, biases left
    out.

    - convolution: output pixels · C_out · C_in / groups · kernel pixels
    - transposed convolution: input pixels · C_in · C_out / groups · kernel pixels
    - linear: rows · in · out

    Normalisation, activations and pooling are not counted; together they are a few per cent.
    """
    total = 0

    def count(layer: Any, args: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        if isinstance(layer, nn.Linear):
            total += output.numel() * layer.in_features
        elif layer.transposed:
            # Each input number is multiplied with its kernels, wherever they land.
            total += args[0].numel() * layer.weight[0].numel()
        else:
            total += output.numel() * layer.weight[0].numel()

    kinds = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.Linear)
    hooks = [m.register_forward_hook(count) for m in model.modules() if isinstance(m, kinds)]
    try:
        model(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return total


def saved_bytes(model: nn.Module, *inputs: Tensor) -> int:
    """What one call keeps for the backward pass, in bytes: the memory that training adds.

    Tensors that several layers keep count once; parameters are left out. A training step's peak is
    about this, the parameters, their gradients and the optimiser's state.
    """
    parameters = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = model(*inputs)  # held, so that no address is given to two tensors
    del output
    return sum(kept.values())


def seconds(call: Callable[[], object], *, repeats: int = 7) -> float:
    """Median wall time of a call, after one to warm up; waits for the GPU if there is one."""
    times = []
    for _ in range(repeats + 1):
        begin = time.perf_counter()
        call()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])
