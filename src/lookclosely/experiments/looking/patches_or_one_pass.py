"""C03: what classifying every pixel's own patch costs, against one pass over the image.

Four ways through the same network, for several sizes of its window:

- patches: cut out the window round every pixel, classify all of them;
- shift_and_stitch: one pass of the convolutional form for each of the 16 shifts;
- one_pass: nothing computed twice (Giusti et al. 2013);
- coarse: the convolutional form once, an answer only at every fourth pixel of every fourth row.

The first three must give the same answers, and the same gradient in training. Weights are random:
neither counts nor times depend on them.
"""

from dataclasses import dataclass
from statistics import fmean

import torch
from torch import Tensor

from lookclosely import cost
from lookclosely.models.looking.scanning import WindowClassifier
from lookclosely.tasks.scene_labelling import CLASSES, labelled
from lookclosely.tasks.windows import gradients, largest, multiply_adds, ways

from ..core import Experiment, Outcome, Plot, Result, Verdict


@dataclass(frozen=True)
class Config:
    windows: tuple[int, ...] = (11, 19, 27, 43)
    pools: int = 2
    width: int = 16
    hidden: int = 64
    crop: int = 64  # pixels along each side of the image
    batch: int = 256  # patches at a time
    repeats: int = 5


def measure(config: Config, window: int, image: Tensor, labels: Tensor) -> dict:
    """Counts, times and differences for one window size."""
    model = WindowClassifier(
        in_channels=image.shape[1],
        num_classes=CLASSES,
        window=window,
        pools=config.pools,
        width=config.width,
        hidden=config.hidden,
    )
    with torch.no_grad():
        calls = ways(model, image, config.batch).items()
        seconds = {name: cost.seconds(call, repeats=config.repeats) for name, call in calls}
    steps = gradients(model, image, labels, config.batch).items()
    training = {name: cost.seconds(step, repeats=config.repeats) for name, step in steps}
    macs = multiply_adds(model, image)

    model, image = model.double(), image.double()
    with torch.no_grad():
        scores = {name: call() for name, call in ways(model, image, config.batch).items()}
    exact = {name: step() for name, step in gradients(model, image, labels, config.batch).items()}
    return {
        "multiply_adds": macs,
        "seconds": seconds,
        "training_seconds": training,
        "other_labels": sum(
            int((scores[name].argmax(1) != scores["patches"].argmax(1)).sum())
            for name in ("shift_and_stitch", "one_pass")
        ),
        "score_difference": largest([scores["patches"]], [scores["one_pass"]]),
        "gradient_difference": largest(exact["patches"], exact["one_pass"]),
    }


def run(config: Config, seed: int, device: str | None) -> Outcome:
    images, labels = labelled("test", seed + 1)
    image = images[seed:, :, : config.crop, : config.crop]
    labels = labels[seed:, : config.crop, : config.crop]
    torch.manual_seed(seed)
    return Outcome({str(w): measure(config, w, image, labels) for w in config.windows})


def judge(result: Result) -> Verdict:
    """Held if one pass gives every label for less, in each seed and at each size of the window."""
    windows, apart = result.config["windows"], 2 ** result.config["pools"]

    def ratios(kind: str, way: str, window: int) -> list[float]:
        one, other = (result.values(f"{window}/{kind}/{name}") for name in ("patches", way))
        return [a / b for a, b in zip(one, other, strict=True)]

    def span(kind: str, way: str, share: float = 1) -> str:
        """The mean for the smallest and for the largest window."""
        low, high = (fmean(ratios(kind, way, w)) * share for w in (windows[0], windows[-1]))
        return f"{low:.1f} to {high:.1f}"

    same = all(sum(result.values(f"{w}/other_labels")) == 0 for w in windows)
    kinds = ("multiply_adds", "seconds")
    cheaper = all(min(ratios(kind, "one_pass", w)) > 1 for kind in kinds for w in windows)
    return Verdict(
        "yes" if same and cheaper else "partly" if same or cheaper else "no",
        f"patches over one pass: {span('multiply_adds', 'one_pass')} times the multiply-adds, "
        f"{span('seconds', 'one_pass')} times the seconds (windows of {windows[0]} to "
        f"{windows[-1]})",
        f"Every pixel's label is {'the same' if same else 'not always the same'}. A training step "
        f"takes {span('training_seconds', 'one_pass')} times as long. If an answer at every "
        f"{apart}th pixel of every {apart}th row is enough, patches at those places need "
        f"{span('multiply_adds', 'coarse', 1 / apart**2)} times the multiply-adds of one coarse "
        "pass: windows that overlap less share less. The fully connected layers are shared by no "
        "two windows; they limit what one pass can save.",
    )


EXPERIMENT = Experiment(
    name="patches_or_one_pass",
    claims=("C03",),
    sources=(
        "S000 · Brute force, the trick used in OverFeat",
        "S001 · Sliding window",
        "S003 · Semantic segmentation idea: sliding window",
        "S004 · Inefficiency of overlapping patches",
    ),
    statement="Classifying every pixel's own patch is very inefficient, because features shared by "
    "overlapping patches are computed again and again.",
    chapter="looking/sliding_windows",
    run=run,
    full=Config(),
    smoke=Config(windows=(11, 15), width=4, hidden=8, crop=20, repeats=1),
    judge=judge,
    published="up to 32 times faster than patches on a GPU (Giusti et al. 2013); training 1500 "
    "times faster (Masci et al. 2013)",
    short="patch by patch is wasteful",
    plot=Plot(
        "seconds, windows of 43 pixels",
        (("every patch", "43/seconds/patches"), ("one pass", "43/seconds/one_pass")),
    ),
)
