"""Joints of figures, joined by limbs."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ._drawing import BLACK, ORANGE, Picture, as_list, aspect, draw_image, grid

# Right leg, left leg, right arm, left arm, hips, shoulders, head; places in ``scenes.JOINTS``.
LIMBS = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11), (2, 3), (8, 12, 9), (12, 13))


def keypoints(
    pictures: Picture | Sequence[Picture],
    joints: Tensor,
    truth: Tensor | None = None,
    titles: Sequence[str] | None = None,
    *,
    columns: int | None = None,
    size: float = 2.2,
) -> Figure:
    """Pictures with 14 joints (N, 14, 2) in pixels as crosses, limbs as lines between them.

    ``truth`` (N, 14, 2) is drawn as dots on thin dotted lines.
    """
    many = as_list(pictures)
    figure, axes = grid(len(many), columns, size, aspect(many[0]), titles)
    for k, (axis, picture) in enumerate(zip(axes, many)):
        draw_image(axis, picture)
        axis.autoscale(False)
        if truth is not None:
            _draw(axis, truth[k], BLACK, ":", ".")
        _draw(axis, joints[k], ORANGE, "-", "x")
    return figure


def _draw(axis: Axes, joints: Tensor, colour: str, line: str, marker: str) -> None:
    places = joints.detach().cpu().numpy() - 0.5  # the middle of pixel (0, 0) is drawn at 0
    for limb in LIMBS:
        across, up = places[list(limb)].T
        axis.plot(across, up, color=colour, linestyle=line, marker=marker, lw=1.4, ms=5)
