import math

import pytest
import torch
import torch.nn.functional as F
from parity import DTYPES, assert_close, assert_parity
from torch.autograd import gradcheck

from lookclosely import ops


def value_at(image, x, y):
    """Bilinear, pixel centres at + ½, zero outside: image (H, W)."""
    height, width = image.shape
    left, top = math.floor(x - 0.5), math.floor(y - 0.5)
    total = 0.0
    for i in (top, top + 1):
        for j in (left, left + 1):
            if 0 <= i < height and 0 <= j < width:
                share = (1 - abs(x - 0.5 - j)) * (1 - abs(y - 0.5 - i))
                total += share * float(image[i, j])
    return total


def crop_loops(image, box, size):
    x1, y1, x2, y2 = box
    return torch.tensor(
        [
            [
                value_at(
                    image, x1 + (j + 0.5) * (x2 - x1) / size, y1 + (i + 0.5) * (y2 - y1) / size
                )
                for j in range(size)
            ]
            for i in range(size)
        ],
        dtype=image.dtype,
    )


def paste_loops(crop, box, size):
    """crop (s, s) over an image of zeros; past the outermost centres the nearest value."""
    x1, y1, x2, y2 = box
    s, out = len(crop), torch.zeros(*size, dtype=crop.dtype)
    for i in range(size[0]):
        for j in range(size[1]):
            x, y = (j + 0.5 - x1) / (x2 - x1) * s, (i + 0.5 - y1) / (y2 - y1) * s
            if 0 <= x < s and 0 <= y < s:
                out[i, j] = value_at(crop, min(max(x, 0.5), s - 0.5), min(max(y, 0.5), s - 0.5))
    return out


def random_boxes(count, height, width, generator, dtype=torch.float64):
    """Some of them reach beyond the image."""
    start = torch.rand(count, 2, generator=generator, dtype=dtype) * 1.2 - 0.3
    extent = torch.rand(count, 2, generator=generator, dtype=dtype) + 0.1
    return torch.cat([start, start + extent], 1) * torch.tensor([width, height] * 2, dtype=dtype)


@pytest.mark.parametrize("seed", range(20))
def test_crop_and_resize_is_the_loop_s(seed, device):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(3, 2, 7, 5, generator=generator, dtype=torch.float64)
    boxes = random_boxes(3, 7, 5, generator)
    found = ops.crop_and_resize(images.to(device), boxes.to(device), 4).cpu()
    for image, box, crop in zip(images, boxes.tolist(), found):
        for channel, values in zip(image, crop):
            assert_close(values, crop_loops(channel, box, 4))


@pytest.mark.parametrize("seed", range(20))
def test_paste_is_the_loop_s(seed, device):
    generator = torch.Generator().manual_seed(seed)
    crops = torch.randn(3, 2, 4, 4, generator=generator, dtype=torch.float64)
    boxes = random_boxes(3, 9, 6, generator)
    found, inside = (part.cpu() for part in ops.paste(crops.to(device), boxes.to(device), (9, 6)))
    for crop, box, picture in zip(crops, boxes.tolist(), found):
        for channel, values in zip(crop, picture):
            assert_close(values, paste_loops(channel, box, (9, 6)))
    assert torch.equal(found.abs().sum(1) > 0, inside)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [7, 14, 20])
def test_a_crop_of_the_whole_image_is_interpolate(size, dtype):
    image = torch.randn(1, 3, 7, 7, dtype=dtype)
    whole = torch.tensor([[0.0, 0, 7, 7]], dtype=dtype)

    def library(x):
        # Interpolate repeats the border, a crop fades into zeros: compare away from it.
        return F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)

    border = math.ceil(size / 7 / 2)
    inner = (..., slice(border, -border), slice(border, -border))
    assert_parity(
        lambda x: ops.crop_and_resize(x, whole, size)[inner], lambda x: library(x)[inner], [image]
    )


def test_whole_pixels_are_copied_and_labels_stay_labels():
    image = torch.arange(48.0).reshape(1, 1, 6, 8)
    box = torch.tensor([[2.0, 1, 6, 5]])
    assert_close(ops.crop_and_resize(image, box, 4), image[..., 1:5, 2:6])
    labels = torch.randint(0, 5, (1, 1, 6, 8)).float()
    assert set(ops.crop_and_resize(labels, box, 9, mode="nearest").unique().tolist()) <= set(
        labels.unique().tolist()
    )


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.bool, torch.half])
def test_label_maps_of_any_type_are_cut_alike(dtype, device):
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 2 if dtype == torch.bool else 200, (20, 2, 7, 5), generator=generator)
    boxes = random_boxes(20, 7, 5, generator, torch.float32)
    found = ops.crop_and_resize(labels.to(device, dtype), boxes.to(device), 9, mode="nearest")
    wanted = ops.crop_and_resize(labels.double(), boxes, 9, mode="nearest")
    assert found.dtype == dtype and torch.equal(found.cpu().double(), wanted)
    for box, crop, image in zip(boxes[:5].tolist(), wanted, labels):
        for i in range(9):
            for j in range(9):
                x = round(box[0] + (j + 0.5) * (box[2] - box[0]) / 9 - 0.5)
                y = round(box[1] + (i + 0.5) * (box[3] - box[1]) / 9 - 0.5)
                inside = 0 <= x < 5 and 0 <= y < 7
                assert crop[0, i, j] == (image[0, y, x] if inside else 0)


@pytest.mark.parametrize("dtype", [torch.half, torch.bfloat16])
def test_places_are_not_rounded_to_half_precision(dtype):
    """In bfloat16 there is no 257: the last columns of a wide image would be taken for others."""
    image = torch.arange(1000.0).remainder(2).expand(1, 1, 8, 1000)
    box = torch.tensor([[900.0, 0, 908, 8]])
    for mode in ("bilinear", "nearest"):
        assert_close(
            ops.crop_and_resize(image.to(dtype), box, 8, mode=mode),
            image[..., 900:908].to(dtype),
        )
        small = ops.crop_and_resize(
            image[..., :8].to(dtype), torch.tensor([[1, 1, 5, 5]]).to(dtype), 4
        )
        assert_close(small, image[..., 1:5, 1:5].to(dtype))
    pasted, _ = ops.paste(image[..., :8].to(dtype), box, (8, 1000))
    assert_close(pasted[..., 900:908], image[..., :8].to(dtype))


@pytest.mark.parametrize("odd", [math.inf, -math.inf, math.nan])
def test_a_pixel_that_is_no_number_shows_only_where_it_is_seen(odd):
    image = torch.rand(1, 1, 6, 8)
    with_odd = image.clone()
    with_odd[0, 0, 2, 3] = odd
    box = torch.tensor([[1.0, 0, 7, 6]])
    crop, whole = (ops.crop_and_resize(x, box, 12) for x in (with_odd, image))
    changed = ~crop.isclose(whole)
    assert changed.nonzero()[:, 2:].unique(dim=0).tolist() == [
        [i, j] for i in range(3, 7) for j in range(3, 7)
    ]
    assert torch.equal(crop[changed], torch.full((16,), odd)) or math.isnan(odd)
    exact = ops.crop_and_resize(with_odd, torch.tensor([[0.0, 0, 8, 6]]), 2)
    assert exact.isfinite().all()
    scores = torch.rand(1, 2, 3, 3)
    scores[0, 1, 0, 0] = odd
    pasted, inside = ops.paste(scores, torch.tensor([[1.0, 1, 7, 7]]), (9, 9))
    assert pasted[:, 0].isfinite().all() and (pasted[:, :, ~inside[0]] == 0).all()
    assert pasted[0, 1, 4:, 4:].isfinite().all() and not pasted[0, 1, 1, 1].isfinite()


def test_a_small_dense_product_gives_the_same():
    """Row by row and column by column, with all pixels' weights written out: hats 1 − |p − k|."""
    generator = torch.Generator().manual_seed(0)
    for dtype, tolerance in ((torch.float32, 1e-6), (torch.float64, 1e-14)):
        images = torch.rand(30, 2, 9, 7, generator=generator, dtype=dtype)
        boxes = random_boxes(30, 9, 7, generator, dtype)
        weights = []
        for k, count in ((1, 9), (0, 7)):
            steps = (torch.arange(5, dtype=dtype) + 0.5) / 5
            places = boxes[:, k, None] + steps * (boxes[:, k + 2] - boxes[:, k])[:, None] - 0.5
            hats = 1 - (places[..., None] - torch.arange(count)).abs()
            weights.append(hats.clamp(min=0)[:, None])
        dense = weights[0] @ images @ weights[1].mT
        found = ops.crop_and_resize(images, boxes, 5)
        torch.testing.assert_close(found, dense, rtol=0, atol=tolerance)


def test_paste_undoes_a_crop_of_whole_pixels():
    image = torch.randn(1, 3, 10, 12)
    box = torch.tensor([[3.0, 2, 9, 8]])
    back, inside = ops.paste(ops.crop_and_resize(image, box, 6), box, (10, 12))
    assert_close(back, image * inside[:, None])
    assert inside.sum() == 36


def test_gradients_flow_to_images_and_boxes():
    images = torch.randn(1, 1, 5, 6, dtype=torch.float64, requires_grad=True)
    boxes = torch.tensor([[0.7, 0.4, 4.9, 4.1]], dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda i, b: ops.crop_and_resize(i, b, 3), [images, boxes])


def test_the_gradient_of_a_box_on_whole_pixels_is_the_slope():
    """There the line has a kink; on a ramp both its sides have the same slope."""
    ramp = 3.0 * torch.arange(9).double().expand(1, 1, 9, 9)
    boxes = torch.tensor([[2.0, 2, 6, 6]], dtype=torch.float64, requires_grad=True)
    ops.crop_and_resize(ramp, boxes, 4).mean().backward()  # all columns, moved by x1 or by x2
    assert boxes.grad is not None
    assert_close(boxes.grad, torch.tensor([[1.5, 0, 1.5, 0]], dtype=torch.float64))


def test_no_boxes_give_no_crops(device):
    none = torch.zeros(0, 4, device=device)
    empty = torch.zeros(0, 3, 5, 6, device=device)
    assert ops.crop_and_resize(empty, none, 4).shape == (0, 3, 4, 4)
    pasted, inside = ops.paste(empty[..., :5], none, (7, 8))
    assert pasted.shape == (0, 3, 7, 8) and inside.shape == (0, 7, 8)


@pytest.mark.parametrize(
    ("box", "count", "size", "word"),
    [
        ([[0.0, 0, 4, 4]], 2, 4, "boxes"),
        ([[3.0, 0, 3, 4]], 1, 4, "area"),
        ([[0.0, 0, 4, 4]], 1, 0, "size"),
        ([[0.0, 0, 4, math.inf]], 1, 4, "finite"),
        ([[0.0, 0, 4]], 1, 4, r"boxes must have shape \(N, 4\)"),
        ([0.0, 0, 4, 4], 4, 4, r"boxes must have shape \(N, 4\)"),
    ],
)
def test_bad_arguments_are_named(unchecked, box, count, size, word):
    with pytest.raises(ValueError, match=word):
        ops.crop_and_resize(torch.zeros(count, 1, 5, 5), torch.tensor(box), size)
    box = torch.tensor([[0.0, 0, 4, 4]])
    with pytest.raises(ValueError, match=r"images is torch\.uint8: interpolation needs floats"):
        ops.crop_and_resize(torch.zeros(1, 1, 5, 5, dtype=torch.uint8), box, 2)
    for images in (torch.zeros(1, 5, 5), torch.zeros(1, 1, 0, 5)):
        with pytest.raises(ValueError, match="images must be"):
            ops.crop_and_resize(images, box, 2)
    with pytest.raises(ValueError, match="mode is 'bicubic'"):
        ops.crop_and_resize(torch.zeros(1, 1, 5, 5), torch.ones(1, 4).cumsum(1), 2, mode="bicubic")


def test_paste_names_bad_arguments(unchecked):
    with pytest.raises(ValueError, match="boxes"):
        ops.paste(torch.zeros(2, 1, 4, 4), torch.tensor([[0.0, 0, 4, 4]]), (5, 5))
    with pytest.raises(ValueError, match="area"):
        ops.paste(torch.zeros(1, 1, 4, 4), torch.tensor([[0.0, 4, 4, 4]]), (5, 5))
    with pytest.raises(ValueError, match=r"boxes must have shape \(N, 4\)"):
        ops.paste(torch.zeros(1, 1, 4, 4), torch.zeros(1, 5), (5, 5))
    with pytest.raises(ValueError, match=r"crops is torch\.int64: interpolation needs floats"):
        ops.paste(torch.zeros(1, 1, 4, 4).long(), torch.tensor([[0.0, 0, 4, 4]]), (5, 5))
