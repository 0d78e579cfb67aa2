"""Patches against a loop over their pixels, and at the border."""

import pytest
import torch

from lookclosely.models.looking.patch import PatchClassifier, cut_patches, see_only


def mirrored(place: int, size: int) -> int:
    """Without repeating the first and the last pixel: -1 is 1."""
    place = abs(place)
    return 2 * (size - 1) - place if place >= size else place


@pytest.mark.parametrize("window", [1, 3, 7])
def test_patches_are_cut_pixel_by_pixel(window, device):
    images = torch.randn(2, 3, 5, 6)
    where = torch.tensor([[0, 0, 0], [1, 4, 5], [1, 2, 3], [0, 4, 1]])
    cut = cut_patches(images.to(device), where.to(device), window)
    assert cut.device.type == device.type and cut.shape == (4, 3, window, window)
    for patch, (n, row, column) in zip(cut.cpu(), where.tolist()):
        for i in range(window):
            for j in range(window):
                y, x = mirrored(row + i - window // 2, 5), mirrored(column + j - window // 2, 6)
                assert torch.equal(patch[:, i, j], images[n, :, y, x])


def test_only_the_centre_is_seen():
    windows = torch.rand(2, 3, 7, 7) + 1
    seen = see_only(windows, 3)
    assert torch.equal(seen[..., 2:5, 2:5], windows[..., 2:5, 2:5])
    assert int((seen != 0).sum()) == 2 * 3 * 9


def test_a_classifier_scores_each_patch(device):
    model = PatchClassifier(in_channels=3, num_classes=4, window=11).to(device)
    assert model(torch.rand(5, 3, 11, 11, device=device)).shape == (5, 4)


@pytest.mark.parametrize("window", [4, 11])
def test_bad_windows_are_named(window):
    where = torch.zeros(1, 3, dtype=torch.long)
    with pytest.raises(ValueError, match=f"window is {window}"):
        cut_patches(torch.zeros(1, 1, 5, 5), where, window)
    with pytest.raises(ValueError, match="patch is 2"):
        see_only(torch.zeros(1, 1, 5, 5), 2)
