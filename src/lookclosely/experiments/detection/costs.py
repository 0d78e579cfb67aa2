"""Measured times that chapters show. Run it on an idle machine; a "seed" is one more
measurement."""

from dataclasses import dataclass

import torch
import torchvision

from lookclosely import ops
from lookclosely.cost import seconds
from lookclosely.models.segmentation.checkerboard import Doubling
from lookclosely.models.segmentation.unet import UNet

from ..core import Experiment, Outcome, Result, Verdict


@dataclass(frozen=True)
class Config:
    boxes: tuple[int, ...] = (100, 1000, 5000)
    image: int = 256
    channels: tuple[int, int] = (32, 16)
    map_size: int = 64
    repeats: int = 11


def box_times(count: int, repeats: int) -> dict[str, dict[str, float]]:
    """Milliseconds of pairwise IoU and of suppression at 0.5, ours and torchvision's."""
    corner, size = torch.rand(count, 2) * 600, 10 + torch.rand(count, 2) * 90
    boxes, scores = torch.cat([corner, corner + size], dim=1), torch.rand(count)
    calls = {
        "box_iou": (
            lambda: ops.box_iou(boxes, boxes),
            lambda: torchvision.ops.box_iou(boxes, boxes),
        ),
        "nms": (
            lambda: ops.nms(boxes, scores, 0.5),
            lambda: torchvision.ops.nms(boxes, scores, 0.5),
        ),
    }
    return {
        name: {
            "ours": 1e3 * seconds(ours, repeats=repeats),
            "torchvision": 1e3 * seconds(theirs, repeats=repeats),
        }
        for name, (ours, theirs) in calls.items()
    }


@torch.no_grad()
def run(config: Config, seed: int, device: str | None) -> Outcome:
    metrics: dict = {
        "box_iou": {"ours": {}, "torchvision": {}},
        "nms": {"ours": {}, "torchvision": {}},
    }
    for count in config.boxes:
        for name, times in box_times(count, config.repeats).items():
            for who, value in times.items():
                metrics[name][who][str(count)] = value
    net, image = UNet(in_channels=1).eval(), torch.zeros(1, 1, config.image, config.image)
    metrics["unet"] = {"ms": 1e3 * seconds(lambda: net(image), repeats=config.repeats)}
    x = torch.zeros(1, config.channels[0], config.map_size, config.map_size)
    metrics["upsample"] = {}
    for name, kernel_size in {"k2s2": 2, "k3s2": 3, "k4s2": 4, "resize": 0}.items():
        layer = Doubling(*config.channels, kernel_size)
        metrics["upsample"][name] = 1e3 * seconds(
            lambda layer=layer: layer(x), repeats=config.repeats
        )
    return Outcome(metrics)


def judge(result: Result) -> Verdict:
    ours, theirs = result.mean("nms/ours/1000"), result.mean("nms/torchvision/1000")
    return Verdict(
        "yes",
        f"NMS on 1,000 boxes {ours:.1f} ms (torchvision {theirs:.1f} ms); U-Net "
        f"{result.mean('unet/ms'):.0f} ms",
        "Times of one machine: compare them with each other, not with yours.",
    )


EXPERIMENT = Experiment(
    name="costs",
    claims=(),
    sources=(),
    statement="What the methods of this book cost in time.",
    chapter="detection/boxes_and_nms",
    run=run,
    full=Config(),
    smoke=Config(boxes=(100, 1000), image=64, map_size=16, repeats=2),
    judge=judge,
)
