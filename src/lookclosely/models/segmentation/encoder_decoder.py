"""A small encoder and decoder for labelling pixels, without skips: the way up is to be chosen.

Between two levels of the decoder stands one upsampling step, and everything else is the same: the
stage on which claim C08 compares the ways of upsampling. The two that place each number where
pooling found it follow DeconvNet (Noh, Hong and Han 2015, section 3.2.1).

Shapes: B batch, C channels, H, W image height and width, K classes.
"""

from collections.abc import Sequence
from typing import Literal

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from lookclosely import ops

from ..layers import conv_norm_relu

Way = Literal[
    "nearest", "bilinear", "bed of nails", "max unpooling", "2×2", "3×3", "4×4"
]  # the last three are the kernels of transposed convolutions
KERNELS: dict[str, int] = {"2×2": 2, "3×3": 3, "4×4": 4}


class Rise(nn.Module):
    """One level up: 3×3 convolution, the way of upsampling, 3×3 convolution.

    A transposed convolution has weights of its own. The first convolution is made narrower for it,
    so that the level has as many weights as with a fixed way (to the nearest channel):
    9·C·c + k²·c·C_out = 9·C·C_out, so c = 9·C·C_out / (9·C + k²·C_out).
    """

    def __init__(self, in_channels: int, out_channels: int, way: Way):
        super().__init__()
        self.way = way
        k = KERNELS.get(way, 0)
        middle = round(9 * in_channels * out_channels / (9 * in_channels + k * k * out_channels))
        self.before = conv_norm_relu(in_channels, middle)
        self.learnt = (
            nn.ConvTranspose2d(
                middle, out_channels, k, 2, (k - 1) // 2, output_padding=k % 2, bias=False
            )
            if k
            else None
        )
        self.after = conv_norm_relu(out_channels, out_channels)

    def forward(
        self, x: Float[Tensor, "B C h w"], positions: Int[Tensor, "B c h w"]
    ) -> Float[Tensor, "B c H W"]:
        x = self.before(x)
        if self.learnt is not None:
            x = self.learnt(x)
        elif self.way == "max unpooling":
            x = F.max_unpool2d(x, positions, (2, 2))
        elif self.way == "bed of nails":
            x = ops.bed_of_nails(x)
        elif self.way == "nearest":
            x = F.interpolate(x, scale_factor=2.0)
        else:
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        return self.after(x)


class EncoderDecoder(nn.Module):
    """Image (B, C, H, W) to scores (B, K, H, W); H and W divisible by 2^(levels − 1).

    Args:
        way: how the decoder doubles the size: "nearest", "bilinear", "bed of nails", "max
            unpooling" (with the positions that the encoder's pooling found, the only thing that
            passes across), or the kernel of a transposed convolution, "2×2", "3×3" or "4×4".
        in_channels: C, 3 for RGB.
        num_classes: K, background included.
        channels: features at each level, from full resolution down; one 2×2 max pooling between
            two.

    Raises:
        ValueError: on the input's first use, if a pooling meets an odd size.
    """

    def __init__(
        self,
        *,
        way: Way,
        in_channels: int = 3,
        num_classes: int,
        channels: Sequence[int] = (8, 16, 32, 64),
    ):
        super().__init__()
        self.down = nn.ModuleList(
            conv_norm_relu(a, b) for a, b in zip([in_channels, *channels], channels)
        )
        self.up = nn.ModuleList(Rise(a, b, way) for a, b in zip(channels[:0:-1], channels[-2::-1]))
        self.head = nn.Conv2d(channels[0], num_classes, kernel_size=1)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B K H W"]:
        factor = 2 ** len(self.up)
        if x.shape[-2] % factor or x.shape[-1] % factor:
            raise ValueError(
                f"x is {tuple(x.shape[-2:])} pixels: give multiples of {factor}, so that each of "
                f"the {len(self.up)} poolings halves an even size"
            )
        found = []
        for level, down in enumerate(self.down):
            if level:
                x, positions = F.max_pool2d(x, 2, return_indices=True)
                found.append(positions)
            x = down(x)
        for up, positions in zip(self.up, reversed(found)):
            x = up(x, positions)
        return self.head(x)
