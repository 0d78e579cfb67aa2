"""Classify a pixel from the patch round it: the way before fully convolutional networks.

Ciresan, Giusti, Gambardella and Schmidhuber, "Deep neural networks segment neuronal membranes in
electron microscopy images", NIPS 2012; Farabet et al., "Learning hierarchical features for scene
labeling", TPAMI 2013.

Shapes: N images, B patches, C channels, w the window's side in pixels (odd), K classes.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn


def cut_patches(
    images: Float[Tensor, "N C H W"], where: Int[Tensor, "B 3"], window: int
) -> Float[Tensor, "B C w w"]:
    """Windows of ``window`` pixels centred on the pixels (image, row, column); mirrored past the
    border.

    Raises:
        ValueError: if ``window`` is even (it would have no centre pixel), or too large to mirror.
    """
    radius = window // 2
    if window % 2 == 0 or radius >= min(images.shape[-2:]):
        raise ValueError(
            f"window is {window} for images of {tuple(images.shape[-2:])}: "
            "give an odd number below twice the shorter side"
        )
    offsets = torch.arange(-radius, radius + 1, device=where.device)
    rows, columns = (
        _mirror(where[:, axis, None] + offsets, images.shape[axis + 1]) for axis in (1, 2)
    )  # (B, w) each
    cut = images[where[:, 0, None, None], :, rows[:, :, None], columns[:, None, :]]  # (B, w, w, C)
    return cut.movedim(-1, 1)


def _mirror(index: Int[Tensor, "B w"], size: int) -> Int[Tensor, "B w"]:
    """Positions outside 0 … size − 1 mirrored at the first and the last pixel."""
    return (size - 1) - ((size - 1) - index.abs()).abs()


def see_only(windows: Float[Tensor, "B C w w"], patch: int) -> Float[Tensor, "B C w w"]:
    """The windows with everything outside the central ``patch``×``patch`` set to 0."""
    window = windows.shape[-1]
    if patch % 2 == 0 or not 1 <= patch <= window:
        raise ValueError(f"patch is {patch}: give an odd number from 1 to {window}")
    hidden = (window - patch) // 2
    inner = windows[..., hidden : window - hidden, hidden : window - hidden]
    return F.pad(inner, (hidden,) * 4)


class PatchClassifier(nn.Module):
    """Patches (B, C, w, w) to scores (B, K) for the class of the centre pixel.

    Three strided convolutions, then a fully connected layer that knows where in the patch it looks.
    """

    def __init__(self, *, in_channels: int, num_classes: int, window: int, width: int = 16):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, width, 5, stride=2, padding=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1),
            nn.ReLU(inplace=True),
        )
        side = -(-window // 8)  # three halvings, rounded up
        self.head = nn.Sequential(
            nn.Flatten(),  # (B, 4·width, side, side) -> (B, 4·width·side²)
            nn.Linear(4 * width * side**2, 64),
            nn.ReLU(inplace=True),
            nn.Linear(64, num_classes),
        )

    def forward(self, x: Float[Tensor, "B C w w"]) -> Float[Tensor, "B K"]:
        return self.head(self.features(x))
