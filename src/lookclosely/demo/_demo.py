"""Demos: a function of a few settings becomes a picture with sliders.

The same call works in three places:

- with a kernel (JupyterLab, Colab, VS Code) it is a live widget: a slider calls the function;
- while the book is built (environment variable `LOOKCLOSELY_STATIC=1`) it is a piece of HTML with
  every picture drawn beforehand, which works without a kernel, without a network and from a file;
- in plain Python it is an object that says what it would show.
"""

from __future__ import annotations

import itertools
import math
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from . import _html
from ._controls import start_positions, text_of, values_of
from ._frames import Frame, make_frame
from ._live import error_state, frame_state, widget_class

MAX_BYTES = 600_000
MAX_FRAMES = 256


def demo(
    fn: Callable[..., Any],
    /,
    *,
    alt: str | None = None,
    start: Mapping[str, Any] | None = None,
    **controls: Any,
) -> Demo:
    """Show what `fn` draws, with a slider for each of its settings.

    >>> demo(lambda stride: (show.matrix(...), f"stride {stride}"), stride=[1, 2, 3])

    Args:
        fn: called as `fn(**values)`, one value for each control. Returns a matplotlib Figure, a
            tensor (3, H, W) or (H, W), or an array (H, W, 3); or a pair of that and one line of
            text, which stands under the picture and is read aloud when it changes. Images are
            uint8, bool, or floating in [0, 1]. Draw without changing anything outside `fn`:
            frames are made in any order.
        alt: what is to be seen, for those who cannot see it; may hold the controls' names in
            braces ("The overlap at stride {stride}"). Needed where `fn` returns no text.
        start: the value at which a control starts, by name; else its first.
        controls: for each argument of `fn` a list of values, a `range`, or `(low, high, step)`
            with both ends included. The label of the slider is the name, `_` read as a space.

    Raises:
        ValueError: for a control that is none of these, for a picture that cannot be drawn or has
            no text alternative, and on a static page for more than `MAX_FRAMES` combinations or
            `MAX_BYTES` bytes.

    Whatever `fn` raises for its first picture (on a static page, for any picture) is raised here,
    so that a broken demo never gets into the book.
    """
    return Demo(fn, controls, alt=alt, start=start or {})


class Demo:
    """A function, its controls and their values; displays itself. Made by `demo`."""

    def __init__(
        self,
        fn: Callable[..., Any],
        controls: Mapping[str, Any],
        *,
        alt: str | None,
        start: Mapping[str, Any],
    ) -> None:
        if not controls:
            raise ValueError("controls is empty: give fn's arguments, such as stride=[1, 2, 3]")
        self.fn = fn
        self.alt = alt
        self.name = getattr(fn, "__name__", "demo").strip("_<>").replace("_", " ")
        self.controls = {name: values_of(name, given) for name, given in controls.items()}
        self.texts = {
            name: tuple(text_of(value) for value in values)
            for name, values in self.controls.items()
        }
        self.start = start_positions(self.controls, start)
        self._html = self._static() if _is_static() else None
        self._widget = None
        self._first = None if self._html else self.frame(self.start)

    def frame(self, positions: tuple[int, ...]) -> Frame:
        """Call `fn` with the values at these positions, one a control, and draw the picture."""
        at = dict(zip(self.controls, positions, strict=True))
        result = self.fn(**{name: self.controls[name][i] for name, i in at.items()})
        return make_frame(result, self._alternative(at))

    def _alternative(self, at: Mapping[str, int]) -> str | None:
        if self.alt is None:
            return None
        try:
            return self.alt.format(**{name: self.texts[name][i] for name, i in at.items()})
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(
                f"alt={self.alt!r} cannot be filled in ({error}): in braces it may hold only "
                f"the names of the controls, {', '.join(at)}"
            ) from error

    def _static(self) -> str:
        """The HTML of the demo with every frame drawn, which fails as soon as one frame does."""
        counts = [len(values) for values in self.controls.values()]
        sizes = " × ".join(map(str, counts))
        if math.prod(counts) > MAX_FRAMES:
            raise ValueError(
                f"controls have {sizes} = {math.prod(counts)} combinations, more than the "
                f"{MAX_FRAMES} that a page can hold: give fewer values or controls"
            )
        frames = [self.frame(at) for at in itertools.product(*map(range, counts))]
        html = _html.fragment(self.name, self.texts, self.start, frames)
        size = len(html.encode())
        if size > MAX_BYTES:
            raise ValueError(
                f"this demo takes {size / 1000:.0f} KB ({sizes} = {len(frames)} frames of about "
                f"{size / len(frames) / 1000:.1f} KB), more than {MAX_BYTES / 1000:.0f} KB: "
                "make the figure smaller or plainer, or give the controls fewer values"
            )
        return html

    def widget(self) -> Any:
        """The live widget of this demo (made once): moving a slider calls `fn` in this process."""
        if self._widget is None:
            first = self._first or self.frame(self.start)
            html = _html.live(self.name, self.texts, self.start, first)
            state = {"positions": list(self.start), "frame": frame_state(first, self.start)}
            self._widget = widget_class()(html=html, **state)
            self._widget.observe(self._redraw, names="positions")
        return self._widget

    def _redraw(self, change: Any) -> None:
        """Answer a moved slider; an error of `fn` becomes a message, else nobody would see it."""
        positions = tuple(change["new"])
        try:
            state = frame_state(self.frame(positions), positions)
        except Exception as error:
            state = error_state(error, positions)
        change["owner"].frame = state

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if self._html is not None:
            return {"text/html": self._html, "text/plain": repr(self)}
        if not _has_kernel():
            return {"text/plain": repr(self)}
        # Data *and* metadata: Colab shows nothing without the metadata.
        return self.widget()._repr_mimebundle_()

    def __repr__(self) -> str:
        ranges = ", ".join(
            f"{name}: {texts[0]} … {texts[-1]}" for name, texts in self.texts.items()
        )
        return f"Demo of {self.name} ({ranges}); open it in Jupyter or on Colab to move the sliders"


def _is_static() -> bool:
    return os.environ.get("LOOKCLOSELY_STATIC", "") not in ("", "0")


def _has_kernel() -> bool:
    """Whether a notebook's kernel runs this code; a plain IPython prompt cannot show a widget."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None
