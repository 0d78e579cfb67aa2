"""C01: how large a patch must be before the class of its centre pixel can be told.

One network for every patch size: it always gets 47×47 pixels, but all that lies outside the central
k×k is grey. So parameters, multiply-adds and steps are equal, and only what can be seen differs.
Pixels are drawn with all classes equally often, so guessing scores 1 / classes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from lookclosely import ops
from lookclosely.data import nuclei, scenes
from lookclosely.models.looking.patch import PatchClassifier, cut_patches, see_only

from ..core import Experiment, Outcome, Plot, Result, Verdict
from ..training import train

Dataset = Literal["scenes", "nuclei"]


@dataclass(frozen=True)
class Config:
    patches: tuple[int, ...] = (1, 5, 11, 23, 47)
    window: int = 47
    steps: int = 500
    batch: int = 128
    lr: float = 2e-3
    precision: Literal["no", "bf16"] = "bf16"
    width: int = 16
    train_images: int = 2000
    test_images: int = 400
    test_pixels: int = 4000
    datasets: tuple[Dataset, ...] = ("scenes", "nuclei")


Labelled = tuple[Float[Tensor, "N C H W"], Int[Tensor, "N H W"], int]


def images_and_labels(name: Dataset, split: str, count: int) -> Labelled:
    """Images, their label maps, and the number of classes."""
    if name == "scenes":
        seed = ("train", "val", "test").index(split)
        data = scenes.batch(range(count), seed=seed)
        return data["image"] - 0.5, data["semantic"], len(scenes.CLASSES)
    cells = nuclei.load(split)
    grey = ops.standardize(cells.images[:count, :1].float() / 255)
    return grey, cells.semantic[:count], 2


def balanced_pixels(
    labels: Int[Tensor, "N H W"], classes: int, generator: torch.Generator
) -> Iterator[Int[Tensor, " 3"]]:
    """Positions (image, row, column) without end, each class equally often."""
    flat, width = labels.flatten(), labels.shape[-1]
    places = [(flat == k).nonzero()[:, 0] for k in range(classes)]
    if missing := [k for k, place in enumerate(places) if not len(place)]:
        raise ValueError(f"labels have no pixel of class {missing[0]}: give more images")
    while True:
        index = torch.stack(
            [p[torch.randint(len(p), (256,), generator=generator)] for p in places], dim=1
        )
        rows = index // width  # counted through all images
        yield from torch.stack(
            [rows // labels.shape[-2], rows % labels.shape[-2], index % width], dim=-1
        ).flatten(0, 1)


def sample(
    data: Labelled, count: int, window: int, pixels: Iterator[Tensor]
) -> tuple[Float[Tensor, "B C w w"], Int[Tensor, " B"]]:
    """Windows round ``count`` pixels, and the classes of those pixels."""
    images, labels, _ = data
    where = torch.stack([next(pixels) for _ in range(count)])
    return cut_patches(images, where, window), labels[tuple(where.T)]


def train_one(
    data: Labelled, patch: int, config: Config, seed: int, device: str | None
) -> tuple[PatchClassifier, list[float]]:
    images, labels, classes = data
    torch.manual_seed(seed)
    model = PatchClassifier(
        in_channels=images.shape[1], num_classes=classes, window=config.window, width=config.width
    )
    pixels = balanced_pixels(labels, classes, torch.Generator().manual_seed(seed))

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            windows, target = sample(data, config.batch, config.window, pixels)
            yield see_only(windows, patch), target

    def loss_fn(net: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return F.cross_entropy(net(batch[0]), batch[1])

    losses = train(
        model,
        loss_fn,
        batches(),
        config,
        seed=seed,
        device=device,
    )
    return model, losses


def run(config: Config, seed: int, device: str | None) -> Outcome:
    metrics, losses = {}, {}
    for name in config.datasets:
        train = images_and_labels(name, "train", config.train_images)
        test = images_and_labels(name, "test", config.test_images)
        pixels = balanced_pixels(test[1], test[2], torch.Generator().manual_seed(2))
        windows, target = sample(test, config.test_pixels, config.window, pixels)
        accuracy = {}
        for patch in config.patches:
            model, losses[f"{name} {patch}"] = train_one(train, patch, config, seed, device)
            with torch.no_grad():
                scores = torch.cat([model(see_only(w, patch)) for w in windows.split(500)])
            accuracy[str(patch)] = float((scores.argmax(1) == target).float().mean())
        metrics[name] = {"accuracy": accuracy, "chance": 1 / test[2]}
    return Outcome(metrics, losses)


def judge(result: Result) -> Verdict:
    """Held if one pixel is worth no more than guessing and the largest patch is, in each seed, on
    scenes and on nuclei; in part if on one of the two."""
    sizes = result.config["patches"]
    one, most = f"{sizes[0]}", f"{sizes[-1]}"

    def needed(name: str) -> bool:
        chance = result.mean(f"{name}/chance")
        pixel, patch = (result.values(f"{name}/accuracy/{size}") for size in (one, most))
        return max(pixel) < chance + 0.05 and min(patch) > chance + 0.1

    def share(path: str) -> str:
        return f"{result.mean(path):.0%}"

    pixel = {name: share(f"{name}/accuracy/{one}") for name in ("scenes", "nuclei")}
    patch = {name: share(f"{name}/accuracy/{most}") for name in ("scenes", "nuclei")}
    count = needed("scenes") + needed("nuclei")
    return Verdict(
        ("no", "partly", "yes")[count],
        f"scenes: {pixel['scenes']} from one pixel (guessing {share('scenes/chance')}), "
        f"{patch['scenes']} from {most}×{most}; nuclei: {pixel['nuclei']} from one pixel",
        "True where colour and texture tell nothing of the class, as in the scenes. Not a law: a "
        "nucleus is bright, also in images that were brought to mean 0 and deviation 1. There one "
        f"pixel gives {pixel['nuclei']} (guessing {share('nuclei/chance')}), {most}×{most} pixels "
        f"{patch['nuclei']}.",
    )


EXPERIMENT = Experiment(
    name="context",
    claims=("C01",),
    sources=("S004 · Problem: Impossible to classify without context",),
    statement="A pixel is impossible to classify without context.",
    chapter="looking/tasks",
    needs=(nuclei.SOURCE,),
    run=run,
    full=Config(),
    smoke=Config(
        patches=(1, 31),
        window=31,
        steps=25,
        batch=32,
        width=8,
        precision="no",
        train_images=40,
        test_images=40,
        test_pixels=64,
    ),
    judge=judge,
    short="no class without context",
    plot=Plot(
        "share of pixels right",
        (
            ("scenes, 1 pixel", "scenes/accuracy/1"),
            ("scenes, 47×47", "scenes/accuracy/47"),
            ("nuclei, 1 pixel", "nuclei/accuracy/1"),
        ),
    ),
)
