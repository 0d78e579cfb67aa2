"""The live half of a demo: an anywidget that asks the kernel for each picture."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from functools import cache
from typing import Any

from . import _html
from ._frames import Frame


@cache
def widget_class() -> type:
    """The widget's class, made when it is first needed: anywidget is slow to import.

    The page sets `positions`, one a control; Python answers with `frame` (see `frame_state`).
    `guess` is None until the reader has guessed, "" for one who would rather see at once.
    """
    import anywidget
    import traitlets

    class DemoWidget(anywidget.AnyWidget):
        _esm = _html.module()
        html = traitlets.Unicode().tag(sync=True)
        guess = traitlets.Unicode(None, allow_none=True).tag(sync=True)
        positions = traitlets.List(traitlets.Int()).tag(sync=True)
        frame = traitlets.Dict().tag(sync=True)

    return DemoWidget


def frame_state(frame: Frame, positions: Sequence[int]) -> dict[str, Any]:
    """What the page needs of a frame: the properties of its `<img>`, and the text."""
    image = {
        "src": frame.source,
        "alt": frame.alt,
        "width": frame.width,
        "height": frame.height,
        "className": frame.css_class,
    }
    return {"positions": list(positions), "image": image, "text": frame.text}


def error_state(error: Exception, positions: Sequence[int]) -> dict[str, Any]:
    """The message in place of a frame: what went wrong, and in which line of which function."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    message = f"{type(error).__name__}: {error} (line {last.lineno} of {last.name})"
    return {"positions": list(positions), "error": message}
