"""Question 2: the transposed convolution as a sum of stamps."""

from functools import partial

import torch
import torch.nn.functional as F

from lookclosely import ops

from ..registry import wrong

wrong_q2 = partial(wrong, "segmentation", "q2", "conv_transpose1d")


def stamps(x, weight, stride, *, add=True, dtype=None):
    """The right answer without padding, to be spoilt below."""
    size = weight.shape[2]
    output = x.new_zeros(weight.shape[1], (x.shape[1] - 1) * stride + size, dtype=dtype)
    for i in range(x.shape[1]):
        stamp = torch.einsum("c,cok->ok", x[:, i], weight)
        place = slice(i * stride, i * stride + size)
        output[:, place] = output[:, place] + stamp if add else stamp
    return output


def cut(output, padding):
    return output[:, padding : output.shape[1] - padding]


@wrong_q2("test_one_input_value_is_one_stamp")
def kernel_flipped(x, weight, stride=1, padding=0):
    return cut(stamps(x, weight.flip(-1), stride), padding)


@wrong_q2("test_every_stride_and_kernel")
def overlaps_overwritten(x, weight, stride=1, padding=0):
    return cut(stamps(x, weight, stride, add=False), padding)


@wrong_q2("test_every_stride_and_kernel")
def stride_ignored(x, weight, stride=1, padding=0):
    return cut(stamps(x, weight, 1), padding)


@wrong_q2("test_every_stride_and_kernel")
def stride_spreads_the_kernel(x, weight, stride=1, padding=0):
    spread = weight.new_zeros(*weight.shape[:2], (weight.shape[2] - 1) * stride + 1)
    spread[..., ::stride] = weight
    return cut(stamps(x, spread, 1), padding)


@wrong_q2("test_every_stride_and_kernel")
def length_is_inputs_times_stride(x, weight, stride=1, padding=0):
    return cut(stamps(x, weight, stride)[:, : x.shape[1] * stride], padding)


@wrong_q2("test_every_stride_and_kernel")
def values_repeated_instead_of_spaced(x, weight, stride=1, padding=0):
    return cut(stamps(x.repeat_interleave(stride, dim=1), weight, 1), padding)


@wrong_q2("test_padding")
def padding_cut_at_the_front_only(x, weight, stride=1, padding=0):
    return stamps(x, weight, stride)[:, padding:]


@wrong_q2("test_padding")
def padding_cut_twice_at_the_end(x, weight, stride=1, padding=0):
    output = stamps(x, weight, stride)
    return output[:, : output.shape[1] - 2 * padding]


@wrong_q2("test_padding")
def padding_adds_zeros(x, weight, stride=1, padding=0):
    return F.pad(stamps(x, weight, stride), (padding, padding))


@wrong_q2("test_padding")
def padding_pads_the_input(x, weight, stride=1, padding=0):
    return stamps(F.pad(x, (padding, padding)), weight, stride)


@wrong_q2("test_padding")
def padding_ignored(x, weight, stride=1, padding=0):
    return stamps(x, weight, stride)


@wrong_q2("test_every_stride_and_kernel")
def slice_to_minus_padding_fails_at_zero(x, weight, stride=1, padding=0):
    return stamps(x, weight, stride)[:, padding:-padding]


@wrong_q2("test_channels")
def channel_axes_swapped(x, weight, stride=1, padding=0):
    return cut(stamps(x, weight.transpose(0, 1), stride), padding)


@wrong_q2("test_channels")
def channels_averaged(x, weight, stride=1, padding=0):
    return cut(stamps(x, weight, stride) / x.shape[0], padding)


@wrong_q2("test_channels")
def first_channel_only(x, weight, stride=1, padding=0):
    return cut(stamps(x[:1], weight[:1], stride), padding)


@wrong_q2("test_float64")
def always_float32(x, weight, stride=1, padding=0):
    return cut(stamps(x, weight, stride, dtype=torch.float32), padding)


@wrong_q2("test_gradients")
def gradient_cut_off(x, weight, stride=1, padding=0):
    return cut(stamps(x.detach(), weight.detach(), stride), padding)


@wrong_q2("test_gradients")
def gradient_of_the_kernel_cut_off(x, weight, stride=1, padding=0):
    return cut(stamps(x, weight.detach(), stride), padding)


@wrong_q2("test_channels")
def the_library_does_it(x, weight, stride=1, padding=0):
    return F.conv_transpose1d(x, weight, stride=stride, padding=padding)


@wrong_q2("test_every_stride_and_kernel")
def the_ordinary_convolution(x, weight, stride=1, padding=0):
    windows = F.pad(x, (padding, padding)).unfold(1, weight.shape[2], stride)
    return torch.einsum("cnk,cok->on", windows, weight)


@wrong_q2("test_channels")
def the_input_emptied_and_zeros_returned(x, weight, stride=1, padding=0):
    x.data.zero_()
    return x.new_zeros(weight.shape[1], (x.shape[1] - 1) * stride + weight.shape[2] - 2 * padding)


@wrong_q2("test_gradients")
def the_input_changed(x, weight, stride=1, padding=0):
    output = cut(stamps(x.clone(), weight, stride), padding)
    x.data.zero_()
    return output


@wrong_q2("test_channels")
def the_package_does_it(x, weight, stride=1, padding=0):
    output = ops.conv_transpose2d(x[None, :, None], weight[:, :, None], stride=(1, stride))
    return cut(output[0, :, 0], padding)


@wrong_q2("test_float64")
def the_kernel_changed(x, weight, stride=1, padding=0):
    output = cut(stamps(x, weight.clone(), stride), padding)
    weight.data.mul_(2)
    return output


@wrong_q2("test_float64")
def always_float64(x, weight, stride=1, padding=0):
    return cut(stamps(x, weight, stride, dtype=torch.float64), padding)


@wrong_q2("test_every_stride_and_kernel")
def gaps_closed_where_the_stride_is_larger(x, weight, stride=1, padding=0):
    return cut(stamps(x, weight, min(stride, weight.shape[2])), padding)
