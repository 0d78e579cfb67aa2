"""Demos that ask before they show, and questions that check their answers.

`demo` works in three places by the same call:

- with a kernel (JupyterLab, Colab, VS Code) it is a live widget: a control calls the function;
- while the book is built (environment variable `LOOKCLOSELY_STATIC=1`) it is a piece of HTML with
  every picture drawn beforehand, which works without a kernel, without a network and from a file;
- in plain Python it is an object that says what it would show.

`check` is the same piece of HTML everywhere, for it needs no kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ._check import Check, check
from ._demo import MAX_BYTES, MAX_FRAMES, Demo
from ._html import page_script, style_sheet

__all__ = [
    "MAX_BYTES",
    "MAX_FRAMES",
    "Check",
    "Demo",
    "check",
    "demo",
    "page_script",
    "style_sheet",
]


def demo(
    fn: Callable[..., Any],
    /,
    *,
    ask: str | None = None,
    guesses: Sequence[Any] | Mapping[str, Mapping[str, Any]] | None = None,
    answer: Any = None,
    setting: str = "",
    verdict: str | Mapping[Any, str] = "",
    alt: str | None = None,
    start: Mapping[str, Any] | None = None,
    columns: Sequence[str] = (),
    **controls: Any,
) -> Demo:
    """Ask, then show what `fn` draws, with a control for each of its settings.

    >>> demo(
    ...     lambda stride: (show.matrix(...), f"stride {stride}"),
    ...     ask="At which stride do the stamps of a 3×3 kernel stop to overlap?",
    ...     guesses=[1, 2, 3],
    ...     answer=lambda: min(s for s in (1, 2, 3) if overlaps(s) == 0),
    ...     stride=[1, 2, 3],
    ... )

    Args:
        fn: called as `fn(**values)`, one value for each control. Returns a matplotlib Figure, a
            tensor (3, H, W) or (H, W), or an array (H, W, 3); or a pair of that and one line of
            text, which stands under the picture and is read aloud when it changes. Images are
            uint8, bool, or floating in [0, 1]. Draw without changing anything outside `fn`:
            frames are made in any order.
        ask: the question. The controls are shut until it is answered or passed over.
        guesses: what can be guessed. A list of names: where one control has all of them among
            its values, a guess sets it. Or for each name the settings that show it,
            `{"the first": {"stride": 1}}`.
        answer: which guess is right: a value that the cell has computed, or a function without
            arguments that computes it.
        setting: one line under the question: what is drawn, what stays the same.
        verdict: what is said after the guess, behind "Yes: 3." or "Not 1: 3.": by how much, in
            numbers. One text for all, or one for each guess (under `""` for all others).
            At most 45 words with its beginning. Left out, it is the text of the answer's picture.
            This, `ask` and `setting` may hold `code`, **bold** and *stress*.
        alt: what is to be seen, for those who cannot see it; may hold the controls' names in
            braces ("The overlap at stride {stride}"). Needed where `fn` returns no text.
        start: the value at which a control starts, by name; else its first.
        columns: words above the picture, which is divided into as many equal columns.
        controls: for each argument of `fn` a list of values, a `range`, or `(low, high, step)`
            with both ends included. Numbers become a range, anything else a row of buttons with
            the values' names. The label is the name, `_` read as a space.

    Raises:
        ValueError: for a control that is none of these, for a question without its guesses or
            its answer, for a picture that cannot be drawn or has no text alternative, and on a
            static page for more than `MAX_FRAMES` combinations or `MAX_BYTES` bytes.

    Whatever `fn` raises for its first picture (on a static page, for any picture) is raised here,
    so that a broken demo never gets into the book.
    """
    parts = {"ask": ask, "guesses": guesses, "answer": answer}
    missing = [name for name, given in parts.items() if given is None]
    if missing and (len(missing) < len(parts) or setting or verdict):
        raise ValueError(
            f"{' and '.join(missing)} missing: a demo that asks needs ask, guesses and answer"
        )
    question = None if missing else {**parts, "setting": setting, "verdict": verdict}
    return Demo(fn, controls, alt=alt, start=start or {}, columns=columns, question=question)
