"""Drawings of the networks that the book teaches: what ``show.network`` has to be able to draw."""

import base64
from pathlib import Path

from lookclosely import show

from . import attention, detection, segmentation

ALL = (
    show.key,
    segmentation.unet,
    segmentation.fcn,
    segmentation.three_scales,
    segmentation.deconvnet,
    segmentation.recurrent,
    detection.rcnn,
    detection.rpn,
    detection.fpn,
    detection.cornernet,
    detection.mask_rcnn,
    attention.captioner,
    attention.transformer_of_space,
    attention.detr,
)


FONT = Path(__file__).parents[3] / "book/vendor/fonts/source-sans-3-latin-wght-normal.woff2"


def page() -> str:
    """All drawings on one page, in the book's letters."""
    font = base64.b64encode(FONT.read_bytes()).decode()
    figures = "\n".join(f"<figure>{draw()._repr_html_()}</figure>" for draw in ALL)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Drawings</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<style>@font-face{font-family:'Source Sans 3';font-weight:200 900;"
        f"src:url(data:font/woff2;base64,{font}) format('woff2')}}"
        ":root{color-scheme:light dark}body{margin:0;background:#fffefb}"
        "@media(prefers-color-scheme:dark){body{background:#15171b}}"
        "main{max-width:45rem;margin:0 auto;padding:1rem}figure{margin:2rem 0}"
        "h1{position:absolute;clip-path:inset(50%)}</style></head>"
        f"<body><main><h1>Drawings</h1>{figures}</main></body></html>"
    )
