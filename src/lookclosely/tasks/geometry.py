"""The geometry of the papers of R-CNN's family, for timings with random weights.

Seconds are a property of sizes, not of what was learned: an image of 600 × 800 pixels, VGG-16's
last convolution 16 times smaller with 512 channels, 2,000 proposals of selective search or 300 of a
region proposal network.

Sources: Girshick 2015, *Fast R-CNN*, sections 3 and 4; Ren et al. 2015, *Faster R-CNN*, section 3.
"""

import torch
import torchvision
from jaxtyping import Float
from torch import Tensor, nn

SIZE = (600, 800)  # height, width: the shorter side is 600
STRIDE = 16
CHANNELS = 512
MAP_SIZE = (38, 50)
PROPOSALS = {"selective search": 2_000, "region proposal network": 300}


def image(seed: int = 0) -> Float[Tensor, "1 3 600 800"]:
    """Random pixels: a convolution takes as long for them as for a photograph."""
    return torch.rand(1, 3, *SIZE, generator=torch.Generator().manual_seed(seed))


def feature_map(seed: int = 0) -> Float[Tensor, "1 512 38 50"]:
    """What the backbone would make of an image: half of it is 0, as after a ReLU."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, CHANNELS, *MAP_SIZE, generator=generator).relu()


def proposals(count: int, seed: int = 0) -> Float[Tensor, "count 4"]:
    """Random boxes (xyxy) in the image; both sides from 16 to 500 pixels, the logarithm uniform.

    Raises:
        ValueError: ``count`` is negative.
    """
    if count < 0:
        raise ValueError(f"count is {count}: give 0 or more")
    generator = torch.Generator().manual_seed(seed)
    height, width = SIZE
    share = torch.rand(count, 4, generator=generator)
    sides = 16 * (500 / 16) ** share[:, :2]
    corner = share[:, 2:] * (torch.tensor([width, height]) - sides)
    return torch.cat([corner, corner + sides], dim=1)


def backbone() -> nn.Sequential:
    """The 13 convolutions of VGG-16 with random weights: (1, 3, 600, 800) to (1, 512, 38, 50).

    Caffe, in which the papers were computed, rounds the size after pooling up: 75 becomes 38. Torch
    rounds down unless it is told to.
    """
    layers = list(torchvision.models.vgg16(weights=None).features.children())[:-1]  # no fifth pool
    for layer in layers:
        if isinstance(layer, nn.MaxPool2d):
            layer.ceil_mode = True
    return nn.Sequential(*layers).eval()


def head(num_classes: int = 21) -> nn.ModuleDict:
    """VGG-16's two fully connected layers on 7 × 7 bins, and the two layers that answer.

    ``trunk`` takes (N, 512, 7, 7) to (N, 4096), ``scores`` to (N, num_classes), ``boxes`` to
    (N, 4 · num_classes).
    """
    trunk = nn.Sequential(
        nn.Flatten(), nn.Linear(CHANNELS * 49, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU()
    )
    answers = {"scores": nn.Linear(4096, num_classes), "boxes": nn.Linear(4096, 4 * num_classes)}
    return nn.ModuleDict({"trunk": trunk, **answers}).eval()
