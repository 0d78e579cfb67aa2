"""C17: which overlap should non-maximum suppression tolerate, in sparse and in crowded scenes?

Raw detections are simulated, so that nothing but the threshold decides: every object is found
several times, by boxes shifted and scaled at random, each scored by how well it fits plus noise;
some boxes stand on nothing.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lookclosely import ops
from lookclosely.data import scenes
from lookclosely.metrics import voc_ap

from ..core import Experiment, Outcome, Plot, Result, Verdict


@dataclass(frozen=True)
class Config:
    images: int = 300
    thresholds: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    copies: int = 8  # raw detections of each object
    jitter: float = 0.12  # of centre (share of the size) and of log size, standard deviation
    score_noise: float = 0.2
    strays: int = 8  # detections of nothing, an image
    classes: tuple[str, ...] = ("disc",)  # all of one class: suppression is within a class
    sparse: tuple[int, int] = (1, 4)
    crowded: tuple[int, int] = (20, 30)  # most have a neighbour at IoU > 0.4
    scale: tuple[float, float] = (0.3, 0.4)
    max_occlusion: float = 0.9


Picture = dict[str, Tensor]


def raw_detections(scene: scenes.Scene, config: Config, generator: torch.Generator) -> Picture:
    """What a detector gives before suppression: boxes, scores, labels."""
    height, width = scene.semantic.shape
    truth = scene.full_boxes.repeat_interleave(config.copies, dim=0)
    found = jittered(truth, config.jitter, generator)
    own_iou = torch.stack(
        [ops.box_iou(a[None], b[None])[0, 0] for a, b in zip(found, truth)] or [truth.new_zeros(())]
    )
    noise = config.score_noise * torch.randn(len(found), generator=generator)
    corner = torch.rand(config.strays, 2, generator=generator) * 0.7
    size = 0.1 + 0.2 * torch.rand(config.strays, 2, generator=generator)
    strays = torch.cat([corner, corner + size], dim=1) * torch.tensor(
        [width, height, width, height]
    )
    kinds = torch.tensor([scenes.CLASSES.index(name) for name in config.classes])
    stray_labels = kinds[torch.randint(len(kinds), (config.strays,), generator=generator)]
    return {
        "boxes": torch.cat([found, strays]),
        "scores": torch.cat(
            [
                (own_iou[: len(found)] + noise).clamp(0.01, 1),
                0.6 * torch.rand(config.strays, generator=generator),
            ]
        ),
        "labels": torch.cat([scene.classes.repeat_interleave(config.copies), stray_labels]),
    }


def jittered(
    boxes: Float[Tensor, "N 4"], jitter: float, generator: torch.Generator
) -> Float[Tensor, "N 4"]:
    """Boxes with centres moved by N(0, jitter·size) and sizes multiplied by exp N(0, jitter)."""
    cx, cy, w, h = ops.box_convert(boxes, "xyxy", "cxcywh").unbind(1)
    z = jitter * torch.randn(4, len(boxes), generator=generator)
    moved = torch.stack([cx + z[0] * w, cy + z[1] * h, w * z[2].exp(), h * z[3].exp()], dim=1)
    return ops.box_convert(moved, "cxcywh", "xyxy")


def kept(raw: Picture, threshold: float | None) -> Picture:
    """Detections after suppression within each class; None keeps all."""
    if threshold is None:
        return raw
    index = ops.batched_nms(raw["boxes"], raw["scores"], raw["labels"], threshold)
    return {key: value[index] for key, value in raw.items()}


def softened(raw: Picture) -> Picture:
    """Detections after gaussian soft-NMS within each class."""
    parts = []
    for label in raw["labels"].unique():
        mine = (raw["labels"] == label).nonzero()[:, 0]
        index, scores = ops.soft_nms(raw["boxes"][mine], raw["scores"][mine])
        parts.append(
            {
                "boxes": raw["boxes"][mine][index],
                "scores": scores,
                "labels": raw["labels"][mine][index],
            }
        )
    return {key: torch.cat([part[key] for part in parts]) for key in raw}


def curve(config: Config, objects: tuple[int, int], seed: int) -> dict[str, Any]:
    """AP at every threshold, without suppression, and with soft-NMS, on one kind of scenes."""
    knobs = scenes.Config(
        objects=objects,
        scale=config.scale,
        classes=config.classes,
        max_occlusion=config.max_occlusion,
    )
    generator = torch.Generator().manual_seed(seed)
    drawn = [scenes.draw(k, seed=seed, config=knobs) for k in range(config.images)]
    raw = [raw_detections(scene, config, generator) for scene in drawn]
    truth = [{"boxes": scene.full_boxes, "labels": scene.classes} for scene in drawn]

    def ap(predictions: list[Picture]) -> float:
        return voc_ap(predictions, truth, points=None).mean

    return {
        "ap": {f"{t}": ap([kept(r, t) for r in raw]) for t in config.thresholds},
        "none": ap([kept(r, None) for r in raw]),
        "soft": ap([softened(r) for r in raw]),
        "objects": sum(len(scene.classes) for scene in drawn) / len(drawn),
    }


def run(config: Config, seed: int, device: str | None) -> Outcome:
    """The best threshold is chosen on validation scenes and scored on test scenes."""
    metrics = {}
    for kind, objects in (("sparse", config.sparse), ("crowded", config.crowded)):
        validation = curve(config, objects, 1000 + seed)["ap"]
        best = max(validation, key=validation.__getitem__)
        test = curve(config, objects, 2000 + seed)
        metrics[kind] = {**test, "best": float(best), "ap_at_best": test["ap"][best]}
    return Outcome(metrics)


def judge(result: Result) -> Verdict:
    """Held where on every seed 0.5 lies between the best thresholds of the two kinds of scenes and
    costs less than 0.02 AP in each; not where it costs more on every seed in both.
    """
    sparse, crowded = result.values("sparse/best"), result.values("crowded/best")
    costs = {
        kind: result.gains(f"{kind}/ap_at_best", f"{kind}/ap/0.5") for kind in ("sparse", "crowded")
    }
    loss = {kind: sum(each) / len(each) for kind, each in costs.items()}
    cheap = [cost < 0.02 for each in costs.values() for cost in each]
    between = max(sparse) <= 0.5 <= min(crowded)
    return Verdict(
        "yes" if all(cheap) and between else "partly" if any(cheap) else "no",
        f"best threshold {result.mean('sparse/best'):.1f} in sparse, "
        f"{result.mean('crowded/best'):.1f} in crowded scenes; "
        f"AP at 0.5: {result.text('sparse/ap/0.5')} and {result.text('crowded/ap/0.5')}",
        f"0.5 costs {loss['sparse']:.3f} AP against the best threshold in sparse scenes and "
        f"{loss['crowded']:.3f} in crowded ones. "
        f"Without suppression AP is {result.mean('sparse/none'):.3f} and "
        f"{result.mean('crowded/none'):.3f}.",
    )


EXPERIMENT = Experiment(
    name="nms_threshold",
    claims=("C17",),
    sources=("S003 · Postprocessing: NMS",),
    statement="0.5 is a good threshold: of boxes that overlap by more, keep the one with the "
    "highest score.",
    chapter="detection/boxes_and_nms",
    run=run,
    full=Config(),
    smoke=Config(images=6, thresholds=(0.3, 0.5, 0.7), copies=4),
    judge=judge,
    short="0.5 is a good NMS threshold",
    plot=Plot(
        "average precision",
        (
            ("0.5, sparse", "sparse/ap/0.5"),
            ("0.5, crowded", "crowded/ap/0.5"),
            ("none, crowded", "crowded/none"),
        ),
    ),
)
