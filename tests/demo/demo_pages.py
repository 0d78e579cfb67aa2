"""What the tests of demos draw, and the pages on which they look at it."""

import base64
import io
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from bs4 import BeautifulSoup
from matplotlib.figure import Figure
from PIL import Image


def step_figure(stride: int, mode: str = "nearest") -> tuple[Figure, str]:
    """A bar as high as the stride, and a line of text that says so."""
    figure, axes = plt.subplots(figsize=(3, 2))
    axes.bar([mode], [stride])
    return figure, f"{mode}, stride {stride}"


def grey(level: float) -> torch.Tensor:
    """An image (3, 4, 6) of one grey level."""
    return torch.full((3, 4, 6), level)


def html_of(shown: Any) -> Any:
    return BeautifulSoup(shown._repr_mimebundle_()["text/html"], "html.parser")


def picture(image: Any) -> np.ndarray:
    """Pixels of a frame's data URI."""
    head, data = image["src"].split(",")
    assert head == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def write_page(path: Path, *shown: Any, theme: str = "light", style: str = "") -> str:
    """A page as Sphinx would write it, Bootstrap's rule for `hidden` included; its file:// URL."""
    body = "\n".join(each._repr_mimebundle_()["text/html"] for each in shown)
    colours = {"light": "#fffefb;color:#1f2328", "dark": "#15171b;color:#dfe1e5"}[theme]
    rules = f"[hidden]{{display:none!important}}body{{background:{colours}}}{style}"
    path.write_text(
        f"<!doctype html><html lang=en data-theme={theme}><meta charset=utf-8><title>Demos</title>"
        f"<meta name=viewport content='width=device-width'><style>{rules}</style>"
        f"<body><main><h1>Demos</h1>{body}</main>",
        encoding="utf-8",
    )
    return path.as_uri()


def shown_frames(page: Any) -> list[str]:
    return [i.get_attribute("alt") for i in page.locator(".lc-demo-frame").all() if i.is_visible()]
