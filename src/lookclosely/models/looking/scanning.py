"""A classifier of windows, and its answers at all places of an image, computed in one pass.

Sermanet et al., "OverFeat: Integrated recognition, localization and detection using convolutional
networks", ICLR 2014, sections 3.3 and 3.5; Giusti, Cireşan, Masci, Gambardella and Schmidhuber,
"Fast image scanning with deep max-pooling convolutional neural networks", ICIP 2013.

Unlike `patch.PatchClassifier` this one pads nowhere: zeros inside each window would make an
answer depend on where its window was cut, and no two windows could share anything.

Shapes: N images, B windows, C channels, w the window's side (odd), K classes, p poolings.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lookclosely.ops import receptive_field, split_phases, stitch
from lookclosely.ops._arguments import per_axis


def to_convolution(layer: nn.Linear, size: tuple[int, int]) -> nn.Conv2d:
    """The convolution that a fully connected layer is, when it reads a C × h × w map, flattened.

    With z the flattened map, z[(c·h + i)·w + j] = x[c, i, j], the layer computes

        y_k = b_k + Σ_{c,i,j} W[k, (c·h + i)·w + j] · x[c, i, j],

    which is a convolution with kernel W[k] of h × w pixels at the one place where it fits. A larger
    map has more such places, and gives one y for each.

    Args:
        layer: fully connected, with C·h·w inputs.
        size: (h, w) of the map that it was made for; (1, 1) for a layer that follows another one.

    Returns:
        A convolution of kernel (h, w), without padding, with copies of the layer's weights.

    Raises:
        ValueError: if the layer's inputs are no multiple of h·w.

    Source: Sermanet et al. 2014 (OverFeat), section 3.5; Long et al. 2015 (FCN), section 3.1.
    """
    height, width = size
    if height < 1 or width < 1 or layer.in_features % (height * width):
        raise ValueError(
            f"size is {size}, but the layer has {layer.in_features} inputs: give the height and "
            f"width of the map that is flattened, which divide that number"
        )
    channels = layer.in_features // (height * width)
    convolution = nn.Conv2d(channels, layer.out_features, size, bias=layer.bias is not None)
    convolution.to(layer.weight)  # its device and precision
    with torch.no_grad():
        convolution.weight.copy_(layer.weight.unflatten(1, (channels, height, width)))
        if convolution.bias is not None:
            convolution.bias.copy_(layer.bias)
    return convolution


class WindowClassifier(nn.Module):
    """Windows (B, C, w, w) to scores (B, K) for the pixel in the middle.

    ``pools`` times a convolution without padding (4×4 the first time, then 3×3), ReLU and a 2×2
    maximum; then two fully connected layers. The first kernel is even so that the window is odd.

    ``layers`` lists all of it as (kernel, stride, padding), the first fully connected layer as a
    kernel over all that it sees.

    Raises:
        ValueError: if a window of this size does not come out even after the poolings.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        num_classes: int,
        window: int = 27,
        pools: int = 2,
        width: int = 16,
        hidden: int = 64,
    ):
        super().__init__()
        self.layers = [(k, s, 0) for k, s in [(4, 1), (2, 2), *[(3, 1), (2, 2)] * (pools - 1)]]
        least, self.stride, _ = receptive_field(self.layers)
        steps, rest = divmod(window - least, self.stride)
        if pools < 1 or rest or steps < 0:
            raise ValueError(
                f"window is {window}: give {least} plus a multiple of {self.stride} for "
                f"{pools} poolings, of which there must be 1 or more"
            )
        self.window, self.side = window, steps + 1
        self.layers.append((self.side, 1, 0))
        channels = [in_channels, *(width * 2**n for n in range(pools))]
        self.features = nn.Sequential()
        for n, (a, b) in enumerate(pairwise(channels)):
            self.features.append(nn.Conv2d(a, b, 3 if n else 4))
            self.features.append(nn.ReLU()).append(nn.MaxPool2d(2))
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels[-1] * self.side**2, hidden),
            nn.ReLU(),
            nn.Linear(hidden, num_classes),
        )

    def forward(self, x: Float[Tensor, "B C w w"]) -> Float[Tensor, "B K"]:
        return self.head(self.features(x))

    def convolutional(self) -> nn.Sequential:
        """The same network for images: (N, C, H, W) to (N, K, …), an answer every 2^p pixels.

        The convolutions are shared with this classifier, the fully connected layers are copied.
        """
        _, first, relu, second = self.head
        assert isinstance(first, nn.Linear) and isinstance(second, nn.Linear)
        sides = (self.side, self.side), (1, 1)
        return nn.Sequential(
            *self.features, to_convolution(first, sides[0]), relu, to_convolution(second, sides[1])
        )


class OnePass(nn.Module):
    """A convolutional network's answer at every place of its window, nothing computed twice.

    Each 2×2 maximum of stride 2 is taken at every place instead, and the results are dealt out to
    four smaller images, so that the layers after it meet the neighbours they know. At the end all
    answers are stitched together: those of ``ops.shift_and_stitch``, for less.

    Args:
        network: square convolutions of stride 1 and square ``nn.MaxPool2d`` whose stride is their
            kernel size, neither padded nor dilated, and layers that act on each pixel alone.

    Raises:
        ValueError: if a layer of the network is none of these, since the answers would be others
            than those of the windows.

    Source: Giusti et al. 2013, "fragments"; OverFeat does it at its last pooling only.
    """

    def __init__(self, network: nn.Sequential):
        super().__init__()
        for number, layer in enumerate(network):
            if fix := _unfit(layer):
                raise ValueError(f"network[{number}] is {layer}: {fix}")
        self.network = network

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N K H_out W_out"]:
        sizes = [k.kernel_size for k in self.network if isinstance(k, nn.MaxPool2d)]
        kernels = [k for k in self.network if isinstance(k, nn.Conv2d | nn.MaxPool2d)]
        field = receptive_field([(_int(k.kernel_size), _int(k.stride), 0) for k in kernels])
        height, width = (n - field.size + 1 for n in x.shape[-2:])
        # Windows that start past the end of the image fill up the last phases.
        x = F.pad(x, (0, -width % field.stride, 0, -height % field.stride))
        for layer in self.network:
            if isinstance(layer, nn.MaxPool2d):
                factor = _int(layer.kernel_size)
                x = split_phases(F.max_pool2d(x, factor, stride=1), factor)
            else:
                x = layer(x)
        for size in reversed(sizes):
            x = stitch(x, _int(size))
        return x[..., :height, :width]


_MIXES_PIXELS = ("kernel_size", "output_size", "scale_factor", "padding")
"""What convolutions, poolings, resizings and paddings have, and layers of single pixels lack."""


def _unfit(layer: nn.Module) -> str:
    """What to give in the place of a layer that one pass cannot take; empty if it can."""
    if isinstance(layer, nn.Conv2d):
        height, width = layer.kernel_size
        plain = layer.stride == layer.dilation == (1, 1) and layer.padding in ((0, 0), "valid")
        fits = plain and height == width
        return "" if fits else "give a square kernel, stride 1, padding 0 and dilation 1"
    if isinstance(layer, nn.MaxPool2d):
        height, width = per_axis("kernel_size", layer.kernel_size, 2)
        stride, padding, dilation = (
            per_axis(name, getattr(layer, name), 2) for name in ("stride", "padding", "dilation")
        )
        plain = padding == (0, 0) and dilation == (1, 1)
        fits = plain and stride == (height, width) and height == width
        same = "give a square kernel, the same stride, padding 0, dilation 1 and no ceil_mode"
        return "" if fits and not layer.ceil_mode else same
    if any(hasattr(part, name) for part in layer.modules() for name in _MIXES_PIXELS):
        return "give nn.Conv2d, nn.MaxPool2d and layers that act on each pixel alone, not nested"
    return ""


def _int(size: int | tuple[int, ...]) -> int:
    """A kernel's side, or its stride; square ones only."""
    return size if isinstance(size, int) else size[0]
