"""Classify and localise: one trunk of convolutions, one head for each question.

Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural
networks", NIPS 2012, is the trunk of the slides; Sermanet et al., "OverFeat", ICLR 2014, section
4, puts a regression head beside the class head. Toshev and Szegedy, "DeepPose", CVPR 2014, section
3.1, regress joints in the same way.

Where we depart from them, so that a CPU trains it in seconds: four strided convolutions with batch
normalisation in the place of AlexNet's five with pooling, one small fully connected layer, and both
heads are trained at once.

Shapes: B batch, H, W image height and width, K classes, D coordinates.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..layers import conv_norm_relu


def trunk(
    in_channels: int, channels: Sequence[int], size: tuple[int, int], features: int
) -> nn.Sequential:
    """Images (B, C, H, W) to vectors (B, features): each convolution halves height and width."""
    widths = zip([in_channels, *channels], channels)
    layers = [layer for a, b in widths for layer in conv_norm_relu(a, b, stride=2)]
    height, width = (-(-side // 2 ** len(channels)) for side in size)  # each halving rounds up
    flat = channels[-1] * height * width
    # Flattened, not averaged: an average over the image would forget where things are.
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(flat, features), nn.ReLU(inplace=True))


class Localizer(nn.Module):
    """Image (B, C, H, W) to scores (B, K) and coordinates (B, D).

    Coordinates are shares of the image's width and height, so that 0 is its left or upper border
    and 1 the other one, and none of them has a unit. Nothing keeps them between 0 and 1.

    Args:
        num_classes: K.
        num_coordinates: D; 4 for a box (x, y, w, h), twice the number of joints for a pose.
        in_channels: C, 3 for RGB.
        size: (H, W) of the images. It is fixed: the linear layers have a weight for each place.
        channels: features after each halving.
        features: length of the vector that both heads read.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        num_coordinates: int = 4,
        in_channels: int = 3,
        size: tuple[int, int] = (64, 64),
        channels: Sequence[int] = (16, 32, 48, 64),
        features: int = 128,
    ):
        super().__init__()
        self.size = size
        self.trunk = trunk(in_channels, channels, size, features)
        self.scores = nn.Linear(features, num_classes)
        self.coordinates = nn.Linear(features, num_coordinates)

    def forward(
        self, x: Float[Tensor, "B C H W"]
    ) -> tuple[Float[Tensor, "B K"], Float[Tensor, "B D"]]:
        if x.shape[-2:] != torch.Size(self.size):
            raise ValueError(
                f"x is {tuple(x.shape[-2:])} pixels, but this network was built for {self.size}: "
                f"resize the images, or build it with size={tuple(x.shape[-2:])}"
            )
        vector = self.trunk(x)  # (B, features)
        return self.scores(vector), self.coordinates(vector)
