"""The boundary F score against its definition, pixel by pixel."""

import math

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from lookclosely.metrics import boundary as ours

NAN = float("nan")


def outline(mask: Tensor) -> set[tuple[int, int]]:
    """Pixels unlike the next one on the right, below, or diagonally below right."""
    rows, columns = mask.shape
    return {
        (i, j)
        for i in range(rows)
        for j in range(columns)
        for a, b in ((i, j + 1), (i + 1, j), (i + 1, j + 1))
        if mask[min(a, rows - 1), min(b, columns - 1)] != mask[i, j]
    }


def slow_boundary_f(pred: Tensor, target: Tensor, tolerance: float) -> float:
    p, t = outline(pred), outline(target)
    if not p or not t:
        return 1.0 if p == t else 0.0
    precise = sum(any(math.dist(a, b) <= tolerance for b in t) for a in p) / len(p)
    recalled = sum(any(math.dist(a, b) <= tolerance for b in p) for a in t) / len(t)
    return 2 * precise * recalled / (precise + recalled) if precise + recalled else 0.0


@pytest.mark.parametrize("tolerance", [0, 1, 1.5, 2, 3.7])
@pytest.mark.parametrize("seed", range(8))
def test_boundary_f_is_the_definition(seed: int, tolerance: float):
    g = torch.Generator().manual_seed(seed)
    coarse = torch.rand(2, 1, 3, 4, generator=g) > 0.5
    pred, target = coarse.repeat_interleave(3, 2).repeat_interleave(4, 3)[:, 0]  # (9, 16)
    pred, target = pred ^ (torch.rand(9, 16, generator=g) > 0.95), target.roll(1, seed % 2)
    expected = slow_boundary_f(pred, target, tolerance)
    assert ours.boundary_f_score(pred, target, tolerance).item() == pytest.approx(expected, 1e-12)
    assert {tuple(x) for x in ours.boundary_pixels(pred).nonzero().tolist()} == outline(pred)


def square(top: int, left: int) -> Tensor:
    mask = torch.zeros(20, 24, dtype=torch.bool)
    mask[top : top + 8, left : left + 8] = True
    return mask


def test_a_shift_within_the_tolerance_is_forgiven():
    for shift in (1, 2, 3):
        scores = [
            ours.boundary_f_score(square(5, 5), square(5, 5 + shift), r).item() for r in range(5)
        ]
        assert scores == sorted(scores)
        assert scores[shift] == 1.0 and scores[shift - 1] < 1.0


def test_boundary_f_of_empty_and_full_masks():
    empty, full, some = torch.zeros(20, 24).bool(), torch.ones(20, 24).bool(), square(5, 5)
    for nothing in (empty, full):  # the image's border is no boundary
        assert ours.boundary_f_score(nothing, nothing, 2).item() == 1.0
        assert ours.boundary_f_score(nothing, some, 2).item() == 0.0
        assert ours.boundary_f_score(some, nothing, 2).item() == 0.0
    assert ours.boundary_f_score(some, square(12, 15), 0).item() < 0.2
    assert ours.boundary_f_score(square(0, 0), square(12, 16), 1).item() == 0.0


def test_boundary_f_is_symmetric_and_blind_to_complements():
    g = torch.Generator().manual_seed(0)
    a, b = torch.rand(2, 12, 9, generator=g) > 0.5
    score = ours.boundary_f_score(a, b, 1)
    assert torch.equal(ours.boundary_f_score(b, a, 1), score)
    assert torch.equal(ours.boundary_f_score(~a, b, 1), score)


def test_boundary_f_takes_batches():
    g = torch.Generator().manual_seed(0)
    a, b = torch.rand(2, 2, 3, 12, 9, generator=g) > 0.7
    scores = ours.boundary_f_score(a, b, 1.0)
    assert scores.shape == (2, 3) and scores.dtype == torch.float64
    assert scores[1, 2] == ours.boundary_f_score(a[1, 2], b[1, 2], 1.0)
    assert ours.boundary_f_score(a[:0], b[:0], 1).shape == (0, 3)
    assert ours.boundary_f_score(a[..., :0], b[..., :0], 1).eq(1).all()


def test_each_device_gives_the_same(device: torch.device):
    a, b = torch.rand(2, 12, 9) > 0.5
    score = ours.boundary_f_score(a.to(device), b.to(device), 1)
    assert score.device.type == device.type
    assert_close(score.cpu(), ours.boundary_f_score(a, b, 1))


@pytest.mark.usefixtures("unchecked")
def test_bad_boundaries():
    mask = square(5, 5)
    with pytest.raises(ValueError, match="pred has shape"):
        ours.boundary_f_score(mask, mask.T, 1)
    for tolerance in (-1, NAN, math.inf):
        with pytest.raises(ValueError, match="tolerance is"):
            ours.boundary_f_score(mask, mask, tolerance)
    for image in (mask.float(), 255 * mask.to(torch.uint8), mask.long()):
        with pytest.raises(ValueError, match=r"pred is torch\.\w+: give bool, such as pred > 0"):
            ours.boundary_f_score(image, mask, 1)
        with pytest.raises(ValueError, match="target is torch"):
            ours.boundary_f_score(mask, image, 1)
        with pytest.raises(ValueError, match="mask is torch"):
            ours.boundary_pixels(image)
