"""What most networks of this book are built of: convolution, batch normalisation, ReLU."""

from torch import nn


def norm_relu(layer: nn.Conv2d | nn.ConvTranspose2d, *, batch_norm: bool = True) -> nn.Sequential:
    """The layer, batch normalisation of what it gives (or none), ReLU."""
    norm = [nn.BatchNorm2d(layer.out_channels)] if batch_norm else []
    return nn.Sequential(layer, *norm, nn.ReLU(inplace=True))


def conv_norm_relu(
    in_channels: int, out_channels: int, kernel_size: int = 3, *, stride: int = 1, dilation: int = 1
) -> nn.Sequential:
    """A convolution of odd kernel, padded so that stride 1 keeps the size; batch normalisation,
    ReLU.

    Stride s leaves ⌈n / s⌉ of n pixels. The convolution has no bias: the normalisation has one.
    """
    padding = dilation * (kernel_size // 2)
    return norm_relu(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, dilation, bias=False)
    )
