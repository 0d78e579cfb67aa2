"""Four ways through the same classifier of windows, as C03 compares them: what each one answers,
what it costs, and the gradient of a training step.

Shapes: C channels, H × W pixels, K classes, w the window's side.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from lookclosely import cost, ops
from lookclosely.models.looking.patch import cut_patches
from lookclosely.models.looking.scanning import OnePass, WindowClassifier


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
