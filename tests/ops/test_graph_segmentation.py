import itertools
import math

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from parity import DTYPES, assert_close
from scipy import ndimage
from torch import Tensor

from lookclosely import ops
from lookclosely.data import photos


def slow_graph_segmentation(image: Tensor, scale: float, min_size: int) -> list[list[int]]:
    """Felzenszwalb and Huttenlocher's definitions, without their shortcuts: regions are sets, and
    the internal difference is the largest weight of a region's minimum spanning tree."""
    height, width = image.shape[-2:]
    pixels = list(itertools.product(range(height), range(width)))
    pairs = [(p, (p[0], p[1] + 1)) for p in pixels if p[1] + 1 < width]
    pairs += [(p, (p[0] + 1, p[1])) for p in pixels if p[0] + 1 < height]

    def weight(p: tuple[int, int], q: tuple[int, int]) -> float:
        return math.sqrt(((image[:, p[0], p[1]] - image[:, q[0], q[1]]) ** 2).sum().item())

    def internal(region: set) -> float:
        reached, largest = {min(region)}, 0.0
        while reached != region:  # Prim's algorithm
            exits = [
                (weight(p, q), p, q)
                for p, q in pairs
                if p in region and q in region and (p in reached) != (q in reached)
            ]
            w, p, q = min(exits)
            reached |= {p, q}
            largest = max(largest, w)
        return largest

    edges = sorted(((weight(p, q), p, q) for p, q in pairs), key=lambda edge: edge[0])
    region_of = {p: {p} for p in pixels}

    def join(a: set, b: set) -> None:
        both = a | b
        region_of.update(dict.fromkeys(both, both))

    for w, p, q in edges:
        a, b = region_of[p], region_of[q]
        if a != b and all(w <= internal(r) + scale / len(r) for r in (a, b)):
            join(a, b)
    for _, p, q in edges:
        a, b = region_of[p], region_of[q]
        if a != b and min(len(a), len(b)) < min_size:
            join(a, b)
    numbers: dict[frozenset, int] = {}
    flat = [numbers.setdefault(frozenset(region_of[p]), len(numbers)) for p in pixels]
    return [flat[i * width : (i + 1) * width] for i in range(height)]


def opencv(image, scale, sigma, min_size):
    pixels = np.ascontiguousarray(image.permute(1, 2, 0).numpy())
    tool = cv2.ximgproc.segmentation.createGraphSegmentation(sigma, scale, min_size)
    return torch.from_numpy(tool.processImage(pixels)).long().reshape(image.shape[1:])


@pytest.mark.parametrize("name", ["chelsea", "astronaut", "coins"])
@pytest.mark.parametrize(("scale", "sigma", "min_size"), [(300, 0.5, 100), (100, 0.8, 20)])
def test_photos_are_cut_as_opencv_cuts_them(name, scale, sigma, min_size):
    photo = 255 * photos.load(name)[:, :150, 100:220]
    ours = ops.graph_segmentation(photo, scale=scale, sigma=sigma, min_size=min_size)
    assert torch.equal(ours, opencv(photo, scale, sigma, min_size))
    assert ours.max() > 5


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("seed", range(10))
def test_noise_is_cut_as_opencv_cuts_it(seed, channels):
    image = 255 * torch.rand(channels, 23, 31, generator=torch.Generator().manual_seed(seed))
    settings = (80 + 20 * seed, 0.4 + 0.1 * seed, 3 * seed + 1)
    ours = ops.graph_segmentation(image, scale=settings[0], sigma=settings[1], min_size=settings[2])
    assert torch.equal(ours, opencv(image, *settings))


grey = st.lists(st.lists(st.integers(0, 9), min_size=5, max_size=5), min_size=1, max_size=5)


@given(grey, st.integers(0, 12), st.integers(0, 6))
def test_it_is_the_definition_with_minimum_spanning_trees(rows, scale, min_size):
    image = torch.tensor([rows], dtype=torch.float64)
    ours = ops.graph_segmentation(image, scale=scale, sigma=0, min_size=min_size)
    assert ours.tolist() == slow_graph_segmentation(image, scale, min_size)


@given(grey, st.integers(0, 12), st.integers(0, 30))
def test_superpixels_are_connected_numbered_in_order_and_not_small(rows, scale, min_size):
    image = torch.tensor([rows], dtype=torch.float64)
    labels = ops.graph_segmentation(image, scale=scale, sigma=0.5, min_size=min_size)
    firsts = [(labels == k).flatten().nonzero()[0].item() for k in range(int(labels.max()) + 1)]
    assert firsts == sorted(firsts)
    for k in range(len(firsts)):
        region = (labels == k).numpy()
        assert ndimage.label(region, output=np.zeros(region.shape, dtype=int)) == 1
        assert region.sum() >= min_size or len(firsts) == 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_flat_and_empty_images(dtype, device):
    settings = {"scale": 1, "sigma": 0.5, "min_size": 2}
    flat = ops.graph_segmentation(torch.full((3, 4, 5), 7.0).to(device, dtype), **settings)
    assert flat.dtype == torch.int64 and flat.device.type == device.type
    assert flat.tolist() == [[0] * 5] * 4
    assert ops.graph_segmentation(torch.zeros(3, 0, 5), **settings).shape == (0, 5)
    assert ops.graph_segmentation(torch.zeros(1, 1, 1), **settings).tolist() == [[0]]


def test_a_step_is_kept_or_not_by_its_height():
    image = torch.zeros(1, 4, 8)
    image[..., 4:] = 10
    for scale, count in ((16 * 9, 2), (16 * 11, 1)):  # 16 pixels a side: 10 > 9, 10 ≤ 11
        labels = ops.graph_segmentation(image, scale=scale, sigma=0, min_size=0)
        assert len(labels.unique()) == count


@pytest.mark.parametrize("dtype", DTYPES)
def test_votes_are_means_of_the_superpixels(dtype, device):
    scores = torch.randn(4, 9, 7, dtype=dtype, device=device)
    labels = torch.randint(0, 6, (9, 7), device=device)
    ours = ops.superpixel_vote(scores, labels).cpu()
    for c, k in np.ndindex(4, 6):
        here = (labels == k).cpu()
        mean = ndimage.mean(scores[c].cpu().numpy(), labels.cpu().numpy(), k)
        assert_close(ours[c][here], torch.full_like(ours[c][here], float(mean)))


def test_votes_pass_gradients_and_take_nothing():
    scores = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[0, 0, 1, 1], [2, 0, 1, 5], [2, 2, 5, 5]])  # 3 and 4 do not occur
    assert torch.autograd.gradcheck(lambda x: ops.superpixel_vote(x, labels), scores)
    nothing = ops.superpixel_vote(torch.zeros(2, 0, 4), torch.zeros(0, 4, dtype=torch.int64))
    assert nothing.shape == (2, 0, 4)


IMAGE, LABELS = torch.zeros(3, 4, 5), torch.zeros(4, 5, dtype=torch.int64)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.graph_segmentation(IMAGE[0], scale=1, sigma=1, min_size=1), "image"),
        (
            lambda: ops.graph_segmentation(IMAGE.byte(), scale=1, sigma=0, min_size=1),
            r"image is torch\.uint8",
        ),
        (lambda: ops.graph_segmentation(IMAGE, scale=-1, sigma=1, min_size=1), "scale"),
        (lambda: ops.graph_segmentation(IMAGE, scale=1, sigma=-1, min_size=1), "sigma"),
        (lambda: ops.graph_segmentation(IMAGE, scale=1, sigma=1, min_size=-1), "min_size"),
        (lambda: ops.superpixel_vote(IMAGE, LABELS[1:]), "scores"),
        (lambda: ops.superpixel_vote(IMAGE, LABELS - 1), "superpixels has the number -1"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
