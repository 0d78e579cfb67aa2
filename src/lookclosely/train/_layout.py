"""How the weights of a model lie in memory while it trains, and that they lie as before again."""

import torch
from torch import Tensor, nn

Strides = dict[str, tuple[int, ...]]


def lay_out(model: nn.Module, channels_last: bool | None, *, half_on_cpu: bool) -> None:
    """With the channels innermost convolutions run faster, on a CPU about 1.5 times. None chooses
    that wherever it is safe.

    Weights of volumes have no such layout. In bfloat16 on a CPU, the gradients of dilated
    convolutions come out as NaN for some numbers of channels, 22 for one (torch 2.14 on a Xeon).

    Raises:
        ValueError: if the layout is asked for and the model cannot have it.
    """
    volumes = any(tensor.ndim == 5 for tensor in _tensors(model).values())
    if channels_last is None:
        channels_last = not half_on_cpu and not volumes
    if not channels_last:
        return
    if volumes:
        raise ValueError(
            "channels_last is True, and the model has weights of volumes: leave it out"
        )
    if half_on_cpu and _has_dilation(model):
        raise ValueError(
            "channels_last is True, and the model has dilated convolutions, whose gradients may "
            'come out as NaN so in bfloat16 on a CPU: leave it out, or give precision="no"'
        )
    model.to(memory_format=torch.channels_last)


def _has_dilation(model: nn.Module) -> bool:
    return any(
        isinstance(part, (nn.Conv2d, nn.ConvTranspose2d)) and max(part.dilation) > 1
        for part in model.modules()
    )


def strides(model: nn.Module) -> Strides:
    """The strides of all tensors that a change of layout can reach."""
    return {name: tensor.stride() for name, tensor in _tensors(model).items() if tensor.ndim == 4}


def lay_as(model: nn.Module, before: Strides) -> None:
    """Lay the tensors as they lay ``before``, each by itself: they need not have been alike."""
    for name, tensor in _tensors(model).items():
        wanted = before.get(name, tensor.stride())
        # Strides of 0 are of a tensor that repeats itself, which a copy cannot be.
        if tensor.stride() != wanted and 0 not in wanted:
            tensor.data = tensor.new_empty_strided(tensor.shape, wanted).copy_(tensor.detach())


def _tensors(model: nn.Module) -> dict[str, Tensor]:
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}
