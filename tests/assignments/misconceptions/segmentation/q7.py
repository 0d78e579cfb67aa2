"""Question 7: dilated convolution, and the kernel that it amounts to."""

from functools import partial

import torch
import torch.nn.functional as F

from lookclosely import ops

from ..registry import wrong

wrong_layer = partial(wrong, "segmentation", "q7", "dilated_conv2d")
wrong_kernel = partial(wrong, "segmentation", "q7", "effective_kernel")


def taps(padded, weight, rate):
    """The right answer on a padded picture, to be spoilt below."""
    down, across = weight.shape[2:]
    height, width = padded.shape[1] - rate * (down - 1), padded.shape[2] - rate * (across - 1)
    output = padded.new_zeros(len(weight), height, width)
    for u in range(down):
        for v in range(across):
            shifted = padded[:, rate * u : rate * u + height, rate * v : rate * v + width]
            output = output + torch.einsum("oc,chw->ohw", weight[:, :, u, v], shifted)
    return output


def around(x, padding):
    return F.pad(x, (padding,) * 4)


def holes(weight, rate):
    """The right effective kernel, to be spoilt below."""
    height, width = (rate * (n - 1) + 1 for n in weight.shape[2:])
    kernel = weight.new_zeros(*weight.shape[:2], height, width)
    kernel[:, :, ::rate, ::rate] = weight
    return kernel


@wrong_layer("test_every_rate_and_kernel")
def rate_is_a_stride(x, weight, rate=1, padding=0):
    return taps(around(x, padding), weight, 1)[:, ::rate, ::rate]


@wrong_layer("test_every_rate_and_kernel")
def output_skips_as_well(x, weight, rate=1, padding=0):
    return taps(around(x, padding), weight, rate)[:, ::rate, ::rate]


@wrong_layer("test_every_rate_and_kernel")
def picture_thinned_out_first(x, weight, rate=1, padding=0):
    return taps(around(x, padding)[:, ::rate, ::rate], weight, 1)


@wrong_layer("test_every_rate_and_kernel")
def rate_counts_the_holes(x, weight, rate=1, padding=0):
    return taps(around(x, padding), weight, rate + 1)


@wrong_layer("test_every_rate_and_kernel")
def rate_ignored(x, weight, rate=1, padding=0):
    return taps(around(x, padding), weight, 1)


@wrong_layer("test_every_rate_and_kernel")
def kernel_flipped(x, weight, rate=1, padding=0):
    return taps(around(x, padding), weight.flip(2, 3), rate)


@wrong_layer("test_every_rate_and_kernel")
def size_from_rate_times_kernel(x, weight, rate=1, padding=0):
    output = taps(around(x, padding), weight, rate)
    lost = rate - 1
    return output[:, : output.shape[1] - lost, : output.shape[2] - lost]


@wrong_layer("test_every_rate_and_kernel")
def last_place_forgotten(x, weight, rate=1, padding=0):
    return taps(around(x, padding), weight, rate)[:, :-1, :-1]


@wrong_layer("test_every_rate_and_kernel")
def holes_filled_with_the_taps(x, weight, rate=1, padding=0):
    spread = weight.repeat_interleave(rate, 2).repeat_interleave(rate, 3)
    end = -(rate - 1) or None
    return taps(around(x, padding), spread[:, :, :end, :end], 1)


@wrong_layer("test_zeros_around_the_picture")
def padding_ignored(x, weight, rate=1, padding=0):
    return taps(x, weight, rate)


@wrong_layer("test_zeros_around_the_picture")
def padding_around_the_output(x, weight, rate=1, padding=0):
    return around(taps(x, weight, rate), padding)


@wrong_layer("test_zeros_around_the_picture")
def padding_times_the_rate(x, weight, rate=1, padding=0):
    return taps(around(x, padding * rate), weight, rate)


@wrong_layer("test_zeros_around_the_picture")
def padding_at_the_top_left_only(x, weight, rate=1, padding=0):
    return taps(F.pad(x, (padding, 0, padding, 0)), weight, rate)


@wrong_layer("test_zeros_around_the_picture")
def padding_left_and_right_only(x, weight, rate=1, padding=0):
    return taps(F.pad(x, (padding, padding)), weight, rate)


@wrong_layer("test_zeros_around_the_picture")
def border_repeated_instead_of_zeros(x, weight, rate=1, padding=0):
    return taps(F.pad(x[None], (padding,) * 4, mode="replicate")[0], weight, rate)


@wrong_layer("test_zeros_around_the_picture")
def picture_always_keeps_its_size(x, weight, rate=1, padding=0):
    down, across = (rate * (n - 1) for n in weight.shape[2:])
    if not padding:
        return taps(x, weight, rate)
    around_it = (across // 2, across - across // 2, down // 2, down - down // 2)
    return taps(F.pad(x, around_it), weight, rate)


@wrong_layer("test_the_channels")
def channel_axes_swapped(x, weight, rate=1, padding=0):
    return taps(around(x, padding), weight.transpose(0, 1), rate)


@wrong_layer("test_the_channels")
def first_channel_only(x, weight, rate=1, padding=0):
    return taps(around(x[:1], padding), weight[:, :1], rate)


@wrong_layer("test_the_channels")
def channels_averaged(x, weight, rate=1, padding=0):
    return taps(around(x, padding), weight, rate) / len(x)


@wrong_layer("test_the_channels")
def the_library_does_it(x, weight, rate=1, padding=0):
    return F.conv2d(x, weight, padding=padding, dilation=rate)


@wrong_layer("test_the_channels")
def the_library_cuts_the_windows(x, weight, rate=1, padding=0):
    height, width = (
        n + 2 * padding - rate * (k - 1) for n, k in zip(x.shape[1:], weight.shape[2:])
    )
    columns = F.unfold(x[None], weight.shape[2:], dilation=rate, padding=padding)[0]
    return (weight.flatten(1) @ columns).unflatten(1, (height, width))


@wrong_layer("test_oblong_pictures_and_kernels")
def kernel_transposed(x, weight, rate=1, padding=0):
    return taps(around(x, padding), weight.transpose(2, 3), rate)


@wrong_layer("test_oblong_pictures_and_kernels")
def width_from_the_height(x, weight, rate=1, padding=0):
    size = weight.shape[2]
    padded = around(x, padding)
    side = padded.shape[1] - rate * (size - 1)
    output = padded.new_zeros(len(weight), side, side)
    for u in range(size):
        for v in range(size):
            shifted = padded[:, rate * u : rate * u + side, rate * v : rate * v + side]
            output = output + torch.einsum("oc,chw->ohw", weight[:, :, u, v], shifted)
    return output


@wrong_layer("test_oblong_pictures_and_kernels")
def kernel_assumed_odd(x, weight, rate=1, padding=0):
    if weight.shape[2] % 2 == 0 and weight.shape[2] > 2:
        weight = weight[:, :, :-1]
    return taps(around(x, padding), weight, rate)


@wrong_layer("test_gradients_in_float64")
def always_float32(x, weight, rate=1, padding=0):
    return taps(around(x.float(), padding), weight.float(), rate)


@wrong_layer("test_gradients_in_float64")
def gradient_cut_off(x, weight, rate=1, padding=0):
    return taps(around(x.detach(), padding), weight.detach(), rate)


@wrong_layer("test_gradients_in_float64")
def gradient_of_the_kernel_cut_off(x, weight, rate=1, padding=0):
    return taps(around(x, padding), weight.detach(), rate)


@wrong_kernel("test_the_effective_kernel")
def holes_after_the_last_tap(weight, rate):
    height, width = (rate * n for n in weight.shape[2:])
    return F.pad(holes(weight, rate), (0, rate - 1, 0, rate - 1))[:, :, :height, :width]


@wrong_kernel("test_the_effective_kernel")
def as_many_holes_as_the_rate(weight, rate):
    return holes(weight, rate + 1)


@wrong_kernel("test_the_effective_kernel")
def taps_repeated(weight, rate):
    spread = weight.repeat_interleave(rate, 2).repeat_interleave(rate, 3)
    end = -(rate - 1) or None
    return spread[:, :, :end, :end]


@wrong_kernel("test_the_effective_kernel")
def holes_across_only(weight, rate):
    across = rate * (weight.shape[3] - 1) + 1
    kernel = weight.new_zeros(*weight.shape[:3], across)
    kernel[..., ::rate] = weight
    return kernel


@wrong_kernel("test_the_effective_kernel")
def zeros_around_the_kernel(weight, rate):
    height, width = (rate * (n - 1) + 1 for n in weight.shape[2:])
    down, across = height - weight.shape[2], width - weight.shape[3]
    return F.pad(weight, (across // 2, across - across // 2, down // 2, down - down // 2))


@wrong_kernel("test_the_effective_kernel")
def effective_kernel_flipped(weight, rate):
    return holes(weight, rate).flip(2, 3)


@wrong_kernel("test_the_effective_kernel")
def effective_kernel_in_float32(weight, rate):
    return holes(weight, rate).float()


@wrong_layer("test_every_rate_and_kernel")
def the_picture_emptied_and_zeros_returned(x, weight, rate=1, padding=0):
    x.data.zero_()
    return torch.zeros_like(taps(around(x, padding), weight, rate))


@wrong_layer("test_gradients_in_float64")
def the_weight_changed(x, weight, rate=1, padding=0):
    output = taps(around(x, padding), weight.clone(), rate)
    weight.data.zero_()
    return output


@wrong_layer("test_every_rate_and_kernel")
def the_package_does_it(x, weight, rate=1, padding=0):
    return ops.conv2d(x[None], weight, padding=padding, dilation=rate)[0]


@wrong_kernel("test_the_effective_kernel")
def the_kernel_emptied_and_zeros_returned(weight, rate):
    weight.data.zero_()
    return torch.zeros_like(holes(weight, rate))


@wrong_kernel("test_the_effective_kernel")
def the_package_dilates_it(weight, rate):
    return ops.dilate_kernel(weight, rate)


@wrong_kernel("test_the_effective_kernel")
def the_kernel_changed(weight, rate):
    kernel = holes(weight.clone(), rate)
    weight.data.mul_(2)
    return kernel


@wrong_kernel("test_the_effective_kernel")
def negative_weights_lost(weight, rate):
    return holes(weight.clamp(min=0), rate)
