"""A network that is fed its own answer, together with a larger view of the image.

Pinheiro and Collobert, "Recurrent convolutional neural networks for scene labeling", ICML 2014,
Figure 2 and section 4: f(image, class planes) gives new class planes; the next pass gets those
planes and the image at a smaller scale, with the same weights. In the first pass the planes are 0.

The paper gets the label of one pixel from a patch, in which each pass of f shrinks the planes by
its pooling, so that the next pass sees the image that much smaller. Here all pixels are labelled at
once: instead of shrinking the planes, pass p spreads f by the same factor 2^(p − 1) (dilation), and
reads an image that has been smoothed as for that scale. Smaller layers than in the paper.

Shapes: B batch, H, W height and width, K classes.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lookclosely import ops


def smoothed(x: Float[Tensor, "B C H W"], level: int) -> Float[Tensor, "B C H W"]:
    """The image as a level of its Gaussian pyramid shows it, enlarged to full size again."""
    pyramid = ops.gaussian_pyramid(x, level + 1)
    picture = pyramid[-1]
    for finer in reversed(pyramid[:-1]):
        picture = ops.pyr_up(picture, tuple(finer.shape[-2:]))
    return picture


class Spread(nn.Conv2d):
    """3x3 convolution that keeps the size, with its taps as far apart as each call says."""

    def forward(self, input: Float[Tensor, "B C H W"], apart: int = 1) -> Float[Tensor, "B D H W"]:
        return F.conv2d(input, self.weight, self.bias, padding=apart, dilation=apart)


class Step(nn.Module):
    """3x3 convolution, 3x3 max pooling of stride 2, 3x3 and 1x1 convolution, spread by a factor.

    With spread 1, each pixel gets what the strided layers would make of the 9x9 patch round it: the
    pooling keeps every place, and the convolution after it is dilated by 2 instead. With spread 2,
    4 …, all taps lie so many pixels apart.
    """

    def __init__(self, in_channels: int, channels: Sequence[int], out_channels: int):
        super().__init__()
        first, second = channels
        self.first = Spread(in_channels, first, 3)
        self.second = Spread(first, second, 3)
        self.last = nn.Conv2d(second, out_channels, 1)
        for conv in (self.first, self.second):
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")

    def forward(self, x: Float[Tensor, "B C H W"], spread: int) -> Float[Tensor, "B K H W"]:
        x = self.first(x, spread).relu()
        x = F.pad(x, (spread,) * 4)  # 0 is never above a ReLU
        x = F.max_pool2d(x, 3, stride=1, dilation=spread)
        return self.last(self.second(x, 2 * spread).relu())


def field(passes: int) -> int:
    """Side of the square that decides a label after so many passes, smoothing left out."""
    layers = []
    for spread in (2**p for p in range(passes)):
        layers += [(3, 1, spread, spread), (3, 1, spread, spread), (3, 1, 2 * spread, 2 * spread)]
    return ops.receptive_field(layers).size


class RecurrentCNN(nn.Module):
    """Image (B, 3, H, W) to scores (B, K, H, W) of the last pass; ``passes`` gives those of all.

    Args:
        num_classes: K, background included.
        channels: of the two 3x3 convolutions.
        passes: how often f is applied.
        feedback: whether a pass gets the scores of the one before; without, it always gets 0.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        channels: Sequence[int] = (16, 32),
        passes: int = 3,
        feedback: bool = True,
    ):
        super().__init__()
        self.num_classes, self.count, self.feedback = num_classes, passes, feedback
        self.step = Step(3 + num_classes, channels, num_classes)

    def passes(self, x: Float[Tensor, "B 3 H W"]) -> list[Float[Tensor, "B K H W"]]:
        zeros = x.new_zeros(len(x), self.num_classes, *x.shape[-2:])
        planes, answers = zeros, []
        for p in range(self.count):
            seen = torch.cat([smoothed(x, p), planes if self.feedback else zeros], dim=1)
            answers.append(self.step(seen, spread=2**p))
            planes = answers[-1]
        return answers

    def forward(self, x: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B K H W"]:
        return self.passes(x)[-1]


class FeedForward(nn.Module):
    """The same layers as ``passes`` passes, one after the other, each with weights of its own.

    Nothing in between is an answer and the image is not shown again: features go from one step to
    the next. Same receptive field; ``channels`` and ``between`` make the parameters equal.
    """

    def __init__(self, *, num_classes: int, channels: Sequence[int], between: int, passes: int):
        super().__init__()
        ends = [between] * (passes - 1)
        self.steps = nn.ModuleList(
            Step(a, channels, b) for a, b in zip([3, *ends], [*ends, num_classes])
        )

    def forward(self, x: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B K H W"]:
        for p, step in enumerate(self.steps):
            x = step(x if p == 0 else x.relu(), spread=2**p)
        return x
