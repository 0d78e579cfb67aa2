"""FCN: a classifier turned convolutional, its coarse scores enlarged, and finer scores added.

Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation", CVPR 2015,
Figure 3.

Where we depart from the paper, so that a CPU trains it in minutes on images of 64 × 64:

- four poolings instead of VGG-16's five: the strides are 16, 8 and 4 instead of 32, 16 and 8;
- 3x3 in place of 7x7 for the convolution that stands for the first fully connected layer, narrow
  layers, batch normalisation instead of dropout, and no pretraining;
- any size is reached by poolings that round up and one crop at the end; the paper pads the image
  by 100 pixels and crops with offsets. Scores are repeated past the border before they are
  enlarged, so that bilinear is bilinear up to the border.

Shapes: B batch, C channels, H, W image height and width, K classes, s a stride.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lookclosely.ops import bilinear_kernel

from ..layers import conv_norm_relu


def score_layer(in_channels: int, num_classes: int) -> nn.Conv2d:
    """A 1x1 convolution that starts at 0: "we zero-initialize the class scoring layer" (section
    4.3). A new skip then leaves the prediction as it was.
    """
    layer = nn.Conv2d(in_channels, num_classes, 1)
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


class Upsample(nn.Module):
    """Score maps (B, K, h, w), ``factor`` times as large, by a transposed convolution.

    It starts as bilinear interpolation. Fixed, each class is enlarged on its own and stays so.
    Learnt, the layer has K · K kernels, of which those from a class to itself start as bilinear and
    the others as 0, as in the paper's published code (``surgery.interp``).
    """

    def __init__(self, num_classes: int, factor: int, *, learnt: bool):
        super().__init__()
        kernel = bilinear_kernel(factor)
        # One pixel more on each side, repeated: `factor` output pixels that are cut off again.
        self.layer = nn.ConvTranspose2d(
            num_classes,
            num_classes,
            kernel.shape[-1],
            stride=factor,
            padding=factor + factor // 2,
            groups=1 if learnt else num_classes,
            bias=False,
        )
        with torch.no_grad():
            self.layer.weight.zero_()
            among = torch.arange(num_classes)
            self.layer.weight[among, among if learnt else 0] = kernel
        self.layer.weight.requires_grad_(learnt)

    def forward(self, x: Float[Tensor, "B K h w"]) -> Float[Tensor, "B K H W"]:
        return self.layer(F.pad(x, (1, 1, 1, 1), mode="replicate"))


class FCN(nn.Module):
    """Image (B, C, H, W) to scores (B, K, H, W), for any H and W.

    Args:
        in_channels: C, 3 for RGB.
        num_classes: K, background included.
        channels: features of each block of convolutions; a 2x2 pooling follows each.
        convolutions: how many a block has, one number for all or one for each.
        hidden, kernel: features of the two layers that stand for the fully connected ones, and the
            kernel of the first of them.
        strides: of the maps that are scored, coarsest first, each half of the one before. The first
            is 2^len(channels). (16,) is our FCN-32s: one score map, enlarged 16 times in one step.
            (16, 8) is FCN-16s, (16, 8, 4) is FCN-8s.
        learn_intermediate: train the enlargements by 2 between two score maps, as the paper does.
        learn_last: train the last enlargement too; in the paper it stays bilinear.

    ``self.skips`` has one flag for each stride after the first. Set to False on a trained net, it
    leaves out that stride's scores.

    With channels (64, 128, 256, 512, 512), convolutions (2, 2, 3, 3, 3), hidden 4096, kernel 7 and
    strides (32, 16, 8) it has the size of the paper's FCN-8s on VGG-16.

    Raises:
        ValueError: for other strides, or other numbers of ``convolutions``.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 2,
        channels: Sequence[int] = (16, 32, 48, 64),
        convolutions: int | Sequence[int] = 2,
        hidden: int = 128,
        kernel: int = 3,
        strides: Sequence[int] = (16, 8, 4),
        learn_intermediate: bool = True,
        learn_last: bool = False,
    ):
        super().__init__()
        many = isinstance(convolutions, Sequence)
        counts = tuple(convolutions) if many else (convolutions,) * len(channels)
        _check(tuple(strides), len(channels), counts)
        self.strides = tuple(strides)
        self.skips: tuple[bool, ...] = (True,) * (len(self.strides) - 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(conv_norm_relu(a, b), *(conv_norm_relu(b, b) for _ in range(n - 1)))
            for a, b, n in zip([in_channels, *channels], channels, counts)
        )
        self.head = nn.Sequential(
            conv_norm_relu(channels[-1], hidden, kernel), conv_norm_relu(hidden, hidden, 1)
        )
        # The map of stride s comes out of block number log2(s).
        scored = [hidden, *(channels[s.bit_length() - 2] for s in self.strides[1:])]
        self.score = nn.ModuleList(score_layer(c, num_classes) for c in scored)
        self.enlarge = nn.ModuleList(
            Upsample(num_classes, 2, learnt=learn_intermediate) for _ in self.skips
        )
        self.last = Upsample(num_classes, self.strides[-1], learnt=learn_last)

    def score_maps(self, x: Float[Tensor, "B C H W"]) -> list[Float[Tensor, "B K _ _"]]:
        """The scores at each stride s before they are added up: ⌈H/s⌉ × ⌈W/s⌉, coarsest first."""
        maps = {}
        for number, block in enumerate(self.blocks, start=1):
            # Rounding up: the last cell of an odd size pools fewer pixels.
            x = F.max_pool2d(block(x), 2, ceil_mode=True)
            maps[2**number] = x
        maps[self.strides[0]] = self.head(x)
        return [score(maps[s]) for score, s in zip(self.score, self.strides)]

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B K H W"]:
        height, width = x.shape[-2:]
        total, *finer = self.score_maps(x)
        for enlarge, scores, keep in zip(self.enlarge, finer, self.skips):
            total = enlarge(total)[..., : scores.shape[-2], : scores.shape[-1]]
            total = total + scores if keep else total
        return self.last(total)[..., :height, :width]


def _check(strides: tuple[int, ...], blocks: int, counts: tuple[int, ...]) -> None:
    coarsest = 2**blocks
    wanted = tuple(coarsest >> k for k in range(len(strides)))
    if not strides or strides != wanted or strides[-1] < 2:
        raise ValueError(
            f"strides is {strides}: give {coarsest} (one pooling by 2 for each of the channels) "
            f"and then half of it, and half of that, down to 2 at the least"
        )
    if len(counts) != blocks or min(counts) < 1:
        raise ValueError(
            f"convolutions is {counts}: give one number, or one for each of the {blocks} blocks"
        )
