"""Legends: names of classes under label maps, truth beside what was found."""

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from lookclosely import show

CLASSES = ["background", "disc", "square", "star"]
PHOTO = torch.rand(3, 24, 24)
LABELS = torch.zeros(24, 24, dtype=torch.int64)
LABELS[4:12, 4:12], LABELS[14:20, 2:20] = 2, 3


def names(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def colours(figure):
    return [patch.get_facecolor()[:3] for patch in figure.legends[0].get_patches()]


def test_a_legend_names_the_colours_of_label_maps():
    figure = show.images([PHOTO, show.coloured(LABELS)], classes=CLASSES)
    assert names(figure) == CLASSES
    inside = show.coloured(LABELS)[8, 8]
    assert colours(figure)[2] == pytest.approx(inside) and colours(figure)[0] == (1, 1, 1)
    assert show.images(PHOTO).legends == []


def test_masks_with_classes_have_one_colour_a_class_and_name_what_occurs():
    other = torch.where(LABELS == 3, LABELS, 0)
    figure = show.masks(torch.ones(3, 24, 24), [LABELS, other], classes=CLASSES)
    assert names(figure) == ["background", "square", "star"]
    first, second = (np.asarray(axis.images[0].get_array())[16, 10] for axis in figure.axes)
    assert (first == second).all()
    assert colours(figure)[2] == pytest.approx(to_rgb(show.GREEN))


@pytest.mark.parametrize("size", [1.5, 2.6])
def test_a_legend_hides_no_picture_and_stays_in_the_figure(size):
    figure = show.images([show.coloured(LABELS)] * 2, ["a", "b"], size=size, classes=CLASSES)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    place = figure.legends[0].get_window_extent(canvas.get_renderer())
    assert place.x0 >= -1 and place.x1 <= figure.bbox.width + 1 and place.y0 >= -1
    assert all(axis.get_window_extent().y0 >= place.y1 - 1 for axis in figure.axes)
    assert figure.axes[0].get_window_extent().width > 0.85 * size * figure.dpi


def test_truth_is_dashed_beside_what_was_found():
    box = torch.tensor([[2.0, 2, 9, 9]])
    figure = show.boxes(PHOTO, box, ["disc 0.9"], truth=box + 1)
    assert names(figure) == ["truth", "found"]
    under, dashed, found = figure.axes[0].patches
    assert under.get_edgecolor()[:3] == (1, 1, 1) and dashed.get_edgecolor()[:3] == (0, 0, 0)
    assert under.get_edgecolor()[:3] == (1, 1, 1) and dashed.get_edgecolor()[:3] == (0, 0, 0)
    assert isinstance(dashed, Rectangle) and isinstance(found, Rectangle)
    assert dashed.get_xy() == (2.5, 2.5) and found.get_xy() == (1.5, 1.5)
