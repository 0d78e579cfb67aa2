import pytest
import torch

from lookclosely.models import backbones
from lookclosely.tasks.photo_windows import probabilities, windows


class Means(torch.nn.Module):
    """Logits: the mean of each channel."""

    def forward(self, x):
        return x.mean(dim=(2, 3))


def test_windows_start_at_the_corner_and_stay_inside():
    found = windows((5, 8), [(4, 2), (5, 8)], 2)
    expected = [[x, 0, x + 2, 4] for x in (0, 2, 4, 6)] + [[0, 0, 8, 5]]
    assert found.tolist() == expected and found.dtype == torch.float32


@pytest.mark.parametrize(
    ("shapes", "step", "words"), [([(2, 2)], 0, "step"), ([(9, 9)], 1, "fits")]
)
def test_what_gives_no_window_is_said(shapes, step, words):
    with pytest.raises(ValueError, match=words):
        windows((5, 8), shapes, step)


def test_each_window_is_judged_by_its_own_pixels():
    image = torch.zeros(3, 6, 8)
    image[0, :, :4], image[1, :, 4:] = 1, 1  # red on the left, green on the right
    boxes = torch.tensor([[0.0, 0, 4, 6], [4, 2, 8, 6], [0, 0, 8, 6]])
    found = probabilities(Means(), image, boxes, side=4, batch=2)
    whole = backbones.normalize(torch.tensor([0.5, 0.5, 0]).reshape(3, 1, 1))
    assert found[:2].argmax(1).tolist() == [0, 1]
    torch.testing.assert_close(found[2], whole.flatten().softmax(0))


def test_no_windows_no_rows():
    found = probabilities(Means(), torch.zeros(3, 6, 8), torch.zeros(0, 4), side=4)
    assert found.shape == (0, 3)
