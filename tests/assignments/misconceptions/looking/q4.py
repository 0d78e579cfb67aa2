"""Question 4: an answer for every window, from passes over shifted images."""

from functools import partial, wraps

import torch
import torch.nn.functional as F

from lookclosely import ops

from ..registry import wrong

wrong_answer = partial(wrong, "looking", "q4", "shift_and_stitch")


def surrounded(x, window):
    before, after = (window - 1) // 2, window // 2
    return F.pad(x, (before, after, before, after))


def wrong_q4(caught_by):
    """A mistake behind the zeros, which are right."""

    def add(function):
        @wraps(function)
        def answer(network, x, factor, window):
            return function(network, surrounded(x, window), factor)

        wrong_answer(caught_by)(answer)
        return function

    return add


def all_passes(network, x, factor):
    shifts = range(factor)
    return [[network(x[..., a:, b:]) for b in shifts] for a in shifts]


def stitched(passes, factor, *, place=lambda a, b: (a, b), dtype=None):
    """The right way to put passes together, to be spoilt by other places."""
    height = sum(row[0].shape[-2] for row in passes)
    width = sum(answers.shape[-1] for answers in passes[0])
    result = passes[0][0].new_zeros(*passes[0][0].shape[:2], height, width, dtype=dtype)
    for a in range(factor):
        for b in range(factor):
            i, j = place(a, b)
            result[..., i::factor, j::factor] = passes[a][b]
    return result


@wrong_q4("test_the_place_of_each_answer")
def rows_and_columns_swapped(network, x, factor):
    return stitched(all_passes(network, x, factor), factor, place=lambda a, b: (b, a))


@wrong_q4("test_the_place_of_each_answer")
def places_in_reverse_order(network, x, factor):
    last = factor - 1
    passes = all_passes(network, x, factor)
    return stitched(passes, factor, place=lambda a, b: (last - a, last - b))


@wrong_q4("test_the_place_of_each_answer")
def shifted_the_other_way(network, x, factor):
    shifts = range(factor)
    padded = [
        [F.pad(x, (b, 0, a, 0))[..., : x.shape[2], : x.shape[3]] for b in shifts] for a in shifts
    ]
    return stitched([[network(image) for image in row] for row in padded], factor)


@wrong_q4("test_the_place_of_each_answer")
def cut_at_the_other_end(network, x, factor):
    height, width = x.shape[-2:]
    shifts = range(factor)
    passes = [[network(x[..., : height - a, : width - b]) for b in shifts] for a in shifts]
    return stitched(passes, factor)


@wrong_q4("test_the_place_of_each_answer")
def passes_side_by_side(network, x, factor):
    passes = all_passes(network, x, factor)
    return torch.cat([torch.cat(row, dim=-1) for row in passes], dim=-2)


@wrong_q4("test_the_place_of_each_answer")
def one_pass_stretched(network, x, factor):
    answers = network(x)
    return answers.repeat_interleave(factor, -2).repeat_interleave(factor, -1)


@wrong_q4("test_one_pass_for_each_shift")
def one_pass_more_to_learn_the_size(network, x, factor):
    channels = network(x).shape[1]
    result = stitched(all_passes(network, x, factor), factor)
    assert result.shape[1] == channels
    return result


@wrong_q4("test_one_pass_for_each_shift")
def every_pass_twice(network, x, factor):
    all_passes(network, x, factor)
    return stitched(all_passes(network, x, factor), factor)


@wrong_q4("test_one_pass_for_each_shift")
def a_pass_for_each_window(network, x, factor):
    height, width = x.shape[-2:]
    size = next(n for n in range(1, height + 1) if answers_to(network, x, n))
    rows = [
        torch.cat(
            [network(x[..., i : i + size, j : j + size]) for j in range(width - size + 1)], -1
        )
        for i in range(height - size + 1)
    ]
    return torch.cat(rows, -2)


def answers_to(network, x, size):
    try:
        return network(x[..., :size, :size]).numel() > 0
    except RuntimeError:
        return False


@wrong_q4("test_passes_of_different_sizes")
def all_passes_cut_to_the_smallest(network, x, factor):
    passes = all_passes(network, x, factor)
    height, width = passes[-1][-1].shape[-2:]
    return stitched([[y[..., :height, :width] for y in row] for row in passes], factor)


@wrong_q4("test_every_window_is_answered")
def as_large_as_the_image(network, x, factor):
    result = stitched(all_passes(network, x, factor), factor)
    height, width = x.shape[-2:]
    return F.pad(result, (0, width - result.shape[-1], 0, height - result.shape[-2]))


@wrong_q4("test_passes_of_different_sizes")
def multiples_of_the_factor_only(network, x, factor):
    height, width = (n // factor * factor for n in x.shape[-2:])
    return stitched(all_passes(network, x[..., :height, :width], factor), factor)


@wrong_q4("test_passes_of_different_sizes")
def padded_at_the_end_so_that_all_are_equal(network, x, factor):
    wide = F.pad(x, (0, factor - 1, 0, factor - 1))
    height, width = x.shape[-2:]
    shifts = range(factor)
    passes = [[network(wide[..., a : a + height, b : b + width]) for b in shifts] for a in shifts]
    return stitched(passes, factor)


@wrong_q4("test_passes_of_different_sizes")
def square_images_only(network, x, factor):
    side = min(x.shape[-2:])
    return stitched(all_passes(network, x[..., :side, :side], factor), factor)


@wrong_q4("test_every_window_is_answered")
def along_the_diagonal_only(network, x, factor):
    passes = all_passes(network, x, factor)
    for a in range(factor):
        for b in range(factor):
            passes[a][b] = passes[a][b] if a == b else torch.zeros_like(passes[a][b])
    return stitched(passes, factor)


@wrong_q4("test_every_window_is_answered")
def along_the_rows_only(network, x, factor):
    passes = [network(x[..., b:]) for b in range(factor)]
    width = sum(answers.shape[-1] for answers in passes)
    result = passes[0].new_zeros(*passes[0].shape[:3], width)
    for b in range(factor):
        result[..., b::factor] = passes[b]
    return result


@wrong_q4("test_every_window_is_answered")
def rolled_round_the_border(network, x, factor):
    shifts = range(factor)
    rolled = [[network(x.roll((-a, -b), (-2, -1))) for b in shifts] for a in shifts]
    return stitched(rolled, factor)


@wrong_q4("test_every_window_is_answered")
def one_coarse_pass(network, x, factor):
    return network(x)


@wrong_q4("test_two_poolings")
def always_four_passes(network, x, factor):
    return stitched(all_passes(network, x, 2), 2)


@wrong_q4("test_images_channels_and_dtype")
def the_first_image_only(network, x, factor):
    return stitched(all_passes(network, x[:1], factor), factor)


@wrong_q4("test_images_channels_and_dtype")
def as_many_channels_as_the_image(network, x, factor):
    return stitched(all_passes(network, x, factor), factor)[:, : x.shape[1]]


@wrong_q4("test_images_channels_and_dtype")
def always_float32(network, x, factor):
    return stitched(all_passes(network, x, factor), factor, dtype=torch.float32)


@wrong_q4("test_images_channels_and_dtype")
def images_without_their_axis(network, x, factor):
    return stitched(all_passes(network, x, factor), factor).squeeze(0)[0]


@wrong_answer("test_every_window_is_answered")
def the_image_emptied_before_the_passes(network, x, factor, window):
    x.zero_()
    return stitched(all_passes(network, surrounded(x, window), factor), factor)


@wrong_answer("test_one_pass_for_each_shift")
def the_image_changed(network, x, factor, window):
    result = stitched(all_passes(network, surrounded(x, window), factor), factor)
    x.zero_()
    return result


def padded_by(network, x, factor, before, after):
    wide = F.pad(x, (before, after, before, after))
    return stitched(all_passes(network, wide, factor), factor)


@wrong_answer("test_every_window_is_answered")
def no_zeros_around(network, x, factor, window):
    """As the chapter has it."""
    return padded_by(network, x, factor, 0, 0)


@wrong_answer("test_the_place_of_each_answer")
def all_zeros_in_front(network, x, factor, window):
    return padded_by(network, x, factor, window - 1, 0)


@wrong_answer("test_the_place_of_each_answer")
def all_zeros_behind(network, x, factor, window):
    return padded_by(network, x, factor, 0, window - 1)


@wrong_answer("test_every_window_is_answered")
def the_odd_zero_in_front(network, x, factor, window):
    return padded_by(network, x, factor, window // 2, (window - 1) // 2)


@wrong_answer("test_every_window_is_answered")
def zeros_around_the_answers(network, x, factor, window):
    result = stitched(all_passes(network, x, factor), factor)
    return surrounded(result, window)


@wrong_answer("test_every_window_is_answered")
def the_border_repeated(network, x, factor, window):
    before, after = (window - 1) // 2, window // 2
    wide = F.pad(x, (before, after, before, after), mode="replicate")
    return stitched(all_passes(network, wide, factor), factor)


@wrong_q4("test_every_window_is_answered")
def the_package_does_it(network, x, factor):
    return ops.shift_and_stitch(network, x, factor)


@wrong_q4("test_images_channels_and_dtype")
def the_dtype_of_the_image(network, x, factor):
    return stitched(all_passes(network, x, factor), factor, dtype=x.dtype)


@wrong_q4("test_the_place_of_each_answer")
def negative_answers_lost(network, x, factor):
    return stitched(all_passes(network, x, factor), factor).clamp(min=0)
