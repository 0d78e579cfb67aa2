"""Question 6: superpixels by graph, and their vote."""

from functools import partial
from itertools import pairwise

import torch

from lookclosely import ops

from ..registry import wrong

wrong_graph = partial(wrong, "looking", "q6", "graph_segmentation")
wrong_vote = partial(wrong, "looking", "q6", "superpixel_vote")


def neighbours(image):
    height, width = image.shape
    pairs = [(p, p + 1) for p in range(height * width) if (p + 1) % width]
    return pairs + [(p, p + width) for p in range((height - 1) * width)]


def differences(image, pairs):
    value = image.flatten().tolist()
    return sorted((abs(value[p] - value[q]), p, q) for p, q in pairs)


def tolerates(weight, regions, k):
    return all(weight <= inside + k / size for inside, size in regions)


def largest(a, b, weight):
    return weight


def segmented(image, k, *, edges=None, join=tolerates, grow=largest):
    """The right labels, not yet in order: spoilt by other edges, tests and memories.

    ``join(weight, regions, k)`` decides, with (Int, size) of both regions; ``grow(a, b, weight)``
    is the new Int, from (Int, size) of both.
    """
    edges = differences(image, neighbours(image)) if edges is None else edges
    label = list(range(image.numel()))
    regions = [(0.0, 1)] * len(label)
    for weight, p, q in edges:
        a, b = label[p], label[q]
        if a != b and join(weight, (regions[a], regions[b]), k):
            label = [a if r == b else r for r in label]
            inside = grow(regions[a], regions[b], weight)
            regions[a] = (inside, regions[a][1] + regions[b][1])
    return label


def in_order(label, image):
    number = {r: n for n, r in enumerate(dict.fromkeys(label))}
    return torch.tensor([number[r] for r in label]).reshape(image.shape)


@wrong_graph("test_exactly_what_is_tolerated_joins")
def less_instead_of_at_most(image, k):
    def join(weight, regions, k):
        return all(weight < inside + k / size for inside, size in regions)

    return in_order(segmented(image, k, join=join), image)


@wrong_graph("test_both_regions_must_tolerate_it")
def a_threshold_for_all(image, k):
    return in_order(segmented(image, k, join=lambda w, _, k: w <= k), image)


@wrong_graph("test_exactly_what_is_tolerated_joins")
def equal_values_only(image, k):
    return in_order(segmented(image, k, join=lambda w, _, k: w == 0), image)


@wrong_graph("test_both_regions_must_tolerate_it")
def one_region_is_enough(image, k):
    def join(weight, regions, k):
        return any(weight <= inside + k / size for inside, size in regions)

    return in_order(segmented(image, k, join=join), image)


@wrong_graph("test_both_regions_must_tolerate_it")
def the_smaller_region_decides(image, k):
    def join(weight, regions, k):
        inside, size = min(regions, key=lambda region: region[1])
        return weight <= inside + k / size

    return in_order(segmented(image, k, join=join), image)


@wrong_graph("test_both_regions_must_tolerate_it")
def the_region_on_the_left_decides(image, k):
    return in_order(segmented(image, k, join=lambda w, r, k: tolerates(w, r[:1], k)), image)


@wrong_graph("test_both_regions_must_tolerate_it")
def the_mean_of_both(image, k):
    def join(weight, regions, k):
        return weight <= sum(inside + k / size for inside, size in regions) / 2

    return in_order(segmented(image, k, join=join), image)


@wrong_graph("test_a_rough_region_tolerates_a_rough_edge")
def nothing_is_remembered(image, k):
    return in_order(segmented(image, k, grow=lambda a, b, w: 0.0), image)


@wrong_graph("test_a_rough_region_tolerates_a_rough_edge")
def weights_added_up(image, k):
    return in_order(segmented(image, k, grow=lambda a, b, w: a[0] + b[0] + w), image)


@wrong_graph("test_a_rough_region_tolerates_a_rough_edge")
def the_mean_weight(image, k):
    def grow(a, b, weight):
        edges = a[1] + b[1] - 1  # a tree
        return (a[0] * (a[1] - 1) + b[0] * (b[1] - 1) + weight) / edges

    return in_order(segmented(image, k, grow=grow), image)


@wrong_graph("test_a_rough_region_tolerates_a_rough_edge")
def size_is_never_updated(image, k):
    def join(weight, regions, k):
        return all(weight <= inside + k for inside, _ in regions)

    return in_order(segmented(image, k, join=join), image)


@wrong_graph("test_a_rough_region_tolerates_a_rough_edge")
def size_of_both_together(image, k):
    def join(weight, regions, k):
        total = sum(size for _, size in regions)
        return all(weight <= inside + k / total for inside, _ in regions)

    return in_order(segmented(image, k, join=join), image)


@wrong_graph("test_a_rough_region_tolerates_a_rough_edge")
def k_times_the_size(image, k):
    def join(weight, regions, k):
        return all(weight <= inside + k * size for inside, size in regions)

    return in_order(segmented(image, k, join=join), image)


@wrong_graph("test_both_regions_must_tolerate_it")
def edges_not_sorted(image, k):
    value = image.flatten().tolist()
    edges = [(abs(value[p] - value[q]), p, q) for p, q in neighbours(image)]
    return in_order(segmented(image, k, edges=edges), image)


@wrong_graph("test_a_rough_region_tolerates_a_rough_edge")
def heavy_edges_first(image, k):
    edges = differences(image, neighbours(image))[::-1]
    return in_order(segmented(image, k, edges=edges), image)


@wrong_graph("test_pictures")
def eight_neighbours(image, k):
    height, width = image.shape
    pairs = neighbours(image)
    for p in range((height - 1) * width):
        pairs += [(p, p + width + 1)] if (p + 1) % width else []
        pairs += [(p, p + width - 1)] if p % width else []
    return in_order(segmented(image, k, edges=differences(image, pairs)), image)


@wrong_graph("test_pictures")
def rows_only(image, k):
    width = image.shape[1]
    pairs = [(p, q) for p, q in neighbours(image) if q == p + 1 or width == 1]
    return in_order(segmented(image, k, edges=differences(image, pairs)), image)


@wrong_graph("test_pictures")
def the_end_of_a_row_joins_the_next(image, k):
    height, width = image.shape
    pairs = list(pairwise(range(height * width)))
    pairs += [(p, p + width) for p in range((height - 1) * width)]
    return in_order(segmented(image, k, edges=differences(image, pairs)), image)


@wrong_graph("test_pictures")
def rows_and_columns_swapped(image, k):
    return in_order(segmented(image.T, k), image.T)


@wrong_graph("test_pictures")
def numbers_with_gaps(image, k):
    return torch.tensor(segmented(image, k)).reshape(image.shape)


@wrong_graph("test_pictures")
def numbers_from_one(image, k):
    return in_order(segmented(image, k), image) + 1


@wrong_graph("test_pictures")
def numbers_are_float(image, k):
    return in_order(segmented(image, k), image).float()


@wrong_graph("test_pictures")
def means_of_the_regions_compared(image, k):
    value = image.flatten()
    label = list(range(image.numel()))
    for _, p, q in differences(image, neighbours(image)):
        a, b = (torch.tensor([r == label[i] for r in label]) for i in (p, q))
        if label[p] != label[q] and abs(value[a].mean() - value[b].mean()) <= k / min(
            int(a.sum()), int(b.sum())
        ):
            label = [label[p] if r == label[q] else r for r in label]
    return in_order(label, image)


@wrong_graph("test_pictures")
def only_the_pixel_moves(image, k):
    label = list(range(image.numel()))
    for weight, p, q in differences(image, neighbours(image)):
        if weight <= k / label.count(label[p]) and weight <= k / label.count(label[q]):
            label[q] = label[p]
    return in_order(label, image)


@wrong_vote("test_the_mean_decides")
def pixels_vote_and_the_majority_wins(probabilities, superpixels):
    classes = probabilities.argmax(0)
    for n in superpixels.unique():
        classes[superpixels == n] = classes[superpixels == n].mode().values
    return classes


@wrong_vote("test_the_mean_decides")
def the_surest_pixel_decides(probabilities, superpixels):
    classes = torch.zeros_like(superpixels)
    for n in superpixels.unique():
        region = superpixels == n
        classes[region] = probabilities[:, region].amax(1).argmax()
    return classes


@wrong_vote("test_the_mean_decides")
def the_first_pixel_decides(probabilities, superpixels):
    classes = torch.zeros_like(superpixels)
    for n in superpixels.unique():
        region = superpixels == n
        classes[region] = probabilities[:, region][:, 0].argmax()
    return classes


@wrong_vote("test_the_mean_decides")
def the_median(probabilities, superpixels):
    classes = torch.zeros_like(superpixels)
    for n in superpixels.unique():
        region = superpixels == n
        classes[region] = probabilities[:, region].median(1).values.argmax()
    return classes


@wrong_vote("test_each_superpixel_votes_for_itself")
def the_whole_picture_votes(probabilities, superpixels):
    return torch.full_like(superpixels, int(probabilities.mean((1, 2)).argmax()))


@wrong_vote("test_each_superpixel_votes_for_itself")
def probabilities_instead_of_classes(probabilities, superpixels):
    result = probabilities.clone()
    for n in superpixels.unique():
        region = superpixels == n
        result[:, region] = probabilities[:, region].mean(1, keepdim=True)
    return result


@wrong_vote("test_each_superpixel_votes_for_itself")
def one_class_for_each_superpixel(probabilities, superpixels):
    regions = [superpixels == n for n in superpixels.unique()]
    return torch.stack([probabilities[:, region].mean(1).argmax() for region in regions])


@wrong_vote("test_each_superpixel_votes_for_itself")
def the_last_superpixel_forgotten(probabilities, superpixels):
    classes = probabilities.argmax(0)
    for n in range(int(superpixels.max())):
        region = superpixels == n
        classes[region] = probabilities[:, region].mean(1).argmax()
    return classes


@wrong_vote("test_each_superpixel_votes_for_itself")
def the_least_likely_class(probabilities, superpixels):
    classes = torch.zeros_like(superpixels)
    for n in superpixels.unique():
        region = superpixels == n
        classes[region] = probabilities[:, region].mean(1).argmin()
    return classes


@wrong_vote("test_each_superpixel_votes_for_itself")
def no_vote_at_all(probabilities, superpixels):
    return probabilities.argmax(0)


@wrong_graph("test_pictures")
def the_package_does_it(image, k):
    return ops.graph_segmentation(image[None], scale=k, sigma=0, min_size=1)


@wrong_vote("test_each_superpixel_votes_for_itself")
def the_package_votes(probabilities, superpixels):
    return ops.superpixel_vote(probabilities, superpixels).argmax(0)


@wrong_graph("test_a_rough_region_tolerates_a_rough_edge")
def k_divided_without_rest(image, k):
    def join(weight, regions, k):
        return all(weight <= inside + k // size for inside, size in regions)

    return in_order(segmented(image, k, join=join), image)


@wrong_graph("test_exactly_what_is_tolerated_joins")
def whole_numbers_only(image, k):
    return in_order(segmented(image.long(), k), image)


@wrong_graph("test_both_regions_must_tolerate_it")
def the_image_changed(image, k):
    found = in_order(segmented(image.clone(), k), image)
    image -= image.min() + 1
    return found


@wrong_graph("test_pictures")
def the_dtype_of_the_image(image, k):
    return in_order(segmented(image, k), image).to(image.dtype)


@wrong_vote("test_the_mean_decides")
def the_product_decides(probabilities, superpixels):
    classes = torch.zeros_like(superpixels)
    for n in superpixels.unique():
        region = superpixels == n
        classes[region] = probabilities[:, region].log().sum(1).argmax()
    return classes


@wrong_vote("test_the_mean_decides")
def the_probabilities_changed(probabilities, superpixels):
    classes = torch.zeros_like(superpixels)
    for n in superpixels.unique():
        region = superpixels == n
        probabilities[:, region] = probabilities[:, region].mean(1, keepdim=True)
        classes[region] = probabilities[:, region][:, 0].argmax()
    return classes


@wrong_vote("test_each_superpixel_votes_for_itself")
def parts_that_do_not_touch_vote_apart(probabilities, superpixels):
    classes = probabilities.argmax(0)
    for n in superpixels.unique():
        for row in range(len(superpixels)):
            region = torch.zeros_like(superpixels, dtype=torch.bool)
            region[row] = superpixels[row] == n
            if region.any():
                classes[region] = probabilities[:, region].mean(1).argmax()
    return classes


@wrong_vote("test_each_superpixel_votes_for_itself")
def votes_as_float(probabilities, superpixels):
    classes = torch.zeros_like(probabilities[0])
    for n in superpixels.unique():
        region = superpixels == n
        classes[region] = probabilities[:, region].mean(1).argmax().to(classes)
    return classes
