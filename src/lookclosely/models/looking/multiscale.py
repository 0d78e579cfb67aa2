"""One small network at several scales of the image, its features put side by side.

Farabet, Couprie, Najman and LeCun, "Learning hierarchical features for scene labeling", TPAMI 2013,
Figure 1: a Laplacian pyramid of three levels, the same convolutional network on each (shared
weights), the coarser feature maps enlarged to the finest one's size, all concatenated, and a
classifier of two layers on top.

Where we depart from the paper, so that a CPU trains it in a minute: fewer and smaller layers (3x3
instead of 7x7, one pooling instead of two), RGB, ReLU, each level standardised as a whole instead
of in 15x15 neighbourhoods, and everything trained at once. The paper does not say how it enlarges;
``upsample`` chooses.

Shapes: B batch, C channels, H, W image height and width, h, w those of a feature map, K classes.
"""

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lookclosely import ops
from lookclosely.ops import standardize
from lookclosely.ops.receptive_field import ReceptiveField

POOL = 0
FARABET = (1, 1, POOL, 1, 1)
"""Our small network: two 3x3 convolutions, a 2x2 pooling, two 3x3 convolutions."""

Pyramid = Literal["laplacian", "gaussian"]
Upsample = Literal["bilinear", "nearest"]


def features(layers: Sequence[int], width: int) -> nn.Sequential:
    """RGB to features: a 3x3 convolution of that dilation for each number, a 2x2 pooling for POOL.

    ``width`` channels, twice as many after the first pooling.
    """
    modules: list[nn.Module] = []
    channels, wide = 3, width
    for dilation in layers:
        if dilation == POOL:
            modules.append(nn.MaxPool2d(2))
            wide = 2 * width
        else:
            conv = nn.Conv2d(channels, wide, 3, padding=dilation, dilation=dilation)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            modules += [conv, nn.ReLU(inplace=True)]
            channels = wide
    return nn.Sequential(*modules)


def field(layers: Sequence[int], level: int = 0) -> ReceptiveField:
    """What one feature sees of the image, when the layers look at that level of its pyramid."""
    halvings = [(5, 2, 2)] * level  # pyr_down is a 5x5 filter of stride 2
    rest = [(2, 2, 0) if d == POOL else (3, 1, d, d) for d in layers]
    return ops.receptive_field([*halvings, *rest])


class MultiScale(nn.Module):
    """Image (B, 3, H, W) to scores (B, K, H, W).

    Args:
        num_classes: K, background included.
        layers: the network that looks at each level, see ``features``.
        scales: levels of the pyramid that it looks at; (0,) is an ordinary network.
        width: its channels at the first layers.
        hidden: channels between the two 1x1 convolutions of the classifier.
        shared: the same weights at each scale, or weights of its own for each.
        pyramid: "laplacian" or "gaussian".
        upsample: how coarse feature maps are enlarged, "bilinear" or "nearest".

    Raises:
        ValueError: ``scales`` is empty or does not rise.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        layers: Sequence[int] = FARABET,
        scales: Sequence[int] = (0, 1, 2),
        width: int = 16,
        hidden: int = 32,
        shared: bool = True,
        pyramid: Pyramid = "laplacian",
        upsample: Upsample = "bilinear",
    ):
        super().__init__()
        if not scales or list(scales) != sorted(set(scales)) or scales[0] < 0:
            raise ValueError(f"scales is {tuple(scales)}: give levels from 0 on, each once, rising")
        self.scales, self.pyramid, self.upsample = tuple(scales), pyramid, upsample
        self.features = nn.ModuleList(
            features(layers, width) for _ in (scales[:1] if shared else scales)
        )
        self.head = nn.Sequential(
            nn.Conv2d(2 * width * len(scales), hidden, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, num_classes, 1),
        )

    def forward(self, x: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B K H W"]:
        levels = self.scales[-1] + 1
        if self.pyramid == "laplacian":
            pyramid = ops.laplacian_pyramid(x, levels)
        else:
            pyramid = ops.gaussian_pyramid(x, levels)
        maps = [
            self.features[k % len(self.features)](standardize(pyramid[level]))
            for k, level in enumerate(self.scales)
        ]
        size = maps[0].shape[-2:]  # (h, w) of the finest
        maps = [maps[0], *(self.enlarged(m, size) for m in maps[1:])]
        scores = self.head(torch.cat(maps, dim=1))  # (B, K, h, w)
        return F.interpolate(scores, size=x.shape[-2:], mode="bilinear", align_corners=False)

    def enlarged(
        self, x: Float[Tensor, "B C a b"], size: Sequence[int]
    ) -> Float[Tensor, "B C h w"]:
        if self.upsample == "nearest":
            return F.interpolate(x, size=tuple(size), mode="nearest")
        return F.interpolate(x, size=tuple(size), mode="bilinear", align_corners=False)
