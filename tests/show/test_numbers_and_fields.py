"""Receptive fields, numbers in cells and pyramids: what is drawn, and from what."""

import itertools

import numpy as np
import pytest
import torch

from lookclosely import ops, show
from lookclosely.show._receptive_field import fan_out


@pytest.mark.parametrize(
    "layers",
    [
        [(3, 1, 1)] * 3,
        [(3, 1, 1), (2, 2, 0), (3, 1, 1)],
        [(3, 1, 1, 1), (3, 1, 2, 2), (3, 1, 4, 4)],
        [(5, 3, 0), (4, 2, 0, 3)],
    ],
)
def test_the_fan_is_as_wide_as_the_receptive_field(layers):
    image = fan_out(layers)[0]
    assert max(image.reached) - min(image.reached) + 1 == ops.receptive_field(layers).size


def test_the_cells_of_a_fan_are_those_that_a_gradient_reaches():
    layers = [(3, 1, 0, 1), (3, 2, 0, 2), (2, 1, 0, 2)]
    x = torch.ones(1, 1, 41, requires_grad=True)
    y = x
    for kernel, stride, _, dilation in layers:
        weight = torch.ones(1, 1, kernel)
        y = torch.nn.functional.conv1d(y, weight, stride=stride, dilation=dilation)
    y[0, 0, y.shape[-1] // 2].backward()
    assert x.grad is not None
    places = x.grad[0, 0].nonzero()[:, 0]
    reached = fan_out(layers)[0].reached
    assert [round(cell - reached[0]) for cell in reached] == (places - places[0]).tolist()


def test_a_field_has_a_row_for_each_layer_and_says_what_it_sees():
    drawing = show.receptive_field([(3, 1, 1)] * 2, names=["image", "one", "two"])
    assert "two 1 of 1; one 3 of 3; image 5 of 5" in drawing.alt
    assert drawing.wide.count("<rect") == 9 and drawing.wide.count("<line") == 12
    with pytest.raises(ValueError, match="names has 1 entries"):
        show.receptive_field([(3, 1, 1)], names=["image"])
    with pytest.raises(ValueError, match="for each"):
        show.receptive_field([(3,)])


def test_numbers_show_their_sign_in_colour_and_in_writing():
    drawing = show.grid_numbers(torch.tensor([[-1.0, 0, 2], [torch.nan, 1, -2]]))
    assert drawing.wide.count("var(--copy)") == 2 and drawing.wide.count(">−2<") == 1
    assert drawing.alt == "Numbers: −1 0 2; empty 1 −2"
    opacity = [float(part.split('"')[1]) for part in drawing.wide.split("fill-opacity=")[1:]]
    assert opacity == [0.27, 0, 0.44, 0, 0.27, 0.44]


def test_matrices_that_do_not_fit_a_phone_go_on_in_the_next_line():
    tables = [torch.ones(3, 5)] * 3
    drawing = show.grid_numbers(tables, list("abc"), between=["∗", "="])
    assert drawing.sizes[0][1] < drawing.sizes[1][1]
    assert ">∗<" in drawing.wide and ">=<" in drawing.wide
    with pytest.raises(ValueError, match="3 signs between them"):
        show.grid_numbers(tables, between=["+", "+", "="])


def test_matrix_colours_signs():
    (axis,) = show.matrix(torch.tensor([[-3.0, 0.0, 3.0]])).axes
    colours = axis.images[0].to_rgba(np.array([-3.0, 0.0, 3.0]))
    below, zero, above = np.asarray(colours)[:, :3]
    assert below[0] > below[2] and above[2] > above[0]
    assert zero.min() > 0.98


def test_a_pixel_is_equally_large_in_every_level_of_a_pyramid():
    levels = [torch.rand(3, 32 // 2**k, 48 // 2**k) for k in range(3)]
    figure = show.pyramid(levels, ["the finest level", "a level of half the size", "coarse"])
    sizes = [axis.get_window_extent() for axis in figure.axes]
    assert [round(s.width / sizes[0].width, 3) for s in sizes] == [1, 0.5, 0.25]
    assert len({round(s.y0, 3) for s in sizes}) == 1
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    words = [t.get_window_extent(canvas.get_renderer()) for t in figure.texts]
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(words)) and words[-1].x1 <= figure.bbox.x1
