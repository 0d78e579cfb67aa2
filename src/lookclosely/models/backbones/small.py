"""The backbone of the book's detectors: 0.28 M weights, trained from scratch in a minute of a CPU.

Each stage halves height and width by a strided convolution, and has one residual block (He et al.
2016, *Deep residual learning*, figure 2). Sides that are odd are rounded up: stride s leaves ⌈n/s⌉
of n pixels.

Shapes: B batch, H × W pixels, C_l channels of stage l.
"""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from ..layers import conv_norm_relu


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions with batch normalisation, added to the input before the last ReLU."""

    def __init__(self, channels: int):
        super().__init__()
        first, (conv, norm, self.relu) = (
            conv_norm_relu(channels, channels),
            conv_norm_relu(channels, channels),
        )
        self.layers = nn.Sequential(first, conv, norm)

    def forward(self, x: Float[Tensor, "B C h w"]) -> Float[Tensor, "B C h w"]:
        return self.relu(x + self.layers(x))


class SmallBackbone(nn.Module):
    """Images (B, 3, H, W) to one map a stage, finest first.

    Args:
        channels: of each stage; stage l has stride 2ˡ, beginning with 2.

    Attributes:
        channels, strides: of each map, as any backbone of a detector has them.
    """

    def __init__(self, *, in_channels: int = 3, channels: Sequence[int] = (16, 24, 48, 96)):
        super().__init__()
        self.channels = tuple(channels)
        self.strides = tuple(2 ** (number + 1) for number in range(len(channels)))
        widths = zip([in_channels, *channels], channels)
        self.stages = nn.ModuleList(
            nn.Sequential(conv_norm_relu(a, b, stride=2), ResidualBlock(b)) for a, b in widths
        )

    def forward(self, images: Float[Tensor, "B _ H W"]) -> list[Float[Tensor, "B _ _ _"]]:
        maps = []
        for stage in self.stages:
            images = stage(images)
            maps.append(images)
        return maps
