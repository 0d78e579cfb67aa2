"""MNIST: 60,000 + 10,000 handwritten digits of 28×28 pixels.

Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
recognition", Proc. IEEE 86 (1998). Licence: CC BY-SA 3.0 (Y. LeCun, C. Cortes).

Shapes: N digits.
"""

import struct
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from . import fetch

CLASSES = tuple("0123456789")


class Digits(NamedTuple):
    """``images`` 0 (paper) to 255 (ink), and which digit each one shows."""

    images: UInt8[Tensor, "N 28 28"]
    labels: Int64[Tensor, " N"]


def load(split: str) -> Digits:
    """The digits of ``"train"`` (60,000) or ``"test"`` (10,000), in the published order.

    Raises ``ValueError`` for another split, ``MissingData`` or ``DamagedData`` without a good file.
    """
    if split not in SOURCES:
        raise ValueError(f"split must be one of {', '.join(SOURCES)}, got {split!r}")
    images, labels = (_parse_idx(fetch.load(source)[""]) for source in SOURCES[split])
    return Digits(images, labels.long())


def _parse_idx(data: bytes) -> UInt8[Tensor, "..."]:
    """An array of bytes in the idx format: 0, 0, type 8, number of axes, their sizes, the values.

    The sizes are big-endian 32-bit integers; the last axis varies fastest.
    """
    axes = data[3]
    shape = struct.unpack_from(f">{axes}I", data, offset=4)
    values = np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * axes)
    return torch.from_numpy(values.reshape(shape).copy())


def _source(name: str) -> fetch.Source:
    return fetch.Source(
        file=f"mnist/{name}.gz",
        title=f"The file {name} of MNIST",
        urls=(
            f"https://ossci-datasets.s3.amazonaws.com/mnist/{name}.gz",
            f"https://storage.googleapis.com/cvdf-datasets/mnist/{name}.gz",
        ),
        sha256=_SHA256[name],
        read=fetch.read_gzip,
    )


_SHA256 = {  # of the uncompressed files
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
SOURCES = {
    "train": (_source("train-images-idx3-ubyte"), _source("train-labels-idx1-ubyte")),
    "test": (_source("t10k-images-idx3-ubyte"), _source("t10k-labels-idx1-ubyte")),
}
