"""Feature pyramid: every level of a backbone gets the meaning of the coarser ones.

Lin, Dollár, Girshick, He, Hariharan and Belongie, "Feature pyramid networks for object detection",
CVPR 2017, section 3 and figure 3. The region proposals and the RoI head of the paper are those of
Faster R-CNN; which level a region belongs to is ``ops.assign_levels`` (equation 1).

Where we depart from it: a coarser map is enlarged to the size of the finer one, not by 2, so that
sides need not be even (as in torchvision).

Shapes: B batch, C_l channels and H_l × W_l cells of level l, D channels of the pyramid.
"""

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Maps = Sequence[Float[Tensor, "B _ _ _"]]


class FeaturePyramid(nn.Module):
    """Maps of a backbone, finest first, to as many maps of D channels.

        M_l = lateral_l(C_l) + enlarged(M_{l+1}),    P_l = smooth_l(M_l)

    From the coarsest level, which is its lateral alone, down to the finest. ``lateral`` is a 1×1
    convolution, ``smooth`` a 3×3 one against the steps of nearest-neighbour enlarging; both have a
    bias, and no activation follows (section 3: "no non-linearities in these extra layers").

    Args:
        in_channels: C_l of each level, finest first.
        out_channels: D; 256 in the paper.
    """

    def __init__(self, *, in_channels: Sequence[int], out_channels: int):
        super().__init__()
        self.laterals = nn.ModuleList(nn.Conv2d(c, out_channels, 1) for c in in_channels)
        self.smooths = nn.ModuleList(
            nn.Conv2d(out_channels, out_channels, 3, padding=1) for _ in in_channels
        )
        for name, value in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(value)
            else:
                nn.init.kaiming_uniform_(value, a=1)  # as torchvision's: nothing rectifies here

    def forward(self, maps: Maps) -> list[Float[Tensor, "B _ _ _"]]:
        """
        Raises:
            ValueError: there are more or fewer maps than levels.
        """
        if len(maps) != len(self.laterals):
            raise ValueError(
                f"{len(maps)} maps for {len(self.laterals)} levels: give one for each, finest first"
            )
        merged = [lateral(x) for lateral, x in zip(self.laterals, maps)]
        for fine in reversed(range(len(merged) - 1)):
            size = merged[fine].shape[-2:]
            merged[fine] = merged[fine] + F.interpolate(merged[fine + 1], size=size, mode="nearest")
        return [smooth(x) for smooth, x in zip(self.smooths, merged)]


class PyramidBackbone(nn.Module):
    """A backbone with a pyramid on it, which is a backbone again: all its maps have D channels.

    Args:
        backbone: images to maps, finest first; has their ``channels`` and ``strides``.
        strides: which of them go into the pyramid.
        out_channels: D.
        finest: how many maps come out, the finest first; all where left out. A detector with one
            map takes 1, and the coarser ones still add their meaning to it.

    Attributes:
        channels, strides: of each map that comes out.

    Raises:
        ValueError: the backbone has no map of such a stride, or ``finest`` is more than there are.
    """

    def __init__(
        self,
        *,
        backbone: Any,
        strides: Sequence[int],
        out_channels: int,
        finest: int | None = None,
    ) -> None:
        super().__init__()
        missing = [stride for stride in strides if stride not in backbone.strides]
        if missing:
            raise ValueError(f"strides {missing} are none of the backbone's {backbone.strides}")
        count = len(strides) if finest is None else finest
        if not 1 <= count <= len(strides):
            raise ValueError(
                f"finest is {finest} for {len(strides)} maps: give 1 to {len(strides)}"
            )
        self.backbone, self.levels = backbone, [backbone.strides.index(s) for s in strides]
        widths = [backbone.channels[level] for level in self.levels]
        self.pyramid = FeaturePyramid(in_channels=widths, out_channels=out_channels)
        self.strides, self.channels = tuple(strides)[:count], (out_channels,) * count

    def forward(self, images: Float[Tensor, "B _ H W"]) -> list[Float[Tensor, "B _ _ _"]]:
        maps = self.backbone(images)
        return self.pyramid([maps[level] for level in self.levels])[: len(self.strides)]
