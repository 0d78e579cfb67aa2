"""The nets that several claims about DeconvNet share: each is trained once in a process."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lookclosely.models.segmentation.deconvnet import DeconvNet
from lookclosely.models.segmentation.fcn import FCN
from lookclosely.tasks.proposals import SCENES, Kind, crops, proposal_scores, proposals
from lookclosely.tasks.scene_labelling import (
    CLASSES,
    Labelled,
    batches,
    labelled,
    pixel_loss,
    scores,
)

from ..core import Result
from ..training import train


@dataclass(frozen=True)
class Training:
    """What all the experiments on DeconvNet share, so that one net serves several claims.

    The learning rate is the best of 0.001, 0.003 and 0.01 on validation scenes, for DeconvNet in
    two stages and for the FCN alike.
    """

    size: int = 32
    channels: tuple[int, ...] = (16, 32, 48)
    code: int = 96
    steps: int = 1500
    easy_steps: int = 500  # of them in the first of two stages: a third, as in the paper
    batch: int = 32
    lr: float = 3e-3
    precision: Literal["no", "bf16"] = "no"
    train_scenes: int = 2000
    proposals: int = 6  # of a scene, for training
    test_proposals: int = 50  # as many as in the paper
    fcn_batch: int = 8  # whole scenes of 64 × 64 pixels: as many pixels as 32 crops

    @property
    def cuts(self) -> tuple[int, int, int]:
        """The last arguments of ``crops``."""
        return self.train_scenes, self.proposals, self.size


TINY = Training(
    size=16,
    channels=(8, 16),
    code=16,
    steps=150,
    easy_steps=50,
    batch=16,
    train_scenes=12,
    proposals=4,
    test_proposals=4,
    fcn_batch=2,
)
"""At smoke budget."""

TRAINED = SCENES.scale  # diameter of objects as a share of the image's side

Stages = tuple[tuple[Kind, int], ...]
"""Which crops, and for how many steps."""

Losses = dict[str, list[float]]
"""Of each stage, which starts on crops that the one before has not seen."""


def two_stages(training: Training) -> Stages:
    return ("easy", training.easy_steps), ("hard", training.steps - training.easy_steps)


Norm = Literal["batch", "none", "start"]
"""What keeps the layers' outputs in range: batch normalisation, nothing, or a good start only."""


def build(training: Training, norm: Norm = "batch") -> DeconvNet:
    """DeconvNet, untrained."""
    net = DeconvNet(
        num_classes=CLASSES,
        size=training.size,
        channels=training.channels,
        code=training.code,
        batch_norm=norm == "batch",
    )
    if norm == "start":
        unit_variance(net, crops("hard", *training.cuts)[0][:64])
    return net


def stage_variants(training: Training) -> dict[str, tuple[Training, Stages, Norm]]:
    """The third has the schedule of the first, two warm-ups and decays, and no easy crops."""
    easy = training.easy_steps
    stages: dict[str, Stages] = {
        "two_stages": two_stages(training),
        "one_stage": (("hard", training.steps),),
        "restarted": (("hard", easy), ("hard", training.steps - easy)),
    }
    return {name: (training, steps, "batch") for name, steps in stages.items()}


@torch.no_grad()
def unit_variance(net: nn.Module, images: Float[Tensor, "N 3 H W"]) -> None:
    """Scale and shift every layer so that each of its channels has mean 0 and variance 1 on these
    images: the outputs that batch normalisation would give at the start.

    After Mishkin and Matas, "All you need is a good init", ICLR 2016, without its orthogonal start.
    """

    def scale(
        layer: nn.Conv2d | nn.ConvTranspose2d, args: tuple[Tensor, ...], output: Tensor
    ) -> Tensor:
        mean, std = output.mean((0, 2, 3)), output.std((0, 2, 3)).clamp(min=1e-6)
        across = (1, -1, 1, 1) if isinstance(layer, nn.ConvTranspose2d) else (-1, 1, 1, 1)
        layer.weight.div_(std.view(across))
        assert layer.bias is not None
        layer.bias.sub_(mean).div_(std)
        return (output - mean.view(1, -1, 1, 1)) / std.view(1, -1, 1, 1)

    kinds = (nn.Conv2d, nn.ConvTranspose2d)
    hooks = [m.register_forward_hook(scale) for m in net.modules() if isinstance(m, kinds)]
    net(images)
    for hook in hooks:
        hook.remove()


def deconvnet(
    training: Training, seed: int, stages: Stages, device: str | None, norm: Norm = "batch"
) -> tuple[DeconvNet, Losses]:
    """A trained net and its losses. Every stage has its own warm-up and decay."""
    return _deconvnet(training, seed, stages, device, norm)


@lru_cache(maxsize=64)  # of calls that give all arguments: a default left out is another call
def _deconvnet(
    training: Training, seed: int, stages: Stages, device: str | None, norm: Norm
) -> tuple[DeconvNet, Losses]:
    torch.manual_seed(seed)
    net = build(training, norm)
    return net, _fit_stages(net, stages, seed, training, device)


@lru_cache(maxsize=64)
def fcn(training: Training, seed: int, device: str | None) -> tuple[FCN, list[float]]:
    """The same number of steps on whole scenes, as many pixels in each."""
    torch.manual_seed(seed)
    net = FCN(num_classes=CLASSES)
    stream = batches(labelled("train", training.train_scenes, SCENES), training.fcn_batch, seed)
    return net, _fit(net, stream, training.steps, seed, training, device)


@lru_cache(maxsize=64)
def fcn_on_crops(training: Training, seed: int, device: str | None) -> tuple[FCN, Losses]:
    """The same FCN, trained on DeconvNet's crops in two stages: proposals without deconvolution."""
    torch.manual_seed(seed)
    net, stages = FCN(num_classes=CLASSES), two_stages(training)
    return net, _fit_stages(net, stages, seed, training, device)


def _fit_stages(
    net: nn.Module, stages: Stages, seed: int, training: Training, device: str | None
) -> Losses:
    losses = {}
    for number, (kind, steps) in enumerate(stages):
        stream = batches(crops(kind, *training.cuts), training.batch, seed + 1000 * number)
        losses[f"stage {number + 1}"] = _fit(net, stream, steps, seed, training, device)
    return losses


def compared(
    nets: Mapping[str, tuple[Training, Stages, Norm]],
    test_scenes: int,
    seed: int,
    device: str | None,
) -> tuple[dict[str, DeconvNet], dict[str, dict], Losses]:
    """DeconvNets by name, each trained, its scores on the same test scenes, and all losses."""
    images, labels = labelled("test", test_scenes, SCENES)
    trained, metrics, losses = {}, {}, {}
    for name, (training, stages, norm) in nets.items():
        trained[name], found = deconvnet(training, seed, stages, device, norm)
        losses |= named(name, found)
        boxes = proposals(test_scenes, training.test_proposals)
        maps = proposal_scores(trained[name], images, boxes, training.size)
        metrics[name] = scores(maps.argmax(1), labels)
    return trained, metrics, losses


def named(name: str, losses: Losses) -> Losses:
    """The losses of a net's stages, under its name."""
    return {f"{name}, {stage}": values for stage, values in losses.items()}


def _fit(
    net: nn.Module,
    stream: Iterator[Labelled],
    steps: int,
    seed: int,
    training: Training,
    device: str | None,
) -> list[float]:
    return train(
        net,
        pixel_loss,
        stream,
        training,
        seed=seed,
        device=device,
        steps=steps,
        clip_norm=1.0,
    )


def object_iou(pred: Int[Tensor, "N H W"], labels: Int[Tensor, "N H W"]) -> float:
    """IoU of the pixels of the one object's class, the mean over images."""
    kind = labels.flatten(1).amax(1)[:, None, None]
    found, truth = pred == kind, labels == kind
    shared, either = (part.flatten(1).sum(1) for part in (found & truth, found | truth))
    return float((shared / either).mean())


def kept(result: Result, name: str) -> list[float]:
    """IoU beyond the trained sizes as a share of that within, seed by seed."""
    scales = result.config["scales"]
    means = []
    for within in (False, True):
        chosen = [s for s in scales if (TRAINED[0] <= s <= TRAINED[1]) == within]
        rows = [result.values(f"{name}/{s:g}") for s in chosen]
        means.append([sum(column) / len(column) for column in zip(*rows)])
    return [beyond / max(within, 1e-6) for beyond, within in zip(*means)]
