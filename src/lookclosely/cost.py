"""What a network costs: parameters, multiply-adds, seconds."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

CONVOLUTIONS = (
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)


def parameters(model: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


@torch.no_grad()
def multiply_adds(model: nn.Module, *inputs: Tensor) -> int:
    """Multiply-adds of the convolutions and linear layers in one call of the model, biases left
    out.

    Counted are layers that are modules (Conv, ConvTranspose, Linear), also inside others; what a
    forward does by ``F.conv2d`` or ``@`` is not seen. The call is made in evaluation mode, and the
    model is left as it was.

    - convolution: output pixels · C_out · C_in / groups · kernel pixels
    - transposed convolution: input pixels · C_in · C_out / groups · kernel pixels
    - linear: rows · in · out

    Normalisation, activations and pooling are not counted; together they are a few per cent.
    """
    total = 0

    def count(layer: Any, args: tuple[Any, ...], output: Tensor) -> None:
        nonlocal total
        if isinstance(layer, nn.Linear):
            total += output.numel() * layer.in_features
        elif layer.transposed:
            # Each input number is multiplied with its kernels, wherever they land.
            total += args[0].numel() * layer.weight[0].numel()
        else:
            total += output.numel() * layer.weight[0].numel()

    kinds = (*CONVOLUTIONS, nn.Linear)
    hooks = [m.register_forward_hook(count) for m in model.modules() if isinstance(m, kinds)]
    training = [m for m in model.modules() if m.training]
    try:
        model.eval()(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
        for module in training:
            module.training = True
    return total


def counted_multiply_adds(call: Callable[[], object]) -> float:
    """Multiply-adds of one call, whatever it calls: half of torch's count of its operations.

    Counted are convolutions, matrix products and attention, also those of a backward pass within
    the call; element-wise work, normalisation and pooling are not.
    """
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops() / 2


def saved_bytes(model: nn.Module, *inputs: Tensor) -> int:
    """What one call keeps for the backward pass, in bytes: the memory that training adds.

    Tensors that several layers keep count once; parameters are left out. A training step's peak is
    about this, the parameters, their gradients and the optimiser's state. The call is made in the
    model's own mode, for in training more is kept; its buffers (running means) are put back.
    """
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
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
    with torch.no_grad():
        for buffer, before in buffers:
            buffer.copy_(before)
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
