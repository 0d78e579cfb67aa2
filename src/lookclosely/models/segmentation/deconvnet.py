"""DeconvNet: an encoder, a bottleneck, and the encoder's mirror image that unpools and deconvolves.

Noh, Hong and Han, "Learning Deconvolution Network for Semantic Segmentation", ICCV 2015, Figure 2.

Where we depart from the paper, so that a CPU trains it in a minute: three poolings instead of five,
two convolutions a level throughout, crops of 32 or 48 pixels instead of 224, 16 to 48 channels
instead of 64 to 512, and a code of 96 numbers instead of 4,096. The encoder is not pretrained.

Shapes: N crops or proposals, C channels or classes, H × W pixels.
"""

from collections.abc import Iterator, Sequence

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lookclosely import ops

from ..layers import norm_relu

Kind = type[nn.Conv2d] | type[nn.ConvTranspose2d]


class DeconvNet(nn.Module):
    """Crops (N, 3, H, W) to scores (N, K, H, W).

    A fully connected layer reads the whole crop, here as in the paper: a convolution as large as
    the map that reaches it. So a crop of ``size`` pixels becomes one code; a larger image becomes a
    map of codes, and the network still runs.

    Args:
        num_classes: K, background included.
        size: side of the crops that the bottleneck is made for, a multiple of 2^levels.
        channels: features at each level, from full resolution down; one pooling after each.
        code: numbers between encoder and decoder.
        batch_norm: normalise after each layer, as the paper must in order to train (section 4.2).

    Raises:
        ValueError: if ``size`` is no multiple of 2^levels, or an input is smaller than ``size`` or
            no such multiple.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        in_channels: int = 3,
        size: int = 48,
        channels: Sequence[int] = (16, 32, 48),
        code: int = 96,
        batch_norm: bool = True,
    ):
        super().__init__()
        self.factor = 2 ** len(channels)
        self.size = size
        if size % self.factor:
            raise ValueError(f"size is {size}: give a multiple of {self.factor}")
        inner, top = size // self.factor, channels[-1]

        def block(kind: Kind, a: int, b: int, kernel: int, padding: int) -> nn.Sequential:
            return norm_relu(kind(a, b, kernel, padding=padding), batch_norm=batch_norm)

        def pair(kind: Kind, a: int, b: int, middle: int) -> nn.Sequential:
            return nn.Sequential(block(kind, a, middle, 3, 1), block(kind, middle, b, 3, 1))

        self.down = nn.ModuleList(
            pair(nn.Conv2d, a, b, b) for a, b in zip([in_channels, *channels], channels)
        )
        self.to_code = nn.Sequential(
            block(nn.Conv2d, top, code, inner, 0), block(nn.Conv2d, code, code, 1, 0)
        )
        self.from_code = block(nn.ConvTranspose2d, code, top, inner, 0)
        # With padding 1 a 3x3 transposed convolution crops the boundary that it would add
        # (section 3.2.2), so that a level keeps the size of its unpooled map.
        self.up = nn.ModuleList(
            pair(nn.ConvTranspose2d, a, b, a)
            for a, b in zip(channels[::-1], [*channels[-2::-1], channels[0]])
        )
        self.head = nn.Conv2d(channels[0], num_classes, 1)

    def layers(self, x: Float[Tensor, "N C H W"]) -> Iterator[tuple[str, Tensor]]:
        """The activations in order, each with a name: "unpooling 24×24", "deconvolution 24×24" …"""
        if min(x.shape[-2:]) < self.size or any(n % self.factor for n in x.shape[-2:]):
            raise ValueError(
                f"x is {tuple(x.shape[-2:])} pixels: give multiples of {self.factor} from "
                f"{self.size} on"
            )
        places = []
        for down in self.down:
            x = down(x)
            yield f"convolution {_size(x)}", x
            x, place = F.max_pool2d(x, 2, return_indices=True)
            places.append(place)
            yield f"pooling {_size(x)}", x
        x = self.to_code(x)
        yield f"code {_size(x)}", x
        x = self.from_code(x)
        yield f"deconvolution {_size(x)}", x
        for up, place in zip(self.up, reversed(places)):
            x = F.max_unpool2d(x, place, [2, 2])
            yield f"unpooling {_size(x)}", x
            x = up(x)
            yield f"deconvolution {_size(x)}", x
        yield "scores", self.head(x)

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N K H W"]:
        return dict(self.layers(x))["scores"]


def _size(x: Tensor) -> str:
    return f"{x.shape[-2]}×{x.shape[-1]}"


def merge_scores(
    scores: Float[Tensor, "N C s s"],
    boxes: Float[Tensor, "N 4"],
    size: tuple[int, int],
    *,
    how: str = "max",
) -> Float[Tensor, "C H W"]:
    """The score map of an image from those of its proposals.

    Each proposal's scores are laid over its box, with zeros around (G_i). Then, for every pixel and
    class, P = max_i G_i (equation 1) or P = Σ_i G_i (equation 2). The softmax comes afterwards.

    Args:
        scores: of each proposal, before the softmax.
        boxes: where the proposals are, xyxy.
        size: (H, W) of the image.
        how: "max" or "sum".

    Returns:
        Zeros where no proposal is, and everywhere if there is none.

    Raises:
        ValueError: for another ``how``, or a box without area.
    """
    if how not in ("max", "sum"):
        raise ValueError(f'how is {how!r}: choose "max" or "sum"')
    if not len(scores):
        return scores.new_zeros(scores.shape[1], *size)
    laid, _ = ops.paste(scores, boxes, size)  # (N, C, H, W)
    return laid.amax(0) if how == "max" else laid.sum(0)
