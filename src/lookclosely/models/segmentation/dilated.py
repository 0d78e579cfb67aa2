"""One network, strided or dilated: the same weights at any output stride, and parallel rates.

Chen et al., "DeepLab: semantic image segmentation with deep convolutional nets, atrous convolution,
and fully connected CRFs", TPAMI 2018, sections 3.1 and 3.2; Chen et al., "Rethinking atrous
convolution for semantic image segmentation", 2017, sections 3.1 to 3.3 (output stride, image-level
features).

Departures from the papers:
- a plain chain of 3x3 convolutions, batch normalisation and ReLU in place of VGG-16 or ResNet-101;
- ASPP joins its branches by stacking and one 1x1 convolution, as in the second paper.

Shapes: B batch, C channels, H, W image height and width, h, w those of a map, K classes.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..layers import conv_norm_relu


def strides_and_rates(strides: Sequence[int], output_stride: int) -> list[tuple[int, int]]:
    """What each layer does if the map may not shrink further than ``output_stride``.

    A stride s that would go beyond it becomes 1, and all *later* layers multiply their rate by s.
    So every layer reads the same input pixels as before, and answers at more places.

    Returns:
        (stride, rate) of each layer.

    Raises:
        ValueError: ``output_stride`` is no product of the first few strides.
    """
    plan, jump, rate = [], 1, 1
    for stride in strides:
        keep = rate == 1 and jump * stride <= output_stride
        plan.append((stride if keep else 1, rate))
        jump, rate = (jump * stride, rate) if keep else (jump, rate * stride)
    if jump != output_stride:
        raise ValueError(
            f"output_stride is {output_stride}, but strides {tuple(strides)} stop at {jump}: "
            "give a product of the first few of them"
        )
    return plan


class DilatedNet(nn.Module):
    """Image (B, C, H, W) to scores (B, K, H, W): a chain of 3x3 convolutions, then bilinear.

    Output stride 1 answers at every pixel; output stride 8 at every eighth, and interpolates. The
    state dict is the same for all, and so are the answers at those eighth pixels (with batch
    normalisation in evaluation mode).

    Args:
        in_channels: C, 3 for RGB.
        num_classes: K, background included.
        channels: features after each layer.
        strides: of each layer, as the net would be built for classification.
        output_stride: pixels from one answer to the next: 1, or the product of the first strides.
        dilate: False leaves out the dilation, and so the wide view, where a stride is left out.

    Raises:
        ValueError: ``strides`` has another length than ``channels``, or ``output_stride`` cannot
            be reached.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 8,
        channels: Sequence[int] = (8, 8, 16, 16, 32, 32, 32),
        strides: Sequence[int] = (1, 2, 1, 2, 1, 2, 1),
        output_stride: int = 1,
        dilate: bool = True,
    ):
        super().__init__()
        if len(strides) != len(channels):
            raise ValueError(f"strides has {len(strides)} entries for {len(channels)} channels")
        self.plan = strides_and_rates(strides, output_stride)
        if not dilate:
            self.plan = [(stride, 1) for stride, _ in self.plan]
        self.output_stride = output_stride
        self.features = nn.Sequential(
            *(
                conv_norm_relu(a, b, stride=stride, dilation=rate)
                for a, b, (stride, rate) in zip([in_channels, *channels], channels, self.plan)
            )
        )
        self.head = nn.Conv2d(channels[-1], num_classes, kernel_size=1)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B K H W"]:
        return spread(self.head(self.features(x)), self.output_stride, x.shape[-2:])

    @property
    def layers(self) -> list[tuple[int, int, int, int]]:
        """(kernel, stride, padding, dilation) of each layer, as ``ops.receptive_field`` asks."""
        return [(3, stride, rate, rate) for stride, rate in self.plan]


def spread(
    x: Float[Tensor, "B C h w"], stride: int, size: Sequence[int]
) -> Float[Tensor, "B C H W"]:
    """Bilinear upsampling that leaves answer (i, j) at pixel (i·stride, j·stride), its own place.

    Pixels beyond the last answer repeat it. A size of a multiple of ``stride`` plus 1 has none.
    """
    height, width = ((n - 1) * stride + 1 for n in x.shape[-2:])
    x = F.interpolate(x, size=(height, width), mode="bilinear", align_corners=True)
    beyond = (0, max(0, size[1] - width), 0, max(0, size[0] - height))
    return F.pad(x, beyond, mode="replicate")[..., : size[0], : size[1]]


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling: one map under several rates at once, (B, C, h, w) to
    (B, C_out, h, w).

    A 1x1 convolution, a 3x3 convolution for each rate, and the mean over the whole image; stacked,
    then mixed by a 1x1 convolution.

    Args:
        in_channels: C.
        out_channels: C_out, also of each branch.
        rates: of the 3x3 branches; (6, 12, 18) in DeepLabv3, at output stride 16.
    """

    def __init__(self, in_channels: int, out_channels: int, rates: Sequence[int] = (6, 12, 18)):
        super().__init__()
        branches = [conv_norm_relu(in_channels, out_channels, kernel_size=1)]
        branches += [conv_norm_relu(in_channels, out_channels, dilation=rate) for rate in rates]
        self.branches = nn.ModuleList(branches)
        self.image = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1), nn.ReLU(inplace=True))
        self.mix = conv_norm_relu((len(rates) + 2) * out_channels, out_channels, kernel_size=1)

    def forward(self, x: Float[Tensor, "B C h w"]) -> Float[Tensor, "B c h w"]:
        whole = self.image(x.mean(dim=(2, 3), keepdim=True)).expand(-1, -1, *x.shape[-2:])
        return self.mix(torch.cat([*(branch(x) for branch in self.branches), whole], dim=1))
