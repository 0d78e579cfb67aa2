"""Pictures of a demo: what a demo's function returns becomes one WebP image with its words."""

from __future__ import annotations

import base64
import io
import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

FIGURE_DPI = 144  # drawn at 1.5 times the 96 pixels an inch of a page: crisp on dense screens
MIN_WIDTH = 800  # pixels of the file, so that it can be projected
LARGE = 16_000  # bytes of one frame from which on a smaller way of writing it is looked for
SHOWN = (640, 420)  # CSS pixels that an image fills on a page, as far as its shape allows


@dataclass(frozen=True)
class Frame:
    """One picture of a demo. `width` and `height` are the CSS pixels that it takes on a page."""

    webp: bytes
    width: int
    height: int
    pixels: bool
    alt: str
    text: str | None

    @property
    def css_class(self) -> str:
        return "lc-demo-frame lc-demo-pixels" if self.pixels else "lc-demo-frame"

    @property
    def source(self) -> str:
        """The picture as a data URI: it needs neither a file nor a request."""
        return "data:image/webp;base64," + base64.b64encode(self.webp).decode()


def make_frame(result: Any, alt: str | None) -> Frame:
    """Turn `picture` or `(picture, text)` into a `Frame`.

    Args:
        result: what the demo's function returned. A picture is a matplotlib Figure or an image,
            see `to_pixels`.
        alt: the text alternative, or None to use the text.

    Raises:
        ValueError: for another type, or where there is neither a text nor an `alt`.
    """
    picture, text = result if isinstance(result, tuple) and len(result) == 2 else (result, None)
    if text is not None and not isinstance(text, str):
        raise ValueError(f"fn returned (picture, {text!r}); the second entry must be a str")
    if not (alt or "").strip() and not (text or "").strip():
        raise ValueError(
            "alt is missing: a picture needs words for those who cannot see it. "
            'Return (picture, "text") from fn, or pass demo(..., alt="what is to be seen")'
        )
    alternative = alt or text or ""
    if hasattr(picture, "savefig"):
        return Frame(*_draw(picture), False, alternative, text)
    pixels = to_pixels(picture)
    height, width = pixels.shape[:2]
    scale = min(SHOWN[0] / width, SHOWN[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    webp, exact = _encode_image(pixels)
    return Frame(webp, *size, exact and scale > 1, alternative, text)


def to_pixels(image: Any) -> np.ndarray:
    """uint8 array (H, W, 3) of an image.

    Args:
        image: tensor (H, W), (1, H, W) or (3, H, W), or array (H, W) or (H, W, 3); bool, uint8
            or floating with values in [0, 1].

    Raises:
        ValueError: for another shape, type or range; nothing is clipped or rescaled.
    """
    is_tensor = not isinstance(image, np.ndarray)
    if is_tensor and not hasattr(image, "detach"):
        raise ValueError(
            f"fn returned {type(image).__name__}; expected a matplotlib Figure, a tensor (3, H, W) "
            "or (H, W), or an array (H, W, 3), each with or without a line of text"
        )
    array: np.ndarray = image.detach().cpu().numpy() if is_tensor else image
    given = array.shape
    if is_tensor and array.ndim == 3 and array.shape[0] in (1, 3):
        array = array.transpose(1, 2, 0)
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 1):
        array = np.repeat(array.reshape(*array.shape[:2], 1), 3, axis=2)
    if array.ndim != 3 or array.shape[2] != 3 or array.size == 0:
        raise ValueError(
            f"fn returned an image of shape {given}; expected a tensor (3, H, W) or (H, W), "
            "or an array (H, W, 3)"
        )
    return np.ascontiguousarray(_to_bytes(array))


def _to_bytes(array: np.ndarray) -> np.ndarray:
    """uint8 values of an image: bool is black and white, floats in [0, 1] are scaled by 255."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * 255
    if not np.issubdtype(array.dtype, np.floating):
        raise ValueError(f"fn returned an image of {array.dtype}; expected uint8, bool or float")
    if not (array.min() >= 0 and array.max() <= 1):  # also false for NaN
        raise ValueError(
            f"fn returned an image with values in [{array.min():.3g}, {array.max():.3g}]; "
            "expected [0, 1]: scale or clamp it in fn"
        )
    return np.round(array.astype(np.float64) * 255).astype(np.uint8)


def _encode_image(pixels: np.ndarray) -> tuple[bytes, bool]:
    """WebP bytes of an image enlarged to `MIN_WIDTH`, and whether its pixels are kept as squares.

    They are, except where noise makes that large: then a smooth enlargement is much smaller.
    """
    zoom = math.ceil(MIN_WIDTH / pixels.shape[1])
    exact = _webp(pixels.repeat(zoom, 0).repeat(zoom, 1), lossless=True, quality=50)
    if len(exact) < LARGE:
        return exact, True
    smooth = _webp(pixels, MIN_WIDTH, quality=65)
    return (smooth, False) if len(smooth) < 0.8 * len(exact) else (exact, True)


def _draw(figure: Any) -> tuple[bytes, int, int]:
    """WebP bytes of a matplotlib Figure and its size in CSS pixels; the Figure is closed."""
    import matplotlib
    from PIL import Image

    buffer = io.BytesIO()
    dpi = max(FIGURE_DPI, math.ceil(MIN_WIDTH / figure.get_size_inches()[0]))
    # Never "tight": its size would change with the contents, and the page would jump.
    with matplotlib.rc_context({"savefig.bbox": None}):
        figure.savefig(buffer, format="png", dpi=dpi, pil_kwargs={"compress_level": 0})
    if "matplotlib.pyplot" in sys.modules:  # else the notebook would show it a second time
        sys.modules["matplotlib.pyplot"].close(figure)
    pixels = np.asarray(Image.open(buffer).convert("RGBA"), dtype=np.uint16)
    opacity = pixels[..., 3:]
    opaque = ((pixels[..., :3] * opacity + 255 * (255 - opacity)) // 255).astype(np.uint8)
    width, height = figure.get_size_inches() * 96
    return _encode(opaque), round(width), round(height)


def _encode(pixels: np.ndarray) -> bytes:
    """WebP bytes of a drawing (H, W, 3): exact, unless exact is much larger.

    Drawings are smaller without loss, photographs in them with it.
    """
    exact = _webp(pixels, lossless=True, quality=50)
    if len(exact) < LARGE:
        return exact
    lossy = _webp(pixels, quality=75)
    return lossy if len(lossy) < 0.6 * len(exact) else exact


def _webp(pixels: np.ndarray, width: int = 0, **options: Any) -> bytes:
    """WebP bytes of a uint8 image (H, W, 3), smoothly enlarged to at least this width."""
    from PIL import Image

    image, buffer = Image.fromarray(pixels), io.BytesIO()
    if width > image.width:
        size = width, round(image.height * width / image.width)
        image = image.resize(size, Image.Resampling.BICUBIC)
    image.save(buffer, "WEBP", method=4, **options)
    return buffer.getvalue()
