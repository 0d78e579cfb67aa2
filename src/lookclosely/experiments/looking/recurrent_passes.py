"""C05: what each pass of a recurrent CNN adds to the first, and what the same field and parameters
do without recurrence.
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lookclosely import cost
from lookclosely.losses import cross_entropy
from lookclosely.models.looking.recurrent_cnn import FeedForward, RecurrentCNN, field
from lookclosely.ops import standardize
from lookclosely.tasks.scene_labelling import (
    CLASSES,
    SCALES,
    Labelled,
    Split,
    batches,
    labelled,
    pixel_loss,
    scores,
)
from lookclosely.train import fit

from ..core import Experiment, Outcome, Plot, Result, Verdict


@dataclass(frozen=True)
class Config:
    steps: int = 800
    batch: int = 8
    lr: float = 6e-3
    precision: Literal["no", "bf16"] = "bf16"
    size: int = 40
    channels: tuple[int, int] = (20, 40)
    passes: int = 3
    # Without recurrence, from one pass's field to three: channels, and features between steps.
    plain: tuple[tuple[tuple[int, int], int], ...] = (
        ((22, 43), 0),
        ((14, 27), 14),
        ((11, 17), 17),
    )
    train_images: int = 2000
    test_images: int = 400


def examples(split: Split, count: int, size: int) -> Labelled:
    """Scenes in which objects are small and large, each image with mean 0 and deviation 1."""
    images, labels = labelled(split, count, replace(SCALES, size=(size, size)))
    return standardize(images), labels


def all_passes_loss(model: nn.Module, batch: Labelled) -> Float[Tensor, ""]:
    """Cross-entropy of the answer after each pass, their mean."""
    images, labels = batch
    answers = model(images)
    return torch.stack([cross_entropy(a.float(), labels) for a in answers]).mean()


class AllPasses(nn.Module):
    """A recurrent network whose call gives the scores of every pass."""

    def __init__(self, net: RecurrentCNN):
        super().__init__()
        self.net = net

    def forward(self, x: Float[Tensor, "B 3 H W"]) -> list[Float[Tensor, "B K H W"]]:
        return self.net.passes(x)


def recurrent(config: Config, feedback: bool = True) -> RecurrentCNN:
    return RecurrentCNN(
        num_classes=CLASSES, channels=config.channels, passes=config.passes, feedback=feedback
    )


def plain(config: Config, passes: int) -> FeedForward:
    channels, between = config.plain[passes - 1]
    return FeedForward(num_classes=CLASSES, channels=channels, between=between, passes=passes)


def train_one(model: nn.Module, config: Config, seed: int, device: str | None) -> list[float]:
    """Train in place; the losses."""
    train = examples("train", config.train_images, config.size)
    return fit(
        model,
        all_passes_loss if isinstance(model, AllPasses) else pixel_loss,
        batches(train, config.batch, seed),
        steps=config.steps,
        lr=config.lr,
        seed=seed,
        precision=config.precision,
        device=device,
    ).loss


@torch.no_grad()
def answers(net: RecurrentCNN, images: Float[Tensor, "N 3 H W"]) -> list[Tensor]:
    """The label maps (N, H, W) after each pass."""
    parts = [[a.argmax(1) for a in net.passes(part)] for part in images.split(50)]
    return [torch.cat(one) for one in zip(*parts)]


def repaired(first: Tensor, last: Tensor, labels: Tensor) -> dict[str, float]:
    """Shares of all pixels: wrong at first and right at last, and the other way round."""
    was, is_ = first == labels, last == labels
    return {
        "repaired": float((~was & is_).float().mean()),
        "spoilt": float((was & ~is_).float().mean()),
    }


def run(config: Config, seed: int, device: str | None) -> Outcome:
    images, labels = examples("test", config.test_images, config.size)
    metrics: dict = {"background": scores(torch.zeros_like(labels), labels)}
    losses, weights = {}, {}
    for name, feedback in (("recurrent", True), ("blind", False)):
        torch.manual_seed(seed)
        net = recurrent(config, feedback)
        losses[name] = train_one(AllPasses(net), config, seed, device)
        maps = answers(net, images)
        metrics[name] = {f"pass{p}": scores(m, labels) for p, m in enumerate(maps, 1)}
        metrics[name] |= repaired(maps[0], maps[-1], labels)
        metrics[name]["parameters"] = cost.parameters(net)
        if feedback:
            weights = net.state_dict()
    for passes in range(1, config.passes + 1):
        name = f"plain{passes}"
        torch.manual_seed(seed)
        model = plain(config, passes)
        losses[name] = train_one(model, config, seed, device)
        with torch.no_grad():
            pred = torch.cat([model(part).argmax(1) for part in images.split(50)])
        metrics[name] = scores(pred, labels) | {
            "parameters": cost.parameters(model),
            "field": field(passes),
        }
    return Outcome(metrics, losses, weights)


def judge(result: Result) -> Verdict:
    """Held if each pass adds mIoU and the last one beats the network without recurrence, all in
    each seed; in part if the last pass beats the first."""
    last = result.config["passes"]
    top, same = f"recurrent/pass{last}", f"plain{last}"

    def gains(one: str, other: str) -> list[float]:
        return result.gains(f"{one}/miou", f"{other}/miou")

    def span(values: list[float]) -> str:
        return f"{min(values):+.3f} to {max(values):+.3f}"

    def by_pass(metric: str) -> str:
        return ", ".join(result.text(f"recurrent/pass{p}/{metric}") for p in range(1, last + 1))

    steps = {p: gains(f"recurrent/pass{p}", f"recurrent/pass{p - 1}") for p in range(2, last + 1)}
    first, matched = gains(top, "recurrent/pass1"), gains(top, same)
    rises = all(min(values) > 0 for values in (*steps.values(), matched))
    return Verdict(
        "yes" if rises else "partly" if min(first) > 0 else "no",
        f"mIoU after passes 1 to {last}: {by_pass('miou')}; without recurrence, with the field of "
        f"{last} passes and as many parameters: {result.text(f'{same}/miou')}",
        "mIoU, paired by seed: "
        + ", ".join(f"pass {p} over pass {p - 1} {span(values)}" for p, values in steps.items())
        + f"; the last pass over the first {span(first)}, over the last without feedback "
        f"{span(gains(top, f'blind/pass{last}'))}, over a network without recurrence, of the same "
        f"field and parameters, {span(matched)}. Boundary F after passes 1 to {last}: "
        f"{by_pass('boundary_f')}.",
    )


EXPERIMENT = Experiment(
    name="recurrent_passes",
    claims=("C05",),
    sources=("S000 · Recurrent CNN for scene labelling", "S004 · Context"),
    statement="Fed with its own labels and a larger view, a network corrects its errors.",
    chapter="looking/scale_and_context",
    run=run,
    full=Config(),
    smoke=Config(
        steps=12,
        batch=4,
        precision="no",
        size=24,
        channels=(6, 8),
        passes=2,
        plain=(((6, 8), 0), ((6, 6), 6)),
        train_images=40,
        test_images=6,
    ),
    judge=judge,
    published="pixel accuracy on Stanford Background 80.2 % with three passes (Pinheiro and "
    "Collobert 2014)",
    short="fed back, nets mend errors",
    plot=Plot(
        "mean IoU",
        (
            ("pass 1", "recurrent/pass1/miou"),
            ("pass 3", "recurrent/pass3/miou"),
            ("no recurrence", "plain3/miou"),
        ),
    ),
)
