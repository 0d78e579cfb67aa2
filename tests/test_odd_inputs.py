# pyright: reportArgumentType=false
"""Small inputs that came out wrong, without a word: each stands for a kind.

The kinds are put to every public function in ``test_properties.py``; here are the numbers.
"""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lookclosely import losses, metrics, ops
from lookclosely.data import augment
from lookclosely.models.segmentation.unet import border_weight_map

pytestmark = pytest.mark.usefixtures("unchecked")


def test_the_centre_of_a_box_of_bytes():
    box = torch.tensor([[200, 20, 240, 30]], dtype=torch.uint8)
    assert ops.box_convert(box, "xyxy", "cxcywh").tolist() == [[220, 25, 40, 10]]


@pytest.mark.parametrize("dtype", [torch.int32, torch.uint16])
def test_the_area_of_a_large_box(dtype):
    box = torch.tensor([[0, 0, 50_000, 50_000]]).to(dtype)
    assert ops.box_area(box).tolist() == [2_500_000_000]
    assert ops.box_iou(box, box).tolist() == [[1.0]]


def test_smooth_l1_of_bytes():
    one, three = torch.tensor([1, 3], dtype=torch.uint8).split(1)
    assert losses.smooth_l1_loss(one, three).item() == 1.5


@pytest.mark.parametrize("ignored", [256, -1, 300, None])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.uint16, torch.int64])
def test_no_class_is_taken_for_the_ignored_one(dtype, ignored):
    labels = torch.tensor([0, 0, 1]).to(dtype)
    matrix = metrics.confusion_matrix(labels, labels, 2, ignore_index=ignored)
    assert matrix.tolist() == [[2, 0], [0, 1]]


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.uint16])
def test_random_fields_of_an_image_of_whole_numbers(dtype):
    image = torch.tensor([[[0, 255, 250, 5]]]).to(dtype)
    unary = torch.tensor([[[0.0, 1, 1, 0]], [[1, 0, 0, 1.0]]])
    for field, settings in (
        (ops.grid_crf, {"weight": 1.0, "theta_rgb": 13.0}),
        (ops.mean_field, {"appearance": (10.0, 8.0, 13.0)}),
        (ops.approximate_mean_field, {"appearance": (10.0, 8.0, 13.0)}),
    ):
        found = field(unary, image=image, **settings)
        assert torch.equal(found, field(unary, image=image.float(), **settings))


def test_a_perfect_prediction_in_half_precision():
    target = torch.zeros(1, 512, 512, dtype=torch.long)
    logits = F.one_hot(target, 2).movedim(-1, 1).half() * 100
    assert losses.dice_loss(logits, target).item() == 0
    assert losses.cross_entropy(logits, target).item() == 0
    assert losses.cross_entropy(logits, target).dtype == torch.float16


def test_the_mean_of_many_ones_in_half_precision():
    ones = torch.ones(1, 300, 300, dtype=torch.float16)
    assert torch.equal(ops.superpixel_vote(ones, torch.zeros(300, 300).long()), ones)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("size", [2, 3, 4, 7, (1, 5)])
def test_beside_an_infinite_pixel(size, align_corners):
    for odd in (-math.inf, math.inf, math.nan):
        x = torch.tensor([[[[odd, 1.0], [2, 3]]]])
        settings = {"size": size, "mode": "bilinear", "align_corners": align_corners}
        library = F.interpolate(x, **settings)
        known = ~library.isnan()
        found = ops.interpolate(x, **settings)
        torch.testing.assert_close(found[known], library[known])
        # Elsewhere: a pixel with a share in the infinite one is infinite, others are finite.
        share = F.interpolate(torch.tensor([[[[1.0, 0], [0, 0]]]]), **settings)
        plain = F.interpolate(torch.tensor([[[[0.0, 1], [2, 3]]]]), **settings)
        wanted = torch.where(share > 0, odd, plain)
        torch.testing.assert_close(found, wanted, equal_nan=True)


def test_numbers_of_numpy_are_numbers():
    for number in (np.int64, np.uint8, torch.tensor):
        found = ops.overlap_map(number(3), number(2), number(4))
        assert torch.equal(found, ops.overlap_map(3, 2, 4)) and found.shape == (9,)
    assert ops.receptive_field([np.array([3, 2, 1])]) == ops.receptive_field([(3, 2, 1)])


def test_masks_with_an_axis_too_many():
    masks = torch.eye(4).bool().view(2, 2, 2, 2).flatten(0, 1)[:2, None]  # (2, 1, 2, 2)
    with pytest.raises(ValueError, match=r"pred_masks has shape \(2, 1, 2, 2\)"):
        metrics.match_instances(masks, masks)
    assert metrics.match_instances(masks.squeeze(1), masks.squeeze(1)).tp == 2


def test_labels_of_another_size_than_the_image():
    image, generator = torch.rand(3, 8, 9), torch.Generator()
    for labels in (torch.zeros(4, 4), torch.zeros(9, 8), torch.zeros(1, 8, 9)):
        with pytest.raises(ValueError, match="labels has shape"):
            augment.elastic_deformation(image, labels, generator=generator)
    with pytest.raises(ValueError, match=r"image is torch\.uint8"):
        augment.elastic_deformation(image.byte(), torch.zeros(8, 9), generator=generator)


def test_bending_in_half_precision_looks_at_the_same_pixels():
    image = torch.rand(1, 300, 300, generator=torch.Generator().manual_seed(1))
    bent, half = (
        augment.elastic_deformation(
            x, torch.zeros(300, 300), sigma=3.0, generator=torch.Generator().manual_seed(0)
        )[0]
        for x in (image.half().float(), image.half())
    )
    assert (bent - half).abs().max() < 1e-3


def test_border_weights_of_what_is_no_label_map():
    batch = torch.zeros(2, 4, 4, dtype=torch.long)
    with pytest.raises(ValueError, match=r"labels is \(2, 4, 4\): give one image"):
        border_weight_map(batch)
    with pytest.raises(ValueError, match=r"labels is torch\.float32"):
        border_weight_map(batch[0].float())
    labels = torch.tensor([[1, 0, 0, 2]])
    for dtype in (torch.uint8, torch.uint16, torch.int32):
        assert torch.equal(border_weight_map(labels.to(dtype)), border_weight_map(labels))


@pytest.mark.parametrize(
    "call",
    [
        lambda nan: border_weight_map(torch.zeros(2, 2).long(), w0=nan),
        lambda nan: border_weight_map(torch.zeros(2, 2).long(), sigma=nan),
        lambda nan: augment.elastic_grid((4, 4), sigma=nan, generator=torch.Generator()),
    ],
)
def test_nan_is_no_setting(call):
    with pytest.raises(ValueError, match="nan"):
        call(math.nan)


def test_labels_in_floats_are_refused():
    """They would be cut off: 0.9 is no class."""
    labels = torch.tensor([[0.0, 0.9], [1, 1]])
    whole = labels.long()
    for call in (
        lambda: metrics.confusion_matrix(labels, whole, 2),
        lambda: metrics.confusion_matrix(whole, labels, 2),
        lambda: metrics.instance_iou(labels, whole),
        lambda: losses.cross_entropy(torch.zeros(2, 2, 2), labels),
        lambda: ops.superpixel_vote(torch.zeros(1, 2, 2), labels),
    ):
        with pytest.raises(ValueError, match=r"torch\.float32: give (whole|a label map of whole)"):
            call()


def test_a_kernel_that_lies_with_its_channels_last():
    weight = torch.randn(2, 3, 3, 3)
    last = weight.contiguous(memory_format=torch.channels_last)
    assert torch.equal(ops.dilate_kernel(last, 2), ops.dilate_kernel(weight, 2))
