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

__all__ = [
    "CHANNELS",
    "STRIDES",
    "EfficientNetLite0",
    "class_names",
    "efficientnet_lite0",
    "normalize",
    "preprocess",
    "weights_path",
]
