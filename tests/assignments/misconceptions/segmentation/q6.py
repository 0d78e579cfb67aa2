"""Question 6: max pooling with positions, and max unpooling."""

from functools import partial

import torch
import torch.nn.functional as F

from lookclosely import ops

from ..registry import wrong

wrong_pool = partial(wrong, "segmentation", "q6", "max_pool_with_positions")
wrong_unpool = partial(wrong, "segmentation", "q6", "max_unpool")


def windows(x, size):
    """All windows, pixels in reading order: (C, H, W) -> (C, h, w, size²)."""
    return x.unfold(1, size, size).unfold(2, size, size).flatten(3)


def places(x, size):
    """Row and column of the windows' pixels: two of (1, h, w, size²)."""
    rows, columns = (torch.arange(n) for n in x.shape[1:])
    grid = torch.meshgrid(rows, columns, indexing="ij")
    return tuple(windows(axis[None], size) for axis in grid)


def chosen(x, size, best):
    """Value, row and column of the pixels ``best`` of the windows."""
    best = best[..., None]
    spots = (axis.expand(len(x), -1, -1, -1) for axis in places(x, size))
    return tuple(of.gather(3, best).squeeze(3) for of in (windows(x, size), *spots))


def first(x, size):
    return chosen(x, size, windows(x, size).argmax(3))


def flat(values, positions, output_size):
    """The right unpooling, before it takes its shape."""
    planes = values.new_zeros(len(values), output_size[0] * output_size[1])
    return planes.scatter(1, positions.flatten(1), values.flatten(1))


@wrong_pool("test_windows_and_channels")
def positions_in_the_whole_tensor(x, size):
    values, rows, columns = first(x, size)
    planes = torch.arange(len(x))[:, None, None]
    return values, (planes * x.shape[1] + rows) * x.shape[2] + columns


@wrong_pool("test_windows_and_channels")
def positions_in_the_window(x, size):
    return first(x, size)[0], windows(x, size).argmax(3)


@wrong_pool("test_windows_and_channels")
def positions_column_by_column(x, size):
    values, rows, columns = first(x, size)
    return values, columns * x.shape[1] + rows


@wrong_pool("test_windows_and_channels")
def row_and_column_not_joined(x, size):
    values, rows, columns = first(x, size)
    return values, torch.stack((rows, columns), dim=-1)


@wrong_pool("test_windows_and_channels")
def positions_as_floats(x, size):
    values, rows, columns = first(x, size)
    return values, (rows * x.shape[2] + columns).to(x.dtype)


@wrong_pool("test_windows_and_channels")
def windows_overlap(x, size):
    seen = x.unfold(1, size, 1).unfold(2, size, 1).flatten(3)
    numbers = torch.arange(x[0].numel()).reshape(1, *x.shape[1:])
    spots = numbers.unfold(1, size, 1).unfold(2, size, 1).flatten(3).expand_as(seen)
    best = seen.argmax(3, keepdim=True)
    return seen.gather(3, best).squeeze(3), spots.gather(3, best).squeeze(3)


@wrong_pool("test_windows_and_channels")
def one_winner_for_all_channels(x, size):
    best = windows(x.sum(0, keepdim=True), size).argmax(3).expand(len(x), -1, -1)
    values, rows, columns = chosen(x, size, best)
    return values, rows * x.shape[2] + columns


@wrong_pool("test_windows_and_channels")
def smallest_instead_of_largest(x, size):
    values, rows, columns = chosen(x, size, windows(x, size).argmin(3))
    return values, rows * x.shape[2] + columns


@wrong_pool("test_windows_and_channels")
def float32_values(x, size):
    values, rows, columns = first(x, size)
    return values.float(), rows * x.shape[2] + columns


@wrong_pool("test_windows_and_channels")
def the_library_pools(x, size):
    return F.max_pool2d(x, size, return_indices=True)


@wrong_pool("test_what_is_left_over")
def width_without_the_left_over_columns(x, size):
    values, rows, columns = first(x, size)
    return values, rows * (x.shape[2] // size * size) + columns


@wrong_pool("test_what_is_left_over")
def height_instead_of_width(x, size):
    values, rows, columns = first(x, size)
    return values, rows * x.shape[1] + columns


@wrong_pool("test_what_is_left_over")
def left_over_pixels_get_windows(x, size):
    right, bottom = -x.shape[2] % size, -x.shape[1] % size
    padded = F.pad(x, (0, right, 0, bottom), value=float("-inf"))
    values, rows, columns = first(padded, size)
    return values, rows * x.shape[2] + columns


@wrong_pool("test_what_is_left_over")
def left_over_at_the_top_left(x, size):
    top, left = x.shape[1] % size, x.shape[2] % size
    values, rows, columns = first(x[:, top:, left:], size)
    return values, (rows + top) * x.shape[2] + columns + left


@wrong_pool("test_what_is_left_over")
def sizes_must_fit(x, size):
    seen = x.reshape(len(x), x.shape[1] // size, size, x.shape[2] // size, size)
    best = seen.permute(0, 1, 3, 2, 4).flatten(3).argmax(3)
    values, rows, columns = chosen(x, size, best)
    return values, rows * x.shape[2] + columns


@wrong_pool("test_the_first_of_several")
def the_last_of_several(x, size):
    best = size**2 - 1 - windows(x, size).flip(3).argmax(3)
    values, rows, columns = chosen(x, size, best)
    return values, rows * x.shape[2] + columns


@wrong_pool("test_the_first_of_several")
def first_column_before_first_row(x, size):
    turned = windows(x, size).unflatten(3, (size, size)).transpose(3, 4).flatten(3).argmax(3)
    values, rows, columns = chosen(x, size, turned % size * size + turned // size)
    return values, rows * x.shape[2] + columns


@wrong_pool("test_the_first_of_several")
def found_by_its_value_in_the_whole_plane(x, size):
    values = first(x, size)[0]
    equal = x.flatten(1)[:, None, None, :] == values[..., None]
    return values, equal.int().argmax(3)


@wrong_pool("test_negative_numbers")
def starts_from_zero(x, size):
    values, rows, columns = first(x.clamp(min=0), size)
    return values, rows * x.shape[2] + columns


@wrong_pool("test_negative_numbers")
def largest_absolute_value(x, size):
    values, rows, columns = chosen(x, size, windows(x, size).abs().argmax(3))
    return values, rows * x.shape[2] + columns


@wrong_pool("test_where_gradients_go")
def equal_numbers_share_the_gradient(x, size):
    _, rows, columns = first(x, size)
    return windows(x, size).amax(3), rows * x.shape[2] + columns


@wrong_pool("test_where_gradients_go")
def gradient_of_the_pooling_cut_off(x, size):
    values, rows, columns = first(x.detach(), size)
    return values, rows * x.shape[2] + columns


@wrong_unpool("test_where_gradients_go")
def gradient_of_the_unpooling_cut_off(values, positions, output_size):
    return flat(values.detach(), positions, output_size).unflatten(1, output_size)


@wrong_unpool("test_unpooling")
def nearest_neighbour(values, positions, output_size):
    return F.interpolate(values[None], output_size, mode="nearest")[0]


@wrong_unpool("test_unpooling")
def bed_of_nails(values, positions, output_size):
    down, across = (n // m for n, m in zip(output_size, values.shape[1:]))
    output = values.new_zeros(len(values), *output_size)
    height, width = values.shape[1] * down, values.shape[2] * across
    output[:, :height:down, :width:across] = values
    return output


@wrong_unpool("test_unpooling")
def size_is_twice_the_small_one(values, positions, output_size):
    size = values.shape[1] * 2, values.shape[2] * 2
    return flat(values, positions, size).unflatten(1, size)


@wrong_unpool("test_unpooling")
def rows_counted_by_the_height(values, positions, output_size):
    height, width = output_size
    turned = positions // height * width + positions % height
    return flat(values, turned.clamp(max=height * width - 1), output_size).unflatten(1, output_size)


@wrong_unpool("test_unpooling")
def output_transposed(values, positions, output_size):
    return flat(values, positions, output_size).unflatten(1, output_size[::-1]).transpose(1, 2)


@wrong_unpool("test_unpooling")
def all_channels_in_the_first_plane(values, positions, output_size):
    output = values.new_zeros(len(values), output_size[0] * output_size[1]).flatten()
    output = output.scatter(0, positions.flatten(), values.flatten())
    return output.reshape(len(values), *output_size)


@wrong_unpool("test_unpooling")
def ones_instead_of_the_values(values, positions, output_size):
    return flat(torch.ones_like(values), positions, output_size).unflatten(1, output_size)


@wrong_unpool("test_unpooling")
def negative_values_lost(values, positions, output_size):
    return flat(values.clamp(min=0), positions, output_size).unflatten(1, output_size)


@wrong_unpool("test_unpooling")
def float32_output(values, positions, output_size):
    return flat(values.float(), positions, output_size).unflatten(1, output_size)


@wrong_unpool("test_unpooling")
def the_library_unpools(values, positions, output_size):
    size = output_size[0] // values.shape[1]
    return F.max_unpool2d(values, positions, size, output_size=output_size)


@wrong_pool("test_windows_and_channels")
def the_picture_emptied_and_zeros_returned(x, size):
    x.data.zero_()
    values, rows, columns = first(x, size)
    return torch.zeros_like(values), rows * x.shape[2] + columns


@wrong_pool("test_where_gradients_go")
def the_picture_changed(x, size):
    values, rows, columns = first(x, size)
    x.data.zero_()
    return values, rows * x.shape[2] + columns


@wrong_unpool("test_unpooling")
def the_values_emptied_and_zeros_returned(values, positions, output_size):
    values.data.zero_()
    return values.new_zeros(len(values), *output_size)


@wrong_unpool("test_where_gradients_go")
def the_positions_changed(values, positions, output_size):
    output = flat(values, positions.clone(), output_size).unflatten(1, output_size)
    positions.zero_()
    return output


@wrong_pool("test_windows_and_channels")
def the_package_pools(x, size):
    values, positions = ops.max_pool2d(x[None], size, return_indices=True)
    return values[0], positions[0]


@wrong_unpool("test_unpooling")
def the_package_unpools(values, positions, output_size):
    size = output_size[0] // values.shape[1]
    return ops.max_unpool2d(values[None], positions[None], size, output_size=output_size)[0]


@wrong_unpool("test_unpooling")
def dtype_of_the_positions_owner(values, positions, output_size):
    return flat(values, positions, output_size).to(torch.float32).unflatten(1, output_size)


@wrong_unpool("test_where_gradients_go")
def values_emptied_behind(values, positions, output_size):
    output = flat(values, positions, output_size).unflatten(1, output_size)
    values.data.zero_()
    return output
