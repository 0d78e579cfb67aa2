"""Networks that others take their features from."""

from .efficientnet import (
    CHANNELS,
    STRIDES,
    EfficientNetLite0,
    class_names,
    efficientnet_lite0,
    normalize,
    preprocess,
    weights_path,
)
from .resnet import ResNetMaps
from .small import SmallBackbone

__all__ = [
    "CHANNELS",
    "STRIDES",
    "EfficientNetLite0",
    "ResNetMaps",
    "SmallBackbone",
    "class_names",
    "efficientnet_lite0",
    "normalize",
    "preprocess",
    "weights_path",
]
