"""Pictures: drawn once, opaque, true in colour."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb

from lookclosely import show


def pixels(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


PHOTO = torch.rand(3, 12, 16)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: show.images(PHOTO),
        lambda: show.images([PHOTO, PHOTO[0], PHOTO[0] > 0.5, PHOTO.numpy().transpose(1, 2, 0)]),
        lambda: show.images([PHOTO] * 5, list("abcde"), columns=2),
        lambda: show.boxes(PHOTO, torch.tensor([[1.0, 2, 8, 9]]), ["cat 0.9"], faint=[0]),
        lambda: show.boxes(PHOTO, [torch.zeros(0, 4), torch.rand(3, 4)], titles=["a", "b"]),
        lambda: show.masks(PHOTO, torch.rand(2, 12, 16) > 0.5),
        lambda: show.masks(PHOTO, [torch.zeros(12, 16, dtype=torch.long)], ["nothing"]),
        lambda: show.matrix([torch.eye(3), torch.arange(3)], ["a", "b"], highlight=[(0, 1)]),
        lambda: show.matrix([torch.eye(3), torch.eye(2)], highlight=[[(0, 1), (2, 2)], []]),
        lambda: show.matrix(torch.tensor([[0.25, -1.0]]), digits=2),
        lambda: show.curves({"a": [1, 2], "b": ([0, 1, 2], [3, 2, 1])}, spread={"a": [0.1, 0.2]}),
        lambda: show.curves(
            {"a": [1.0, 10.0]}, x=[1, 2], log="xy", labels=("x", "y"), markers=True
        ),
        lambda: show.points({"a": ([1], [2]), "b": ([], [])}, links=[((1, 2), (2, 1))]),
    ],
)
def test_figures_are_opaque_and_let_go_of(draw):
    figure = draw()
    assert plt.get_fignums() == []
    assert (pixels(figure)[..., 3] == 255).all()


def test_colours_are_true():
    """A red picture is red, and a mask over white is its colour at the edge."""
    red = torch.zeros(3, 8, 8)
    red[0] = 1
    assert np.equal(pixels(show.images(red)), [255, 0, 0, 255]).all(-1).any()
    mask = torch.zeros(1, 8, 8, dtype=torch.bool)
    mask[:, 2:6, 2:6] = True
    painted = show.overlay(torch.ones(3, 8, 8), mask, alpha=0.5)
    assert painted[2, 2] == pytest.approx(to_rgb(show.PALETTE[0]))
    assert painted[3, 3] == pytest.approx(0.5 + 0.5 * np.array(to_rgb(show.PALETTE[0])))
    assert (painted[0] == 1).all()


def test_source_is_the_functions_own_text():
    code = show.source(show.images, show.masks)
    assert code.text.startswith("def images(") and "def masks(" in code.text
    assert code._repr_markdown_().startswith("```python\ndef images(")


def test_a_cell_of_nan_is_empty():
    (axis,) = show.matrix(torch.tensor([[1.0, torch.nan], [0.0, 5.0]])).axes
    assert [text.get_text() for text in axis.texts] == ["1", "", "0", "5"]


def test_cells_of_all_tables_are_equally_large():
    figure = show.matrix([torch.eye(3), torch.ones(2, 5)])
    spans = [
        (a.get_xlim()[1] - a.get_xlim()[0], a.get_ylim()[0] - a.get_ylim()[1]) for a in figure.axes
    ]
    assert spans == [(5, 3), (5, 3)]
