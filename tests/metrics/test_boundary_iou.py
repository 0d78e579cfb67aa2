import math

import pytest
import torch

from lookclosely.metrics import boundary_iou


def slow_band(mask, distance):
    """Pixels of the mask with a pixel that is not in it at most ``distance`` rows and columns off;
    outside of the image none is."""
    height, width = mask.shape
    band = torch.zeros_like(mask)
    for i in range(height):
        for j in range(width):
            for y in range(i - distance, i + distance + 1):
                for x in range(j - distance, j + distance + 1):
                    inside = 0 <= y < height and 0 <= x < width
                    if mask[i, j] and not (inside and mask[y, x]):
                        band[i, j] = True
    return band


@pytest.mark.parametrize("distance", [1, 2, 5])
def test_it_is_the_iou_of_the_bands(distance, device):
    pred, target = torch.rand(4, 9, 12) < 0.8, torch.rand(4, 9, 12) < 0.8
    pred[0, 1:8, 1:11] = True
    target[0, 2:8, 1:9] = True
    ours = boundary_iou(pred.to(device), target.to(device), distance).cpu()
    for score, p, t in zip(ours, pred, target, strict=True):
        p, t = slow_band(p, distance), slow_band(t, distance)
        assert float(score) == int((p & t).sum()) / int((p | t).sum())


def test_the_inside_does_not_count():
    square = torch.zeros(20, 20, dtype=torch.bool)
    square[4:16, 4:16] = True
    shifted = square.roll(1, 1)
    assert float(boundary_iou(square, square, 1)) == 1
    union = int((square | shifted).sum())
    assert float(boundary_iou(square, shifted, 1)) < int((square & shifted).sum()) / union
    assert boundary_iou(square, shifted, 20) == (square & shifted).sum().double() / union


def test_empty_masks_and_batches():
    nothing = torch.zeros(3, 4, dtype=torch.bool)
    assert math.isnan(boundary_iou(nothing, nothing, 1))
    assert float(boundary_iou(nothing, ~nothing, 1)) == 0
    assert boundary_iou(nothing[None][:0], nothing[None][:0], 1).shape == (0,)


def test_errors_name_the_argument(unchecked):
    mask = torch.zeros(3, 4, dtype=torch.bool)
    with pytest.raises(ValueError, match="target"):
        boundary_iou(mask, mask[:2], 1)
    with pytest.raises(ValueError, match="distance"):
        boundary_iou(mask, mask, 0)
    with pytest.raises(ValueError, match=r"pred is torch\.float32: give bool, such as pred > 0"):
        boundary_iou(mask.float(), mask, 1)
    with pytest.raises(ValueError, match=r"target is torch\.uint8"):
        boundary_iou(mask, mask.to(torch.uint8), 1)
