"""Small networks that label the pixels of scenes, and copies of them on their way through training.

Shapes: N images, C classes with the background, H × W pixels.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lookclosely.losses import cross_entropy
from lookclosely.models.segmentation.unet import UNet, double_conv
from lookclosely.tasks import scene_labelling as task
from lookclosely.train import fit


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


def with_snapshots(
    stream: Iterable[Any], model: nn.Module, steps: tuple[int, ...], states: dict[int, dict]
) -> Iterator[Any]:
    """The batches, and on the way a copy of the model's weights after each of these steps."""
    for step, batch in enumerate(stream):
        if step in steps:
            states[step] = _copy(model)
        yield batch


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {key: value.detach().cpu().clone() for key, value in model.state_dict().items()}


def train_one(
    variant: Variant,
    train: task.Labelled,
    snapshots: tuple[int, ...],
    *,
    batch: int,
    precision: Literal["no", "bf16"],
    seed: int,
    device: str | None,
) -> tuple[nn.Module, dict[int, dict[str, Tensor]], list[float]]:
    """The network, its weights after each number of steps in ``snapshots``, and its losses.

    The last of ``snapshots`` is the end of the training.
    """
    torch.manual_seed(seed)
    model = network(variant)
    weight = class_weights(train[1]) if variant.loss == "balanced" else None

    def loss_fn(net: nn.Module, pair: task.Labelled) -> Tensor:
        images, labels = pair
        there = None if weight is None else weight.to(images.device)
        return cross_entropy(net(images).float(), labels, weight=there)

    states: dict[int, dict[str, Tensor]] = {}
    stream = with_snapshots(task.batches(train, batch, seed), model, snapshots, states)
    history = fit(
        model,
        loss_fn,
        stream,
        steps=snapshots[-1],
        lr=variant.lr,
        seed=seed,
        precision=precision,
        device=device,
    )
    states[snapshots[-1]] = _copy(model)
    return model, states, history.loss
