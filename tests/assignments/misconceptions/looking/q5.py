"""Question 5: the Laplacian pyramid, and the way back."""

from functools import partial

import torch
import torch.nn.functional as F

from lookclosely import ops

from ..registry import wrong

wrong_smooth = partial(wrong, "looking", "q5", "smooth")
wrong_enlarge = partial(wrong, "looking", "q5", "enlarge")
wrong_pyramid = partial(wrong, "looking", "q5", "laplacian_pyramid")
wrong_reconstruct = partial(wrong, "looking", "q5", "reconstruct")

FIVE = (1, 4, 6, 4, 1)


def weighed(x, *, mode="reflect", rows=FIVE, columns=FIVE):
    """The right smoothing, to be spoilt by another border or other weights."""
    down, right = (torch.tensor(five, dtype=x.dtype) / 16 for five in (rows, columns))
    wide = F.pad(x[None, None], (2, 2, 2, 2), mode=mode)
    return F.conv2d(wide, torch.outer(down, right)[None, None])[0, 0]


def half(x):
    return weighed(x)[::2, ::2]


def doubled(x, size, *, first=0, factor=4, smooth=weighed):
    spread = x.new_zeros(size)
    places = spread[first::2, first::2]
    places.copy_(x[: places.shape[0], : places.shape[1]])
    return factor * smooth(spread)


def levels_of(x, levels, *, down=half, up=doubled):
    pyramid = []
    for _ in range(levels - 1):
        smaller = down(x)
        pyramid.append(x - up(smaller, x.shape))
        x = smaller
    return [*pyramid, x]


def rebuilt(pyramid, *, up=doubled):
    *bands, picture = pyramid
    for band in reversed(bands):
        picture = band + up(picture, band.shape)
    return picture


@wrong_smooth("test_smooth")
def zeros_at_the_border(x):
    return weighed(x, mode="constant")


@wrong_smooth("test_smooth")
def border_pixel_repeated(x):
    return weighed(x, mode="replicate")


@wrong_smooth("test_smooth")
def round_the_picture(x):
    index = [torch.arange(-2, n + 2) % n for n in x.shape]
    wide = x[index[0][:, None], index[1]]
    five = torch.tensor(FIVE, dtype=x.dtype) / 16
    return F.conv2d(wide[None, None], torch.outer(five, five)[None, None])[0, 0]


@wrong_smooth("test_smooth")
def mirror_with_the_border_repeated(x):
    index = [torch.tensor([1, 0, *range(n), n - 1, n - 2]) for n in x.shape]
    wide = x[index[0][:, None], index[1]]
    five = torch.tensor(FIVE, dtype=x.dtype) / 16
    return F.conv2d(wide[None, None], torch.outer(five, five)[None, None])[0, 0]


@wrong_smooth("test_smooth")
def along_the_columns_only(x):
    return weighed(x, columns=(0, 0, 16, 0, 0))


@wrong_smooth("test_smooth")
def the_mean_of_five(x):
    return weighed(x, rows=(3.2,) * 5, columns=(3.2,) * 5)


@wrong_smooth("test_smooth")
def divided_once_by_sixteen(x):
    return 16 * weighed(x)


@wrong_smooth("test_smooth")
def smaller_by_the_border(x):
    return weighed(x)[2:-2, 2:-2]


@wrong_smooth("test_smooth")
def smoothed_to_float32(x):
    return weighed(x.float())


@wrong_enlarge("test_enlarge")
def factor_two_for_both_directions(x, size):
    return doubled(x, size, factor=2)


@wrong_enlarge("test_enlarge")
def brightness_lost(x, size):
    return doubled(x, size, factor=1)


@wrong_enlarge("test_enlarge")
def nearest_neighbour(x, size):
    twice = x.repeat_interleave(2, 0).repeat_interleave(2, 1)
    return twice[: size[0], : size[1]]


@wrong_enlarge("test_enlarge")
def half_pixel_centres(x, size):
    return F.interpolate(x[None, None], size=tuple(size), mode="bilinear")[0, 0]


@wrong_enlarge("test_enlarge")
def repeated_then_smoothed(x, size):
    return weighed(nearest_neighbour(x, size))


@wrong_enlarge("test_enlarge")
def pixels_at_odd_places(x, size):
    return doubled(x, size, first=1)


@wrong_enlarge("test_enlarge")
def even_sizes_only(x, size):
    return doubled(x, (2 * x.shape[0], 2 * x.shape[1]))


@wrong_enlarge("test_enlarge")
def doubled_then_cut(x, size):
    return doubled(x, (2 * x.shape[0], 2 * x.shape[1]))[: size[0], : size[1]]


@wrong_enlarge("test_enlarge")
def spread_but_not_smoothed(x, size):
    return doubled(x, size, smooth=lambda spread: spread)


@wrong_enlarge("test_enlarge")
def size_as_width_and_height(x, size):
    return doubled(x, (size[1], size[0]))


@wrong_pyramid("test_bands_of_even_and_odd_sizes")
def smoothed_once_more(x, levels):
    return levels_of(x, levels, up=lambda smaller, size: weighed(doubled(smaller, size)))


@wrong_pyramid("test_bands_of_even_and_odd_sizes")
def even_pictures_only(x, levels):
    def up(smaller, size):
        return doubled(smaller, (2 * smaller.shape[0], 2 * smaller.shape[1]))

    return levels_of(x, levels, up=up)


@wrong_pyramid("test_bands_of_even_and_odd_sizes")
def the_sign_of_the_bands(x, levels):
    *bands, last = levels_of(x, levels)
    return [*(-band for band in bands), last]


@wrong_pyramid("test_bands_of_even_and_odd_sizes")
def halved_without_smoothing(x, levels):
    return levels_of(x, levels, down=lambda x: x[::2, ::2])


@wrong_pyramid("test_bands_of_even_and_odd_sizes")
def odd_places_kept(x, levels):
    return levels_of(x, levels, down=lambda x: weighed(x)[1::2, 1::2])


@wrong_pyramid("test_bands_of_even_and_odd_sizes")
def picture_less_smoothed_picture(x, levels):
    pyramid = []
    for _ in range(levels - 1):
        pyramid.append(x - weighed(x))
        x = half(x)
    return [*pyramid, x]


@wrong_pyramid("test_bands_of_even_and_odd_sizes")
def bands_enlarged_as_nearest(x, levels):
    return levels_of(x, levels, up=nearest_neighbour)


@wrong_pyramid("test_any_number_of_levels")
def one_level_too_many(x, levels):
    return levels_of(x, levels + 1)


@wrong_pyramid("test_any_number_of_levels")
def the_small_picture_forgotten(x, levels):
    return levels_of(x, levels + 1)[:-1]


@wrong_pyramid("test_any_number_of_levels")
def the_smallest_first(x, levels):
    return levels_of(x, levels)[::-1]


@wrong_pyramid("test_any_number_of_levels")
def a_tuple(x, levels):
    return tuple(levels_of(x, levels))


@wrong_pyramid("test_any_number_of_levels")
def every_level_from_the_picture(x, levels):
    small = half(x)
    return [x - doubled(small, x.shape)] * (levels - 1) + [small if levels > 1 else x]


@wrong_pyramid("test_any_number_of_levels")
def a_gaussian_pyramid(x, levels):
    pyramid = [x]
    while len(pyramid) < levels:
        pyramid.append(half(pyramid[-1]))
    return pyramid


@wrong_pyramid("test_any_number_of_levels")
def two_levels_at_least(x, levels):
    return levels_of(x, max(2, levels))


@wrong_pyramid("test_any_number_of_levels")
def pyramid_of_the_bands(x, levels):
    pyramid = []
    for _ in range(levels - 1):
        smaller = half(x)
        band = x - doubled(smaller, x.shape)
        pyramid.append(band)
        x = smaller if len(pyramid) == 1 else half(band)
    return [*pyramid, x]


@wrong_pyramid("test_there_and_back_again")
def the_picture_is_overwritten(x, levels):
    pyramid = []
    for _ in range(levels - 1):
        smaller = half(x)
        x -= doubled(smaller, x.shape)
        pyramid.append(x)
        x = smaller
    return [*pyramid, x]


@wrong_reconstruct("test_reconstruct")
def bands_added_without_enlarging(pyramid):
    return rebuilt(
        pyramid, up=lambda x, size: F.pad(x, (0, size[1] - x.shape[1], 0, size[0] - x.shape[0]))
    )


@wrong_reconstruct("test_reconstruct")
def the_smallest_band_last(pyramid):
    picture = pyramid[-1]
    for band in pyramid[:-1]:
        picture = band + doubled(picture, band.shape)
    return picture


@wrong_reconstruct("test_reconstruct")
def bands_subtracted(pyramid):
    *bands, last = pyramid
    return rebuilt([*(-band for band in bands), last])


@wrong_reconstruct("test_reconstruct")
def only_the_first_two_levels(pyramid):
    return rebuilt(pyramid[:2])


@wrong_reconstruct("test_reconstruct")
def each_level_enlarged_by_itself(pyramid):
    *bands, last = pyramid
    size = pyramid[0].shape
    total = bands[0].clone() if bands else last.clone()
    for level in pyramid[1:]:
        total = total + F.interpolate(level[None, None], size=tuple(size), mode="nearest")[0, 0]
    return total


@wrong_reconstruct("test_reconstruct")
def even_levels_only(pyramid):
    def up(x, size):
        return doubled(x, (2 * x.shape[0], 2 * x.shape[1]))

    return rebuilt(pyramid, up=up)


@wrong_reconstruct("test_reconstruct")
def rebuilt_as_nearest(pyramid):
    return rebuilt(pyramid, up=nearest_neighbour)


@wrong_reconstruct("test_reconstruct")
def clamped_to_brightness(pyramid):
    return rebuilt(pyramid).clamp(0, 1)


@wrong_reconstruct("test_there_and_back_again")
def the_list_is_emptied(pyramid):
    picture = pyramid.pop()
    while pyramid:
        band = pyramid.pop()
        picture = band + doubled(picture, band.shape)
    return picture


@wrong_reconstruct("test_there_and_back_again")
def the_bands_are_overwritten(pyramid):
    picture = pyramid[-1]
    for band in reversed(pyramid[:-1]):
        band += doubled(picture, band.shape)
        picture = band
    return picture


@wrong_pyramid("test_any_number_of_levels")
def the_package_does_it(x, levels):
    return ops.laplacian_pyramid(x, levels)


@wrong_pyramid("test_bands_of_even_and_odd_sizes")
def the_picture_emptied_and_zeros_returned(x, levels):
    x.zero_()
    return levels_of(x, levels)


@wrong_reconstruct("test_reconstruct")
def the_package_rebuilds(pyramid):
    return ops.reconstruct(pyramid)


@wrong_smooth("test_smooth")
def smoothed_in_place(x):
    found = weighed(x.clone())
    x.copy_(found)
    return found


@wrong_enlarge("test_enlarge")
def negative_numbers_lost(x, size):
    return doubled(x, size).clamp(min=0)


@wrong_enlarge("test_enlarge")
def the_small_picture_multiplied(x, size):
    x *= 4
    return doubled(x, size, factor=1)
