"""Images brought to one brightness and contrast."""

import pytest
import torch

from lookclosely import ops


def test_standardised_images_have_mean_0_and_deviation_1():
    images = ops.standardize(5 + 3 * torch.rand(4, 1, 32, 32))
    assert torch.allclose(images.mean((1, 2, 3)), torch.zeros(4), atol=1e-4)
    assert torch.allclose(images.std((1, 2, 3)), torch.ones(4), atol=1e-2)
    assert (ops.standardize(torch.ones(1, 1, 4, 4)) == 0).all()


@pytest.mark.usefixtures("unchecked")
def test_whole_numbers_are_refused():
    with pytest.raises(ValueError, match=r"images is torch.uint8.*images.float\(\)"):
        ops.standardize(torch.zeros(3, 4, 4, dtype=torch.uint8))
