"""The markup of a demo, the same for a static page and for a live widget."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import resources
from typing import Any

from ._controls import is_choice
from ._frames import Frame
from ._question import Question
from ._words import inline, text_of

STRIP_WIDTH = 330  # CSS pixels that a strip of choices has on a phone 390 wide
ID = "lc-demo-id"  # stands for the demo's own id until its markup is known
MOUNT = {"demo": "mountStatic", "check": "mountCheck"}  # kinds of elements, what wires one
OWN_KEYS = 'data-lm-suppress-shortcuts="true"'  # else JupyterLab takes the arrow keys away


@cache
def source(name: str) -> str:
    """Text of a file that lies beside this module, such as `_demo.js`."""
    return resources.files("lookclosely.demo").joinpath(name).read_text(encoding="utf-8").strip()


def module() -> str:
    """The JavaScript module of the live widget, as anywidget wants it."""
    return source("_demo.js") + (
        "\nexport default { render({ model, el }) { return mountLive(model, el); } };\n"
    )


def style_sheet() -> str:
    """CSS that stands in each demo and question, where a notebook shows it alone.

    A site puts it once on its pages, and drops the elements `<style class="lc-…-style">`.
    """
    return "\n".join(map(source, ("_colours.css", "_demo.css", "_check.css"))) + "\n"


def page_script() -> str:
    """JavaScript that wires all demos and questions of a page: a classic script, to be deferred.

    A site brings it once, and drops the elements `<script class="lc-…-script">`.
    """
    return "\n".join(_wiring(kind) for kind in MOUNT) + "\n"


def script(kind: str) -> str:
    """A classic script that wires all elements of one kind of a page.

    It stands in every fragment, and the first to run defines what all of them call.
    """
    return f'<script class="lc-{kind}-script">\n{_wiring(kind)}\n</script>'


def _wiring(kind: str) -> str:
    name = f"lookclosely{kind.title()}"
    return f"""if (!window.{name}) {{ window.{name} = (() => {{
{source(f"_{kind}.js")}
return () => document.querySelectorAll(".lc-{kind}:not([data-ready])").forEach({MOUNT[kind]});
}})(); }}
window.{name}();"""


@dataclass(frozen=True)
class Page:
    """What stands around the pictures of a demo.

    `name` is what a screen reader calls a demo without a question, `controls` the values of each
    control, `start` where each starts, `columns` the words above the picture.
    """

    name: str
    controls: Mapping[str, tuple[Any, ...]]
    start: tuple[int, ...]
    columns: tuple[str, ...]
    question: Question | None

    def static(self, frames: Sequence[Frame]) -> str:
        """A demo that needs no kernel: all its frames, its style and script in one element.

        There is a frame for each combination, the last control changing fastest.
        """
        shown = 0
        for position, values in zip(self.start, self.controls.values(), strict=True):
            shown = shown * len(values) + position
        images = "\n".join(_image(frame, at != shown) for at, frame in enumerate(frames))
        texts = [frame.text or "" for frame in frames]
        rest = self._without_script() + script("demo")
        return self._root(images, texts[shown], max(texts, key=len), rest)

    def live(self, frame: Frame) -> str:
        """The same element for a live widget: one frame, whose source the kernel replaces."""
        text = frame.text or ""
        error = '<p class="lc-demo-error" role="alert"></p>'
        return self._root(_image(frame, False), text, text, error)

    def _root(self, images: str, text: str, longest: str, rest: str) -> str:
        asked = _asked(self.question) if self.question else ""
        columns = "".join(f"<span>{escape(column)}</span>" for column in self.columns)
        columns = f'<div class="lc-demo-columns" aria-hidden="true">{columns}</div>\n'
        body = f"""<style class="lc-demo-style">
{source("_colours.css")}
{source("_demo.css")}
</style>
<div class="lc-demo-words">
{asked}<fieldset class="lc-demo-controls" disabled aria-label="Controls">
{self._controls()}
</fieldset>
</div>
<div class="lc-demo-picture">
{columns if self.columns else ""}<div class="lc-demo-frames">
{images}
</div>
<div class="lc-demo-says"><p class="lc-demo-room" aria-hidden="true">{escape(longest)}</p>
<p class="lc-demo-text" aria-live="polite">{escape(text)}</p></div>
</div>
{rest}"""
        own = "demo-" + hashlib.sha256(f"{self.name}\n{body}".encode()).hexdigest()[:10]
        label = f'aria-label="{escape(f"Demo: {self.name}")}"'
        if self.question:
            label = f'aria-labelledby="{own}-ask" data-answer="{escape(self.question.answer)}"'
        return (
            f'<div class="lc-demo" id="{own}" role="group" data-name="{escape(self.name)}" '
            f"{label} {OWN_KEYS}>\n{body.replace(ID, own)}\n</div>\n"
        )

    def _controls(self) -> str:
        return "\n".join(
            (_choice if is_choice(values) else _range)(name, tuple(map(text_of, values)), at)
            for (name, values), at in zip(self.controls.items(), self.start, strict=True)
        )

    def _without_script(self) -> str:
        """What a reader without JavaScript gets in place of what needs it: the answer."""
        said = inline(self.question.seen.verdict) + " " if self.question else ""
        hidden = ".lc-demo-controls, .lc-demo-guesses, .lc-demo-verdict { display: none; }"
        return (
            f"<noscript><style>{hidden}</style>"
            f'<p class="lc-demo-note">{said}The controls need JavaScript.</p></noscript>\n'
        )


def _asked(question: Question) -> str:
    """The question, its guesses, and room for the longest verdict, so that nothing moves."""
    longest = max(len(guess.text) for guess in question.guesses)
    buttons = "\n".join(
        f'<button type="button" data-guess="{escape(guess.text)}" aria-pressed="false" '
        f'data-positions="{list(guess.positions)}">{escape(guess.text)}</button>'
        for guess in question.guesses
    )
    see = (
        '<button type="button" class="lc-demo-see" data-guess="" '
        f'data-positions="{list(question.seen.positions)}">just see</button>'
    )
    verdicts = "\n".join(
        f'<p data-verdict="{escape(guess.text)}" aria-hidden="true">{inline(guess.verdict)}</p>'
        for guess in (*question.guesses, question.seen)
    )
    setting = f'<p class="lc-demo-setting">{inline(question.setting)}</p>\n'
    return f"""<p class="lc-demo-ask" id="{ID}-ask">{inline(question.ask)}</p>
{setting if question.setting else ""}<div class="lc-demo-guesses" role="group" \
aria-label="Your guess" style="--letters:{longest}">
{buttons}
</div>
<div class="lc-demo-verdict">
<p class="lc-demo-wait lc-demo-on">Guess first, then the controls open. Or {see}.</p>
<div class="lc-demo-said" aria-live="polite"></div>
{verdicts}
</div>
"""


def _range(name: str, texts: tuple[str, ...], position: int) -> str:
    return (
        f'<label class="lc-demo-control" data-values="{escape(json.dumps(texts))}">'
        f'<span class="lc-demo-name">{escape(name.replace("_", " "))}</span>'
        f'<input type="range" name="{ID}-{escape(name)}" min="0" max="{len(texts) - 1}" step="1" '
        f'value="{position}" autocomplete="off" aria-valuetext="{escape(texts[position])}" '
        f"{OWN_KEYS}>"
        f'<output class="lc-demo-value" aria-hidden="true">{escape(texts[position])}</output>'
        "</label>"
    )


def _choice(name: str, texts: tuple[str, ...], position: int) -> str:
    """Native radio buttons, drawn as one strip, or as a grid where a phone has no room for it."""
    width = sum(7.5 * len(text) + 14 for text in texts)
    kind = "lc-demo-strip" if width <= STRIP_WIDTH else "lc-demo-grid"
    buttons = "".join(
        f'<label><input type="radio" name="{ID}-{escape(name)}" value="{at}" {OWN_KEYS}'
        f"{' checked' if at == position else ''}>"
        f'<span data-text="{escape(text)}">{escape(text)}</span></label>'
        for at, text in enumerate(texts)
    )
    return (
        f'<fieldset class="lc-demo-control lc-demo-choice" '
        f'data-values="{escape(json.dumps(texts))}">'
        f'<legend class="lc-demo-name">{escape(name.replace("_", " "))}</legend>'
        f'<div class="{kind}" style="--letters:{max(map(len, texts))}">{buttons}</div></fieldset>'
    )


def _image(frame: Frame, hidden: bool) -> str:
    text = "" if frame.text is None else f' data-text="{escape(frame.text)}"'
    return (
        f'<img class="{frame.css_class}" loading="lazy" '
        f'decoding="sync" width="{frame.width}" height="{frame.height}" '
        f'alt="{escape(frame.alt)}"{text} src="{frame.source}"{" hidden" if hidden else ""}>'
    )
