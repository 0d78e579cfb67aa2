"""Small networks that label the pixels of scenes, and copies of them on their way through training.

Shapes: N images, C classes with the background, H × W pixels.
"""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lookclosely.losses import cross_entropy
from lookclosely.models.segmentation.unet import UNet, double_conv
from lookclosely.tasks import scene_labelling as task

from .. import training
from ..runs import State, weights_of, with_snapshots


@dataclass(frozen=True)
class Variant:
    """A network and how it is trained.

    A U-Net with or without skip connections, or a ``flat`` stack of 3×3 convolutions without
    pooling, two for each number of ``channels``; the loss plain or with weights for the classes.
    """

    name: str
    channels: tuple[int, ...] = (8, 16, 32)
    kind: Literal["unet", "no skips", "flat"] = "unet"
    lr: float = 3e-3
    loss: Literal["plain", "balanced"] = "plain"


@runtime_checkable
class Schedule(Protocol):
    """What a config says of the training; the last of ``snapshots`` is its end."""

    @property
    def snapshots(self) -> tuple[int, ...]: ...
    @property
    def batch(self) -> int: ...
    @property
    def precision(self) -> Literal["no", "bf16"]: ...


def network(variant: Variant) -> nn.Module:
    if variant.kind == "flat":
        layers = [double_conv(a, b) for a, b in zip((3, *variant.channels), variant.channels)]
        return nn.Sequential(*layers, nn.Conv2d(variant.channels[-1], task.CLASSES, 1))
    skips = [variant.kind == "unet"] * (len(variant.channels) - 1)
    return UNet(num_classes=task.CLASSES, channels=variant.channels, skips=skips)


def class_weights(labels: Int[Tensor, "N H W"]) -> Float[Tensor, " C"]:
    """1 / √(share of the pixels), scaled so that the mean over the pixels is 1."""
    share = labels.flatten().bincount(minlength=task.CLASSES) / labels.numel()
    weight = share.clamp(min=1 / labels.numel()).rsqrt()  # finite for a class that is nowhere
    return weight / (weight * share).sum()


def train_one(
    variant: Variant,
    train: task.Labelled,
    config: Schedule,
    seed: int,
    device: str | None,
) -> tuple[nn.Module, dict[int, State], list[float]]:
    """The network, its weights after each number of steps in ``snapshots``, and its losses."""
    torch.manual_seed(seed)
    model = network(variant)
    weight = class_weights(train[1]) if variant.loss == "balanced" else None

    def loss_fn(net: nn.Module, pair: task.Labelled) -> Tensor:
        images, labels = pair
        there = None if weight is None else weight.to(images.device)
        return cross_entropy(net(images).float(), labels, weight=there)

    states: dict[int, State] = {}
    end = config.snapshots[-1]
    stream = with_snapshots(
        task.batches(train, config.batch, seed), model, config.snapshots, states
    )
    losses = training.train(
        model, loss_fn, stream, config, seed=seed, device=device, steps=end, lr=variant.lr
    )
    states[end] = weights_of(model)
    return model, states, losses
