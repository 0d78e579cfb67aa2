"""PCK against a loop, by hand, and at its edges."""

import pytest
import torch
from torch.testing import assert_close

from lookclosely import metrics
from lookclosely.data import scenes


def slow_pck(pred, target, size, threshold, counted):
    shares = []
    for k in range(pred.shape[1]):
        right = total = 0
        for n in range(len(pred)):
            if counted[n, k]:
                dx, dy = (pred[n, k] - target[n, k]).tolist()
                right += (dx * dx + dy * dy) ** 0.5 <= threshold * float(size[n])
                total += 1
        shares.append(right / total if total else float("nan"))
    return torch.tensor(shares)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_pck_by_a_loop(seed, dtype, device):
    g = torch.Generator().manual_seed(seed)
    n, k = seed % 6, 1 + seed % 5
    pred, target = torch.randn(2, n, k, 2, generator=g, dtype=dtype)
    size = torch.rand(n, generator=g, dtype=dtype) * 4
    counted = torch.rand(n, k, generator=g) < 0.7
    args = [x.to(device) for x in (pred, target, size)]
    found = metrics.pck(*args, threshold=0.5, counted=counted.to(device)).cpu()
    expected = slow_pck(pred, target, size, 0.5, counted)
    assert_close(found, expected, equal_nan=True, check_dtype=False)
    every = metrics.pck(*args, threshold=0.5).cpu()
    everything = torch.ones_like(counted)
    expected = slow_pck(pred, target, size, 0.5, everything)
    assert_close(every, expected, equal_nan=True, check_dtype=False)


def test_pck_by_hand():
    """Torso 10, so 2 pixels at 0.2: errors of exactly 2, a little more, and √8 across."""
    target = torch.zeros(1, 3, 2)
    pred = torch.tensor([[[2.0, 0.0], [0.0, 2.01], [2.0, 2.0]]])
    assert metrics.pck(pred, target, torch.tensor([10.0])).tolist() == [1, 0, 0]
    assert metrics.pck(pred, target, torch.tensor([10.0]), threshold=0.3).tolist() == [1, 1, 1]


def test_pck_does_not_depend_on_the_unit():
    g = torch.Generator().manual_seed(0)
    pred, target = torch.randn(2, 9, 14, 2, generator=g).double()
    size = metrics.torso_length(target)
    small = metrics.pck(pred, target, size, threshold=0.7)
    assert 0 < small.mean() < 1
    large = metrics.pck(96 * pred, 96 * target, 96 * size, threshold=0.7)
    assert torch.equal(small, large)


def test_torso_goes_from_the_left_shoulder_to_the_right_hip():
    shoulder, hip = (scenes.JOINTS.index(name) for name in ("left shoulder", "right hip"))
    joints = torch.zeros(2, 14, 2)
    joints[0, shoulder], joints[0, hip] = torch.tensor([3.0, 0.0]), torch.tensor([0.0, 4.0])
    assert metrics.torso_length(joints).tolist() == [5, 0]


@pytest.mark.usefixtures("unchecked")
def test_bad_input():
    joints, size = torch.zeros(3, 14, 2), torch.ones(3)
    with pytest.raises(ValueError, match=r"pred has shape \(2, 14, 2\), target \(3, 14, 2\)"):
        metrics.pck(joints[:2], joints, size)
    with pytest.raises(ValueError, match=r"size \(1,\)"):
        metrics.pck(joints, joints, size[:1])
    with pytest.raises(ValueError, match="threshold is 0"):
        metrics.pck(joints, joints, size, threshold=0)
    visibility = torch.full((3, 14), 2)
    with pytest.raises(
        ValueError, match=r"counted is torch\.int64: give bool, such as counted > 0"
    ):
        metrics.pck(joints, joints, size, counted=visibility)
