"""C05: what each pass of a recurrent CNN adds to the first, and what the same field and parameters
do without recurrence.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

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
    scores,
)

from ..core import Experiment, Outcome, Plot, Result, Verdict
from ..storage import weights
from ..training import Question, Training, compare
from ..verdicts import held, order

TRAINING = Training(steps=2400, rates=(2e-3, 6e-3, 1.8e-2))
PAIRS = (("recurrent", "blind"), ("recurrent", "plain3"))


@dataclass(frozen=True)
class Config:
    training: Training = TRAINING
    batch: int = 8
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
    val_images: int = 200
    test_images: int = 400


def examples(split: Split, count: int, size: int) -> Labelled:
    """Scenes in which objects are small and large, each image with mean 0 and deviation 1."""
    images, labels = labelled(split, count, replace(SCALES, size=(size, size)))
    return standardize(images), labels


class AllPasses(nn.Module):
    """A recurrent network whose call gives the scores of every pass."""

    def __init__(self, net: RecurrentCNN):
        super().__init__()
        self.net = net

    def forward(self, x: Float[Tensor, "B 3 H W"]) -> list[Float[Tensor, "B K H W"]]:
        return self.net.passes(x)


def recurrent(config: Config, feedback: bool = True) -> AllPasses:
    net = RecurrentCNN(
        num_classes=CLASSES, channels=config.channels, passes=config.passes, feedback=feedback
    )
    return AllPasses(net)


def plain(config: Config, passes: int) -> FeedForward:
    channels, between = config.plain[passes - 1]
    return FeedForward(num_classes=CLASSES, channels=channels, between=between, passes=passes)


def trained() -> AllPasses:
    """The recurrent network of the full run, seed 0, in evaluation mode."""
    model = recurrent(EXPERIMENT.full)
    model.net.load_state_dict(weights(EXPERIMENT.name))
    return model.eval()


def stream(config: Config, seed: int) -> Iterator[Labelled]:
    return batches(examples("train", config.train_images, config.size), config.batch, seed)


def loss(model: nn.Module, batch: Labelled) -> Float[Tensor, ""]:
    """Cross-entropy of the answer; of several answers, their mean."""
    images, labels = batch
    given = model(images)
    if isinstance(given, list):
        return torch.stack([cross_entropy(a.float(), labels) for a in given]).mean()
    return cross_entropy(given.float(), labels)


@torch.no_grad()
def answers(net: nn.Module, images: Float[Tensor, "N 3 H W"]) -> list[Tensor]:
    """The label maps (N, H, W) after each pass of a network that is called for all of them."""
    parts = [[a.argmax(1) for a in net(part)] for part in images.split(50)]
    return [torch.cat(one) for one in zip(*parts)]


def repaired(first: Tensor, last: Tensor, labels: Tensor) -> dict[str, float]:
    """Shares of all pixels: wrong at first and right at last, and the other way round."""
    was, is_ = first == labels, last == labels
    return {
        "repaired": float((~was & is_).float().mean()),
        "spoilt": float((was & ~is_).float().mean()),
    }


def held_out(config: Config, split: Split) -> Labelled:
    count = config.val_images if split == "val" else config.test_images
    return examples(split, count, config.size)


def measured(config: Config, model: nn.Module, split: Split) -> dict[str, Any]:
    """Scores of the answer; of several answers the last one's, and those of each pass."""
    images, labels = held_out(config, split)
    if not isinstance(model, AllPasses):
        with torch.no_grad():
            pred = torch.cat([model(part).argmax(1) for part in images.split(50)])
        return scores(pred, labels)
    maps = answers(model, images)
    by_pass = {f"pass{p}": scores(m, labels) for p, m in enumerate(maps, 1)}
    return by_pass[f"pass{len(maps)}"] | by_pass | repaired(maps[0], maps[-1], labels)


def background(config: Config, split: Split) -> dict[str, float]:
    labels = held_out(config, split)[1]
    return scores(torch.zeros_like(labels), labels)


def arms(config: Config) -> dict[str, Any]:
    found: dict[str, Any] = {
        "recurrent": partial(recurrent, config),
        "blind": partial(recurrent, config, False),
    }
    return found | {f"plain{p}": partial(plain, config, p) for p in range(1, config.passes + 1)}


def run(config: Config, seed: int, device: str | None) -> Outcome:
    question = Question(
        partial(stream, config), loss, partial(measured, config), partial(background, config)
    )
    pairs = tuple((a, b.replace("3", str(config.passes))) for a, b in PAIRS)
    found = compare(arms(config), question, config.training, pairs=pairs, seed=seed, device=device)
    for passes in range(1, config.passes + 1):
        found.metrics[f"plain{passes}"]["field"] = field(passes)
    net = found.nets["recurrent"]
    assert isinstance(net, AllPasses)
    return Outcome(found.metrics, found.losses, net.net.state_dict(), found.seconds)


SAID = {"yes": "in every seed", "partly": "in some seeds", "no": "in no seed"}


def judge(result: Result) -> Verdict:
    """Held if each pass adds mIoU to the one before, and the last one beats the last one of a
    network that is not shown its labels, all in each seed and also at half the steps."""
    last = result.config["passes"]
    fed = order(result, "recurrent", "blind", "miou")
    adds = {
        p: result.gains(f"recurrent/pass{p}/miou", f"recurrent/pass{p - 1}/miou")
        for p in range(2, last + 1)
    }
    ends = [seed["recurrent"]["half"] for seed in result.seeds if "half" in seed["recurrent"]]
    half = [end[f"pass{p}"]["miou"] - end[f"pass{p - 1}"]["miou"] for end in ends for p in adds]
    verdict = held(fed.equal_steps, *adds.values(), half=[*fed.at_half, *half])
    full = held(fed.equal_steps, *adds.values())
    passes = ", ".join(f"pass {p} adds {SAID[held(gains)]}" for p, gains in adds.items())
    plain_first = order(result, f"plain{last}", "recurrent", "miou").held
    first, end = (result.mean(f"recurrent/pass{p}/miou") for p in (1, last))
    other = {"yes": "better", "partly": "about as good", "no": "worse"}[plain_first]
    return Verdict(
        verdict,
        f"mIoU {first:.2f} after the first pass, {end:.2f} after the last, "
        f"{result.mean(f'plain{last}/miou'):.2f} without recurrence",
        f"By mIoU {passes}{' at this budget' if verdict != full else ''}. Without recurrence, at "
        f"the same field and parameters, a network is {other}.",
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
        training=Training(steps=12, rates=(6e-3,)),
        batch=4,
        size=24,
        channels=(6, 8),
        passes=2,
        plain=(((6, 8), 0), ((6, 6), 6)),
        train_images=40,
        val_images=6,
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
