"""Pictures of the book: images, boxes, masks, numbers in cells, curves, source code.

Every function returns a matplotlib ``Figure`` that pyplot has let go of: as the last expression of
a cell it is shown once, and ``demo`` can turn it into a frame. Figures are opaque, so that they
look the same in light and dark pages. Colours are Okabe and Ito's palette, readable without colour
vision ("Color Universal Design", 2008); boxes and curves also differ in line style.
"""

from ._boxes import draw_boxes
from ._curves import curves
from ._drawing import (
    BLACK,
    BLUE,
    GREEN,
    LEMON,
    ORANGE,
    PALETTE,
    PURPLE,
    SKY,
    YELLOW,
    draw_image,
    draw_matrix,
    overlay,
)
from ._grid_numbers import grid_numbers
from ._key import key
from ._keypoints import keypoints
from ._labels import coloured
from ._network import (
    Drawing,
    attention,
    block,
    dot,
    frame,
    glue,
    loss,
    network,
    note,
    op,
    share,
    vector,
    word,
)
from ._pictures import boxes, images, masks, matrix
from ._points import points
from ._pyramid import pyramid
from ._receptive_field import receptive_field
from ._source import source
from ._style_sheet import style_sheet
from ._table import Table, table

__all__ = [
    "BLACK",
    "BLUE",
    "GREEN",
    "LEMON",
    "ORANGE",
    "PALETTE",
    "PURPLE",
    "SKY",
    "YELLOW",
    "Drawing",
    "Table",
    "attention",
    "block",
    "boxes",
    "coloured",
    "curves",
    "dot",
    "draw_boxes",
    "draw_image",
    "draw_matrix",
    "frame",
    "glue",
    "grid_numbers",
    "images",
    "key",
    "keypoints",
    "loss",
    "masks",
    "matrix",
    "network",
    "note",
    "op",
    "overlay",
    "points",
    "pyramid",
    "receptive_field",
    "share",
    "source",
    "style_sheet",
    "table",
    "vector",
    "word",
]
