"""torchvision's ResNet as the backbone of a detector: its maps, finest first.

He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016. The network is
torchvision's; here are only the places where maps are taken out. Its weights keep the names that
they have in torchvision's detectors, ``body.layer2.0.conv1.weight`` and so on.
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn
from torchvision.models import ResNet, resnet50
from torchvision.models._utils import IntermediateLayerGetter


class ResNetMaps(nn.Module):
    """Images to the maps after each of the four stages, strides 4 to 32.

    Args:
        network: such as ``torchvision.models.resnet50()``, of which the classifier is left out.

    Attributes:
        channels, strides: of each map.
    """

    strides = (4, 8, 16, 32)

    def __init__(self, *, network: Callable[[], ResNet] = resnet50):
        super().__init__()
        whole = network()
        self.channels = tuple(whole.fc.in_features // 2**n for n in (3, 2, 1, 0))
        names = {f"layer{n}": str(n) for n in range(1, 5)}
        self.body = IntermediateLayerGetter(whole, names)

    def forward(self, images: Float[Tensor, "B 3 H W"]) -> list[Float[Tensor, "B _ _ _"]]:
        return list(self.body(images).values())
