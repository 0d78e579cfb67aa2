"""The markup of a demo, the same for a static page and for a live widget."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib import resources

from ._frames import Frame

TICK_LETTERS = 32  # as many fit under a slider, which is at least 17rem wide


@cache
def source(name: str) -> str:
    """Text of a file that lies beside this module: `_demo.js` or `_demo.css`."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8").strip()


def module() -> str:
    """The JavaScript module of the live widget, as anywidget wants it."""
    return source("_demo.js") + (
        "\nexport default { render({ model, el }) { return mountLive(model, el); } };\n"
    )


def fragment(
    name: str, controls: dict[str, tuple[str, ...]], positions: Sequence[int], frames: list[Frame]
) -> str:
    """A demo that needs no kernel: all its frames, controls, style and script in one element.

    Args:
        name: what a screen reader calls the demo.
        controls: the texts of each control's values.
        positions: where each control starts.
        frames: one for each combination, the last control changing fastest.
    """
    shown = 0
    for position, texts in zip(positions, controls.values(), strict=True):
        shown = shown * len(texts) + position
    images = "\n".join(_image(frame, index != shown) for index, frame in enumerate(frames))
    script = f"""<noscript><p class="lc-demo-note">The controls need JavaScript.</p></noscript>
<script class="lc-demo-script">
if (!window.lookcloselyDemo) {{ window.lookcloselyDemo = (() => {{
{source("_demo.js")}
return () => document.querySelectorAll(".lc-demo:not([data-ready])").forEach(mountStatic);
}})(); }}
window.lookcloselyDemo();
</script>"""
    return _root(name, controls, positions, images, frames[shown].text or "", script)


def live(
    name: str, controls: dict[str, tuple[str, ...]], positions: Sequence[int], frame: Frame
) -> str:
    """The same element for a live widget: one frame, whose source the kernel replaces."""
    error = '<p class="lc-demo-error" role="alert"></p>'
    return _root(name, controls, positions, _image(frame, False), frame.text or "", error)


def _root(
    name: str,
    controls: dict[str, tuple[str, ...]],
    positions: Sequence[int],
    images: str,
    text: str,
    rest: str,
) -> str:
    inputs = "\n".join(
        _control(label, texts, position)
        for (label, texts), position in zip(controls.items(), positions, strict=True)
    )
    body = f"""<style class="lc-demo-style">
{source("_demo.css")}
</style>
<div class="lc-demo-controls" hidden>
{inputs}
</div>
<div class="lc-demo-frames">
{images}
</div>
<p class="lc-demo-text" aria-live="polite">{escape(text)}</p>
{rest}"""
    digest = hashlib.sha256(f"{name}\n{body}".encode()).hexdigest()[:10]
    label = escape(f"Demo: {name}")
    return (
        f'<div class="lc-demo" id="demo-{digest}" role="group" aria-label="{label}">\n'
        f"{body}\n</div>\n"
    )


def _control(name: str, texts: tuple[str, ...], position: int) -> str:
    # JupyterLab takes the arrow keys away from an input without the last attribute.
    attributes = (
        f'name="{escape(name)}" min="0" max="{len(texts) - 1}" step="1" value="{position}" '
        f'autocomplete="off" data-values="{escape(json.dumps(texts))}" '
        f'aria-valuetext="{escape(texts[position])}" data-lm-suppress-shortcuts="true"'
    )
    return (
        f'<label class="lc-demo-control"><span class="lc-demo-name">'
        f"{escape(name.replace('_', ' '))}</span>"
        f'<input type="range" {attributes}>'  # first: a label names its first form element
        f'<output class="lc-demo-value" aria-hidden="true">{escape(texts[position])}</output>'
        f"{_ticks(texts)}</label>"
    )


def _ticks(texts: tuple[str, ...]) -> str:
    """The choices under the slider, where they are a few short words and no scale of numbers."""
    numbers = any(text[:1].isdecimal() or text[:1] in "-." for text in texts)
    if len(texts) > 5 or numbers or sum(map(len, texts)) > TICK_LETTERS:
        return ""
    spans = "".join(f"<span>{escape(text)}</span>" for text in texts)
    return f'<span class="lc-demo-ticks" aria-hidden="true">{spans}</span>'


def _image(frame: Frame, hidden: bool) -> str:
    text = "" if frame.text is None else f' data-text="{escape(frame.text)}"'
    return (
        f'<img class="{frame.css_class}" loading="lazy" '
        f'decoding="sync" width="{frame.width}" height="{frame.height}" '
        f'alt="{escape(frame.alt)}"{text} src="{frame.source}"{" hidden" if hidden else ""}>'
    )
