"""C03: what classifying every pixel's own patch costs, against one pass over the image.

Four ways through the same network, for several sizes of its window:

- patches: cut out the window round every pixel, classify all of them;
- shift_and_stitch: one pass of the convolutional form for each of the 16 shifts;
- one_pass: nothing computed twice (Giusti et al. 2013);
- coarse: the convolutional form once, an answer only at every fourth pixel of every fourth row.

The first three must give the same answers, and the same gradient in training. Weights are random:
neither counts nor times depend on them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from lookclosely import cost, ops
from lookclosely.models.patch import cut_patches
from lookclosely.models.scanning import OnePass, WindowClassifier

from ._scene_labelling import CLASSES, labelled
from .core import Experiment, Outcome, Result, Verdict

WAYS = {
    "patches": "patch by patch",
    "shift_and_stitch": "shift and stitch",
    "one_pass": "one pass",
    "coarse": "one coarse pass",
}


@dataclass(frozen=True)
class Config:
    windows: tuple[int, ...] = (11, 19, 27, 43)
    pools: int = 2
    width: int = 16
    hidden: int = 64
    crop: int = 64  # pixels along each side of the image
    batch: int = 256  # patches at a time
    repeats: int = 5


def pixels(image: Float[Tensor, "1 C H W"]) -> Int[Tensor, "pixels 3"]:
    """(0, row, column) of every pixel, row by row."""
    rows, columns = (torch.arange(n) for n in image.shape[-2:])
    return torch.cartesian_prod(torch.zeros(1, dtype=torch.int64), rows, columns)


def patch_by_patch(
    model: WindowClassifier, image: Float[Tensor, "1 C H W"], batch: int = 256
) -> Float[Tensor, "1 K H W"]:
    """Scores of every pixel, each from its own patch; past the border the image is mirrored."""
    groups = pixels(image).split(batch)
    scores = torch.cat([model(cut_patches(image, where, model.window)) for where in groups])
    return scores.T.unflatten(1, image.shape[-2:])[None]


def mirrored(model: WindowClassifier, image: Float[Tensor, "N C H W"]) -> Float[Tensor, "N C h w"]:
    """The image with half a window more on each side, so that every pixel has a whole window."""
    return F.pad(image, (model.window // 2,) * 4, mode="reflect")


def multiply_adds(model: WindowClassifier, image: Float[Tensor, "1 C H W"]) -> dict[str, int]:
    """Of the four ways, for one image."""
    network, padded, shifts = model.convolutional(), mirrored(model, image), range(model.stride)
    one = image.new_zeros(1, image.shape[1], model.window, model.window)
    return {
        "patches": image.shape[-2] * image.shape[-1] * cost.multiply_adds(model, one),
        "shift_and_stitch": sum(
            cost.multiply_adds(network, padded[..., a:, b:]) for a in shifts for b in shifts
        ),
        "one_pass": cost.multiply_adds(OnePass(network), padded),
        "coarse": cost.multiply_adds(network, padded),
    }


def ways(
    model: WindowClassifier, image: Float[Tensor, "1 C H W"], batch: int
) -> dict[str, Callable[[], Tensor]]:
    """The four ways as calls that give scores."""
    network = model.convolutional()
    one_pass = OnePass(network)
    return {
        "patches": lambda: patch_by_patch(model, image, batch),
        "shift_and_stitch": lambda: ops.shift_and_stitch(
            network, mirrored(model, image), model.stride
        ),
        "one_pass": lambda: one_pass(mirrored(model, image)),
        "coarse": lambda: network(mirrored(model, image)),
    }


def gradients(
    model: WindowClassifier, image: Tensor, labels: Tensor, batch: int
) -> dict[str, Callable[[], list[Tensor]]]:
    """One training step's gradient of all weights: patch by patch (in batches), and in one pass."""
    one_pass, where = OnePass(model.convolutional()), pixels(image)

    def of(module: nn.Module) -> list[Tensor]:
        found = [weight.grad.flatten() for weight in module.parameters() if weight.grad is not None]
        module.zero_grad()
        return found

    def patches() -> list[Tensor]:
        for part in where.split(batch):
            scores = model(cut_patches(image, part, model.window))
            F.cross_entropy(scores, labels[tuple(part.T)], reduction="sum").backward()
        return of(model)

    def whole() -> list[Tensor]:
        F.cross_entropy(one_pass(mirrored(model, image)), labels, reduction="sum").backward()
        return of(one_pass)

    return {"patches": patches, "one_pass": whole}


def largest(first: list[Tensor], second: list[Tensor]) -> float:
    """The largest difference between two lists of tensors, relative to the largest number."""
    size = max(float(x.abs().max()) for x in first)
    return max(float((x - y).abs().max()) for x, y in zip(first, second, strict=True)) / size


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
    windows = result.config["windows"]

    def times(kind: str, way: str, window: int) -> float:
        pairs = zip(
            result.values(f"{window}/{kind}/patches"),
            result.values(f"{window}/{kind}/{way}"),
            strict=True,
        )
        return sum(a / b for a, b in pairs) / len(result.seeds)

    def span(kind: str, way: str, digits: int = 0) -> str:
        low, high = (times(kind, way, w) for w in (windows[0], windows[-1]))
        return f"{low:.{digits}f} to {high:.{digits}f}"

    same = all(sum(result.values(f"{w}/other_labels")) == 0 for w in windows)
    cheaper = all(
        min(times(kind, "one_pass", w) for kind in ("multiply_adds", "seconds")) > 1
        for w in windows
    )
    return Verdict(
        "yes" if same and cheaper else "partly" if same or cheaper else "no",
        f"patches over one pass: {span('multiply_adds', 'one_pass', 1)} times the multiply-adds, "
        f"{span('seconds', 'one_pass', 1)} times the seconds (windows of {windows[0]} to "
        f"{windows[-1]})",
        f"Every pixel's label is {'the same' if same else 'not always the same'}. A training step "
        f"takes {span('training_seconds', 'one_pass', 1)} times as long. If an answer at every "
        f"{2 ** result.config['pools']}th pixel of every {2 ** result.config['pools']}th row is "
        f"enough, patches at all pixels need {span('multiply_adds', 'coarse')} times the "
        "multiply-adds. The fully connected layers are shared by no two windows; they limit what "
        "one pass can save.",
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
)
