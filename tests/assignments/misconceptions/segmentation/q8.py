"""Question 8: the pairs of a fully connected random field, and mean field."""

from functools import partial

import torch

from lookclosely import ops

from ..registry import wrong

wrong_pairs = partial(wrong, "segmentation", "q8", "pair_weights")
wrong_field = partial(wrong, "segmentation", "q8", "mean_field")


def places(image):
    """Row and column of each pixel, (N, 2)."""
    rows, columns = (torch.arange(n).to(image) for n in image.shape[1:])
    return torch.cartesian_prod(rows, columns)


def colours(image):
    return image.flatten(1).T


def gaussian(features, *, distance=lambda d: d.square().sum(2) / 2):
    return (-distance(features[:, None] - features)).exp()


def both_sides(kernel):
    scale = kernel.sum(1).rsqrt()
    return scale[:, None] * kernel * scale


def pairs(image, appearance, smoothness, *, kernel=gaussian, normalise=both_sides):
    """The right answer, to be spoilt below."""
    place, colour = places(image), colours(image)
    by_colour = kernel(torch.cat((place / appearance[1], colour / appearance[2]), dim=1))
    by_place = kernel(place / smoothness[1])
    return appearance[0] * normalise(by_colour) + smoothness[0] * normalise(by_place)


def steps_of(unary, steps, charge, *, start=None):
    """Mean field with the charges ``charge(q)`` of shape (C, N), pixel after pixel."""
    costs = unary.flatten(1)
    q = (-costs).softmax(0) if start is None else start.clone()
    for _ in range(steps):
        for i in range(costs.shape[1]):
            q[:, i] = (-costs[:, i] - charge(q)[:, i]).softmax(0)
    return q.reshape(unary.shape)


@wrong_pairs("test_the_appearance_kernel")
def not_normalised(image, appearance, smoothness):
    return pairs(image, appearance, smoothness, normalise=lambda kernel: kernel)


@wrong_pairs("test_the_appearance_kernel")
def rows_add_up_to_one(image, appearance, smoothness):
    def rows(kernel):
        return kernel / kernel.sum(1, keepdim=True)

    return pairs(image, appearance, smoothness, normalise=rows)


@wrong_pairs("test_the_appearance_kernel")
def normalised_without_the_pixel_itself(image, appearance, smoothness):
    def others(kernel):
        scale = (kernel.sum(1) - kernel.diagonal()).rsqrt()
        return scale[:, None] * kernel * scale

    return pairs(image, appearance, smoothness, normalise=others)


@wrong_pairs("test_the_appearance_kernel")
def no_pair_with_itself(image, appearance, smoothness):
    def others(kernel):
        return both_sides(kernel - kernel.diagonal().diag())

    return pairs(image, appearance, smoothness, normalise=others)


@wrong_pairs("test_the_appearance_kernel")
def divided_by_both_sums_without_the_root(image, appearance, smoothness):
    def product(kernel):
        sums = kernel.sum(1)
        return kernel / (sums[:, None] * sums)

    return pairs(image, appearance, smoothness, normalise=product)


@wrong_pairs("test_the_appearance_kernel")
def distances_not_squared(image, appearance, smoothness):
    kernel = partial(gaussian, distance=lambda d: d.norm(dim=2) / 2)
    return pairs(image, appearance, smoothness, kernel=kernel)


@wrong_pairs("test_the_appearance_kernel")
def the_two_below_forgotten(image, appearance, smoothness):
    kernel = partial(gaussian, distance=lambda d: d.square().sum(2))
    return pairs(image, appearance, smoothness, kernel=kernel)


@wrong_pairs("test_the_appearance_kernel")
def widths_not_squared(image, appearance, smoothness):
    roots = (appearance[0], appearance[1] ** 0.5, appearance[2] ** 0.5)
    return pairs(image, roots, (smoothness[0], smoothness[1] ** 0.5))


@wrong_pairs("test_the_appearance_kernel")
def widths_of_place_and_colour_swapped(image, appearance, smoothness):
    return pairs(image, (appearance[0], appearance[2], appearance[1]), smoothness)


@wrong_pairs("test_the_appearance_kernel")
def colour_ignored(image, appearance, smoothness):
    return pairs(torch.zeros_like(image), appearance, smoothness)


@wrong_pairs("test_the_appearance_kernel")
def first_channel_only(image, appearance, smoothness):
    return pairs(image[:1], appearance, smoothness)


@wrong_pairs("test_the_appearance_kernel")
def place_or_colour_instead_of_both(image, appearance, smoothness):
    place, colour = places(image) / appearance[1], colours(image) / appearance[2]
    by_colour = both_sides(gaussian(place) + gaussian(colour))
    by_place = both_sides(gaussian(places(image) / smoothness[1]))
    return appearance[0] * by_colour + smoothness[0] * by_place


@wrong_pairs("test_both_kernels")
def sum_normalised_instead_of_each(image, appearance, smoothness):
    return both_sides(pairs(image, appearance, smoothness, normalise=lambda kernel: kernel))


@wrong_pairs("test_both_kernels")
def kernels_multiplied(image, appearance, smoothness):
    return pairs(image, appearance, (0.0, 1.0)) * pairs(image, (0.0, 1.0, 1.0), smoothness)


@wrong_pairs("test_both_kernels")
def smoothness_sees_colour(image, appearance, smoothness):
    again = (smoothness[0], smoothness[1], appearance[2])
    return pairs(image, appearance, (0.0, 1.0)) + pairs(image, again, (0.0, 1.0))


@wrong_pairs("test_both_kernels")
def smoothness_forgotten(image, appearance, smoothness):
    return pairs(image, appearance, (0.0, 1.0))


@wrong_pairs("test_both_kernels")
def one_width_in_place_for_both(image, appearance, smoothness):
    return pairs(image, appearance, (smoothness[0], appearance[1]))


@wrong_pairs("test_both_kernels")
def weights_inside_the_normalisation(image, appearance, smoothness):
    place, colour = places(image), colours(image)
    features = torch.cat((place / appearance[1], colour / appearance[2]), dim=1)
    by_colour = both_sides(appearance[0] * gaussian(features))
    by_place = both_sides(smoothness[0] * gaussian(place / smoothness[1]))
    return by_colour.nan_to_num(0) + by_place.nan_to_num(0)


@wrong_pairs("test_both_kernels")
def always_float32(image, appearance, smoothness):
    return pairs(image.float(), appearance, smoothness)


@wrong_pairs("test_pixels_in_reading_order")
def numbered_column_by_column(image, appearance, smoothness):
    return pairs(image.transpose(1, 2), appearance, smoothness)


@wrong_pairs("test_pixels_in_reading_order")
def places_and_colours_in_different_orders(image, appearance, smoothness):
    rows, columns = (torch.arange(n).to(image) for n in image.shape[1:])
    across, down = torch.meshgrid(rows, columns, indexing="xy")
    place, colour = torch.stack((across.flatten(), down.flatten()), dim=1), colours(image)
    by_colour = gaussian(torch.cat((place / appearance[1], colour / appearance[2]), dim=1))
    by_place = both_sides(gaussian(place / smoothness[1]))
    return appearance[0] * both_sides(by_colour) + smoothness[0] * by_place


@wrong_pairs("test_pixels_in_reading_order")
def distance_of_the_numbers(image, appearance, smoothness):
    numbers = torch.arange(image[0].numel()).to(image)[:, None]
    features = torch.cat((numbers / appearance[1], colours(image) / appearance[2]), dim=1)
    by_place = both_sides(gaussian(numbers / smoothness[1]))
    return appearance[0] * both_sides(gaussian(features)) + smoothness[0] * by_place


@wrong_pairs("test_pixels_in_reading_order")
def places_as_shares_of_the_image(image, appearance, smoothness):
    longest = max(image.shape[1:])
    shares = (appearance[0], appearance[1] * longest, appearance[2])
    return pairs(image, shares, (smoothness[0], smoothness[1] * longest))


@wrong_field("test_one_step_of_two_labels")
def costs_taken_for_gains(unary, weights, steps):
    return steps_of(-unary, steps, lambda q: (1 - q) @ weights)


@wrong_field("test_one_step_of_two_labels")
def charges_taken_for_gains(unary, weights, steps):
    return steps_of(unary, steps, lambda q: -(1 - q) @ weights)


@wrong_field("test_one_step_of_two_labels")
def agreement_is_charged(unary, weights, steps):
    return steps_of(unary, steps, lambda q: q @ weights)


@wrong_field("test_one_step_of_two_labels")
def pixel_itself_left_out(unary, weights, steps):
    others = weights - weights.diagonal().diag()
    return steps_of(unary, steps, lambda q: (1 - q) @ others)


@wrong_field("test_one_step_of_two_labels")
def softmax_over_the_pixels(unary, weights, steps):
    costs = unary.flatten(1)
    q = (-costs).softmax(1)
    for _ in range(steps):
        q = (-costs - (1 - q) @ weights).softmax(1)
    return q.reshape(unary.shape)


@wrong_field("test_one_step_of_two_labels")
def unary_forgotten_in_the_step(unary, weights, steps):
    q = (-unary.flatten(1)).softmax(0)
    for _ in range(steps):
        q = (-(1 - q) @ weights).softmax(0)
    return q.reshape(unary.shape)


@wrong_field("test_one_step_of_two_labels")
def starts_from_equal_chances(unary, weights, steps):
    start = torch.full_like(unary.flatten(1), 1 / len(unary))
    return steps_of(unary, steps, lambda q: (1 - q) @ weights, start=start)


@wrong_field("test_one_step_of_two_labels")
def starts_from_the_likeliest_label(unary, weights, steps):
    costs = unary.flatten(1)
    start = torch.zeros_like(costs).scatter(0, costs.argmin(0, keepdim=True), 1)
    return steps_of(unary, steps, lambda q: (1 - q) @ weights, start=start)


@wrong_field("test_one_step_of_two_labels")
def all_pixels_at_once(unary, weights, steps):
    """As the chapter has it."""
    costs = unary.flatten(1)
    q = (-costs).softmax(0)
    for _ in range(steps):
        q = (-costs - (1 - q) @ weights).softmax(0)
    return q.reshape(unary.shape)


@wrong_field("test_one_step_of_two_labels")
def from_the_last_pixel_to_the_first(unary, weights, steps):
    turned = steps_of(unary.flip(1, 2), steps, lambda q: (1 - q) @ weights.flip(0, 1))
    return turned.flip(1, 2)


@wrong_field("test_one_step_of_two_labels")
def white_squares_then_black(unary, weights, steps):
    costs = unary.flatten(1)
    q = (-costs).softmax(0)
    numbers = torch.arange(len(weights)).reshape(unary.shape[1:])
    lines = [torch.arange(n) for n in unary.shape[1:]]
    black = (lines[0][:, None] + lines[1]) % 2 == 1
    for _ in range(steps):
        for colour in (~black, black):
            i = numbers[colour]
            q[:, i] = (-costs - (1 - q) @ weights).softmax(0)[:, i]
    return q.reshape(unary.shape)


@wrong_field("test_no_step_and_many")
def a_step_is_one_pixel(unary, weights, steps):
    costs = unary.flatten(1)
    q = (-costs).softmax(0)
    for step in range(steps):
        i = step % len(weights)
        q[:, i] = (-costs[:, i] - (1 - q) @ weights[i]).softmax(0)
    return q.reshape(unary.shape)


@wrong_field("test_one_step_of_two_labels")
def scores_instead_of_probabilities(unary, weights, steps):
    costs = unary.flatten(1)
    return (-costs - (1 - (-costs).softmax(0)) @ weights).reshape(unary.shape)


@wrong_field("test_one_step_of_two_labels")
def labels_instead_of_probabilities(unary, weights, steps):
    return steps_of(unary, steps, lambda q: (1 - q) @ weights).argmax(0)


@wrong_field("test_more_labels")
def charged_by_the_reversed_labels(unary, weights, steps):
    return steps_of(unary, steps, lambda q: q.flip(0) @ weights)


@wrong_field("test_more_labels")
def charged_by_the_next_label_only(unary, weights, steps):
    return steps_of(unary, steps, lambda q: q.roll(1, dims=0) @ weights)


@wrong_field("test_more_labels")
def charged_by_the_mean_of_the_others(unary, weights, steps):
    others = len(unary) - 1
    return steps_of(unary, steps, lambda q: (1 - q) @ weights / others)


@wrong_field("test_more_labels")
def charged_by_the_distance_of_the_labels(unary, weights, steps):
    numbers = torch.arange(len(unary)).to(unary)
    penalty = (numbers[:, None] - numbers).abs()
    return steps_of(unary, steps, lambda q: penalty @ q @ weights)


@wrong_field("test_no_step_and_many")
def always_one_step(unary, weights, steps):
    return steps_of(unary, 1, lambda q: (1 - q) @ weights)


@wrong_field("test_no_step_and_many")
def at_least_one_step(unary, weights, steps):
    return steps_of(unary, max(steps, 1), lambda q: (1 - q) @ weights)


@wrong_field("test_no_step_and_many")
def start_counts_as_a_step(unary, weights, steps):
    return steps_of(unary, steps - 1 if steps > 1 else steps, lambda q: (1 - q) @ weights)


@wrong_field("test_no_step_and_many")
def charges_add_up_over_the_steps(unary, weights, steps):
    scores = -unary.flatten(1)
    for _ in range(steps):
        scores = scores - (1 - scores.softmax(0)) @ weights
    return scores.softmax(0).reshape(unary.shape)


@wrong_field("test_no_step_and_many")
def every_step_asks_the_start(unary, weights, steps):
    start = (-unary.flatten(1)).softmax(0)
    return steps_of(unary, steps, lambda q: (1 - start) @ weights)


@wrong_field("test_no_step_and_many")
def probabilities_as_the_next_unary(unary, weights, steps):
    for _ in range(steps):
        unary = -steps_of(unary, 1, lambda q: (1 - q) @ weights).log()
    return (-unary).softmax(0)


@wrong_pairs("test_pixels_in_reading_order")
def the_package_does_it(image, appearance, smoothness):
    return ops.pair_weights(image, appearance=appearance, smoothness=smoothness)


@wrong_field("test_no_step_and_many")
def two_labels_from_the_second_step_on(unary, weights, steps):
    q = steps_of(unary, min(steps, 1), lambda q: (1 - q) @ weights)
    start = q.flatten(1)
    return steps_of(unary, max(steps - 1, 0), lambda q: q.flip(0) @ weights, start=start)


@wrong_pairs("test_pixels_in_reading_order")
def the_image_changed(image, appearance, smoothness):
    found = pairs(image.clone(), appearance, smoothness)
    image /= appearance[2]
    return found


@wrong_field("test_no_step_and_many")
def the_costs_changed(unary, weights, steps):
    found = steps_of(unary.clone(), steps, lambda q: (1 - q) @ weights)
    unary.neg_()
    return found


@wrong_field("test_no_step_and_many")
def field_always_float32(unary, weights, steps):
    return steps_of(unary.float(), steps, lambda q: (1 - q) @ weights.float())
