"""Two ways to double the resolution: one overlaps unevenly, one does not.

Odena, Dumoulin and Olah, "Deconvolution and checkerboard artifacts", Distill 2016.

Shapes: B batch, C, c channels in and out, h, w height and width before, H = 2h, W = 2w after.
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class Doubling(nn.Module):
    """Double the resolution, by a transposed convolution or by nearest neighbour and a 3x3
    convolution.

    Args:
        kernel_size: of the transposed convolution; 0 is "resize, then convolve 3x3".
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int):
        super().__init__()
        k = kernel_size
        self.resize = k == 0
        self.layer = (
            nn.Conv2d(in_channels, out_channels, 3, padding=1)
            if self.resize
            else nn.ConvTranspose2d(
                in_channels, out_channels, k, stride=2, padding=(k - 1) // 2, output_padding=k % 2
            )
        )

    def forward(self, x: Float[Tensor, "B C h w"]) -> Float[Tensor, "B c H W"]:
        return self.layer(F.interpolate(x, scale_factor=2.0) if self.resize else x)
