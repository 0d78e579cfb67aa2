"""U-Net: an encoder, a decoder, and copies of the encoder's features carried across.

Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation",
MICCAI 2015, Figure 1.

Where we depart from the paper, so that a CPU trains it in minutes:

- 3x3 convolutions are zero-padded, so the output has the size of the input (the paper's are not,
  and lose a border);
- an odd height or width is allowed: the up-convolution's output is padded to the size of the skip;
- 16 channels at the top instead of 64, three poolings instead of four; batch normalisation after
  each 3x3 convolution.

Shapes: B batch, C channels, H, W image height and width, K classes.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from scipy.ndimage import distance_transform_edt, find_objects
from torch import Tensor, nn

from lookclosely.ops._arguments import whole

from ..layers import conv_norm_relu


def double_conv(in_channels: int, out_channels: int) -> nn.Sequential:
    """Two rounds of 3x3 convolution, batch normalisation, ReLU: one blue box of Figure 1."""
    first = conv_norm_relu(in_channels, out_channels)
    return nn.Sequential(*first, *conv_norm_relu(out_channels, out_channels))


class Up(nn.Module):
    """Double the resolution with a 2x2 transposed convolution, then merge with the skip."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.up = nn.ConvTranspose2d(in_channels, out_channels, kernel_size=2, stride=2)
        self.merge = double_conv(2 * out_channels, out_channels)

    def forward(
        self, x: Float[Tensor, "B C h w"], skip: Float[Tensor, "B c H W"]
    ) -> Float[Tensor, "B c H W"]:
        x = self.up(x)  # (B, c, 2h, 2w)
        missing_rows, missing_columns = (s - n for s, n in zip(skip.shape[-2:], x.shape[-2:]))
        # One row or column more, where pooling met an odd size.
        x = F.pad(x, (0, missing_columns, 0, missing_rows))
        return self.merge(torch.cat([skip, x], dim=1))  # (B, 2c, H, W) -> (B, c, H, W)


class UNet(nn.Module):
    """Image (B, C, H, W) to scores (B, K, H, W), for any H and W of at least 2^(levels - 1).

    Args:
        in_channels: C, 3 for RGB.
        num_classes: K, background included.
        channels: features at each level, from full resolution down; one pooling between two.
        skips: for each but the last level, whether its features are copied across. A skip that is
            cut passes zeros, so that parameters and multiply-adds stay the same. ``self.skips``
            can be changed on a trained net.

    Raises:
        ValueError: if ``skips`` has the wrong length, or the input is too small to pool.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        num_classes: int = 2,
        channels: Sequence[int] = (16, 32, 64, 128),
        skips: Sequence[bool] | None = None,
    ):
        super().__init__()
        self.skips = tuple(skips) if skips is not None else (True,) * (len(channels) - 1)
        if len(self.skips) != len(channels) - 1:
            raise ValueError(
                f"skips has {len(self.skips)} entries for {len(channels)} levels: "
                f"give {len(channels) - 1}, one for each level above the lowest"
            )
        self.down = nn.ModuleList(
            double_conv(a, b) for a, b in zip([in_channels, *channels], channels)
        )
        self.up = nn.ModuleList(Up(a, b) for a, b in zip(channels[:0:-1], channels[-2::-1]))
        self.head = nn.Conv2d(channels[0], num_classes, kernel_size=1)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B K H W"]:
        factor = 2 ** len(self.up)
        if min(x.shape[-2:]) < factor:
            raise ValueError(
                f"x is {tuple(x.shape[-2:])} pixels: {len(self.up)} poolings need at least "
                f"{factor} each way"
            )
        copies = []
        for level, down in enumerate(self.down):
            x = down(x if level == 0 else F.max_pool2d(x, 2))
            copies.append(x)
        x = copies.pop()
        for up, copy, keep in zip(self.up, reversed(copies), reversed(self.skips)):
            x = up(x, copy if keep else torch.zeros_like(copy))
        return self.head(x)


def border_weight_map(
    labels: Int[Tensor, "H W"], *, w0: float = 10.0, sigma: float = 5.0
) -> Float[Tensor, "H W"]:
    """Weights that make the loss care about the gaps between touching objects.

    w(x) = 1 + w0 · exp(−(d1(x) + d2(x))² / (2 σ²)) on background pixels, 1 on objects, where d1 and
    d2 are the Euclidean distances in pixels to the nearest and second nearest object (Ronneberger
    et al. 2015, equation 2). With fewer than two objects all are 1.

    Two departures: the class-balancing term w_c is 1 here, and objects keep the weight 1, where
    equation 2, which the paper defines on the whole image, raises it near their borders too.

    The paper first draws a background seam between cells that touch (section 3); here the labels
    are used as they come. Where two objects share a border there is no pixel to weight.

    Args:
        labels: 0 is background, each object its own positive number.

    Returns:
        float32, on the device of ``labels``. Distances are measured on the CPU, by scipy.

    Raises:
        ValueError: if ``w0`` is negative or ``sigma`` not positive, or ``labels`` is not one label
            map of whole numbers.
    """
    if not (w0 >= 0 and sigma > 0):
        raise ValueError(f"w0 {w0} and sigma {sigma}: give w0 >= 0 and sigma > 0")
    if labels.ndim != 2:
        raise ValueError(f"labels is {tuple(labels.shape)}: give one image (H, W) at a time")
    labels = whole("labels", labels)
    weight = torch.ones(labels.shape, device=labels.device)
    values, numbers = labels.cpu().unique(return_inverse=True)
    if (values != 0).sum() < 2:
        return weight
    # Further away than this, what is added to 1 is less than half of float32's last digit.
    reach = math.ceil(sigma * math.sqrt(2 * math.log(max(1, w0 * 2**25))))
    first = torch.full(labels.shape, math.inf)
    second = first.clone()
    for number, box in enumerate(find_objects(numbers.numpy() + 1)):
        if values[number] == 0:
            continue
        near = tuple(slice(max(0, s.start - reach), s.stop + reach) for s in box)
        distance = distance_transform_edt((numbers[near] != number).numpy())
        distance = torch.from_numpy(distance).float()
        second[near] = torch.minimum(second[near], torch.maximum(first[near], distance))
        first[near] = torch.minimum(first[near], distance)
    border = w0 * torch.exp(-((first + second) ** 2) / (2 * sigma**2))
    return weight + border.to(labels.device) * (labels == 0)


@torch.no_grad()
def predict_tiles(
    model: nn.Module, x: Float[Tensor, "B C H W"], *, tile: int, margin: int, factor: int = 8
) -> Float[Tensor, "B K H W"]:
    """The scores of a whole image, computed tile by tile: the paper's overlap-tile strategy.

    Each tile is predicted together with ``margin`` pixels around it (less at the image's border,
    where the whole image ends too), and only its centre is kept. With a margin of at least half the
    receptive field, rounded up to ``factor``, and a model in evaluation mode, the result equals
    ``model(x)``.

    Args:
        tile, margin: multiples of ``factor``, the model's total stride, so that poolings fall on
            the same pixels as in the whole image.

    A last tile of less than ``factor`` pixels is too small to be pooled. Without a margin it is
    predicted together with the ``factor`` pixels before it.

    Raises:
        ValueError: if ``tile`` or ``margin`` is not such a multiple.
    """
    for name, value in (("tile", tile), ("margin", margin)):
        if value % factor or value < 0 or (name == "tile" and value == 0):
            raise ValueError(f"{name} is {value}: give a multiple of the model's stride, {factor}")
    height, width = x.shape[-2:]
    rows = []
    for top in range(0, height, tile):
        row = []
        for left in range(0, width, tile):
            above = _start(top, height, margin, factor)
            before = _start(left, width, margin, factor)
            seen = x[..., above : top + tile + margin, before : left + tile + margin]
            scores = model(seen)[..., top - above :, left - before :]
            row.append(scores[..., : min(tile, height - top), : min(tile, width - left)])
        rows.append(torch.cat(row, dim=-1))
    return torch.cat(rows, dim=-2)


def _start(at: int, end: int, margin: int, factor: int) -> int:
    """Where the pixels begin that a tile from ``at`` is predicted with."""
    return max(0, at - (margin or (factor if end - at < factor else 0)))
