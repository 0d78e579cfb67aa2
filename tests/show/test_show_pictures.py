"""Pictures: drawn once, opaque, true in colour."""

import itertools

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


WORDS = ["the picture", "a long title of many words", "truth"]


def on_a_phone(figure, points):
    """Height in pixels of a letter's line where the figure is shrunk to 360 pixels."""
    return points * 360 / 72 / max(figure.get_figwidth(), 360 / 96)


def spans(figure, artists):
    """Left, top, right, bottom in pixels, y upwards."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return [artist.get_window_extent(canvas.get_renderer()) for artist in artists]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: show.images([PHOTO] * 5, [*WORDS, "a", "b"], columns=5, size=1.75),
        lambda: show.boxes(PHOTO, [torch.zeros(0, 4)] * 3, titles=WORDS),
        lambda: show.masks(PHOTO, [torch.zeros(12, 16, dtype=torch.long)] * 3, WORDS),
        lambda: show.matrix([torch.eye(6)] * 3, WORDS),
        lambda: show.keypoints([PHOTO] * 3, torch.rand(3, 14, 2), titles=WORDS, size=3),
    ],
)
def test_titles_are_legible_on_a_phone_and_keep_clear_of_each_other(draw):
    figure = draw()
    titles = [axis.title for axis in figure.axes]
    assert all(on_a_phone(figure, t.get_fontsize()) >= 7 for t in titles)
    places = spans(figure, titles)
    assert all(p.x0 >= 0 and p.x1 <= figure.bbox.width for p in places)
    assert all(p.y1 <= figure.bbox.height for p in places)
    for left, right in itertools.pairwise(places):
        assert left.x1 < right.x0 or right.y0 > left.y1 or right.y1 < left.y0


def test_rows_without_titles_take_no_room_for_them():
    def height(titles):
        return show.images([PHOTO] * 4, titles, columns=2).get_figheight()

    assert height(None) < height(["a", "b"]) < height(list("abcd"))


def test_digits_grow_with_the_figure_and_stay_in_their_cells():
    figure = show.matrix([torch.full((4, 4), -99.0)] * 5, columns=5)
    (size,) = {text.get_fontsize() for axis in figure.axes for text in axis.texts}
    assert float(size) > 9
    places = spans(figure, figure.axes[0].texts)
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(places[:4]))


SAME = torch.tensor([[2.0, 6, 9, 11]]).repeat(3, 1)


def test_tags_cover_no_other_tag_and_stay_in_the_picture():
    (axis,) = show.boxes(torch.rand(3, 24, 24), 2 * SAME - 1, ["a 0.9", "b 0.8", "c 0.7"]).axes
    tags = spans(axis.figure, axis.texts)
    for one, other in itertools.combinations(tags, 2):
        assert not one.overlaps(other)
    corner = torch.tensor([[20.0, 0, 24, 5]])
    (axis,) = show.boxes(torch.rand(3, 24, 24), corner, ["a word 0.9"]).axes
    (tag,), frame = spans(axis.figure, axis.texts), axis.get_window_extent()
    assert tag.x1 <= frame.x1 + 3 and tag.y1 <= frame.y1 + 3


def test_only_faint_boxes_are_dotted_and_one_colour_has_one_line():
    def lines(count, **options):
        (axis,) = show.boxes(PHOTO, torch.rand(count, 4), **options).axes
        return [patch.get_linestyle() for patch in axis.patches]

    assert lines(5, faint=[1]) == ["-", ":", "-.", "-", "--"]
    assert lines(3, colours=[show.BLUE]) == ["-"] * 3
    truth_and_guess = {"colours": [show.BLACK, show.ORANGE, show.ORANGE], "faint": [0]}
    assert lines(3, **truth_and_guess) == [":", "-", "-"]


def test_words_on_a_colour_are_black_or_white_by_contrast():
    (axis,) = show.boxes(PHOTO, torch.rand(8, 4), list("abcdefgh")).axes
    words = dict(zip(show.PALETTE, (text.get_color() for text in axis.texts), strict=True))
    assert {c for c, word in words.items() if word == "white"} == {show.BLUE, show.BLACK}


def test_the_legend_hides_no_curve():
    series = {f"the curve number {k}": [k, 1, 2] for k in range(5)}
    figure = show.curves(series, size=(5.2, 3.0))
    (legend,) = figure.legends
    (place, axes) = spans(figure, [legend, figure.axes[0]])
    assert place.y0 >= axes.y1 and place.x0 >= 0 and place.x1 <= figure.bbox.width
    assert axes.height > 0.6 * 3.0 * figure.dpi
    assert show.curves({"alone": [1, 2]}).legends == []
