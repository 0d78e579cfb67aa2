"""The object that `demo` makes: it asks, draws, and shows itself live or static."""

from __future__ import annotations

import itertools
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import _html
from ._controls import start_positions, values_of
from ._frames import Frame, make_frame
from ._live import error_state, frame_state, widget_class
from ._question import Question, make_question
from ._words import plain, text_of

MAX_BYTES = 600_000
MAX_FRAMES = 256


class Demo:
    """A function, its controls and the question before them; displays itself. Made by `demo`."""

    def __init__(
        self,
        fn: Callable[..., Any],
        controls: Mapping[str, Any],
        *,
        alt: str | None,
        start: Mapping[str, Any],
        columns: Sequence[str],
        question: Mapping[str, Any] | None,
    ) -> None:
        if not controls:
            raise ValueError("controls is empty: give fn's arguments, such as stride=[1, 2, 3]")
        self.fn = fn
        self.alt = alt
        self.name = getattr(fn, "__name__", "demo").strip("_<>").replace("_", " ")
        self.controls = {name: values_of(name, given) for name, given in controls.items()}
        self.start = start_positions(self.controls, start)
        self.question = self._asked(question, start) if question else None
        self.page = _html.Page(self.name, self.controls, self.start, tuple(columns), self.question)
        self._html = self._static() if _is_static() else None
        self._widget = None
        self._first = None if self._html else self.frame(self.start)

    def _asked(self, given: Mapping[str, Any], start: Mapping[str, Any]) -> Question:
        """The question; where the author gave no verdict, it is what stands under the answer."""
        question = make_question(**given, controls=self.controls, start=start)
        if given["verdict"]:
            return question
        text = self.frame(question.seen.positions).text or ""
        return make_question(**{**given, "verdict": text}, controls=self.controls, start=start)

    def frame(self, positions: tuple[int, ...]) -> Frame:
        """Call `fn` with the values at these positions, one a control, and draw the picture."""
        values = {
            name: self.controls[name][at] for name, at in zip(self.controls, positions, strict=True)
        }
        return make_frame(self.fn(**values), self._alternative(values))

    def _alternative(self, values: Mapping[str, Any]) -> str | None:
        if self.alt is None:
            return None
        try:
            return self.alt.format(**{name: text_of(value) for name, value in values.items()})
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(
                f"alt={self.alt!r} cannot be filled in ({error}): in braces it may hold only "
                f"the names of the controls, {', '.join(values)}"
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
        html = self.page.static(frames)
        size = _bytes(html, frames)
        if size > MAX_BYTES:
            raise ValueError(
                f"this demo takes {size / 1000:.0f} KB ({sizes} = {len(frames)} frames of about "
                f"{size / len(frames) / 1000:.1f} KB), more than {MAX_BYTES / 1000:.0f} KB: "
                "make the figure smaller or plainer, or give the controls fewer values"
            )
        return html

    def widget(self) -> Any:
        """The live widget of this demo (made once): a moved control calls `fn` in this process."""
        if self._widget is None:
            first = self._first or self.frame(self.start)
            state = {"positions": list(self.start), "frame": frame_state(first, self.start)}
            self._widget = widget_class()(html=self.page.live(first), **state)
            self._widget.observe(self._redraw, names="positions")
        return self._widget

    def _redraw(self, change: Any) -> None:
        """Answer a moved control; an error of `fn` becomes a message, else nobody would see it."""
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
            f"{name}: {text_of(values[0])} … {text_of(values[-1])}"
            for name, values in self.controls.items()
        )
        asked = f'It asks: "{plain(self.question.ask)}" ' if self.question else ""
        return (
            f"Demo of {self.name} ({ranges}). {asked}"
            "Open it in Jupyter or on Colab to move the controls."
        )


def _bytes(html: str, frames: list[Frame]) -> int:
    """What a reader loads: the markup, and each different frame once, as its file."""
    embedded = sum(len(frame.source) for frame in frames)
    return len(html.encode()) - embedded + sum(map(len, {frame.webp for frame in frames}))


def _is_static() -> bool:
    return os.environ.get("LOOKCLOSELY_STATIC", "") not in ("", "0")


def _has_kernel() -> bool:
    """Whether a notebook's kernel runs this code; a plain IPython prompt cannot show a widget."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None
