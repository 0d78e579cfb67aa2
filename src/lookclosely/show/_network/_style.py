"""Colours and letters of the drawings, light and dark, as one style sheet."""

import re

# Contrast on the page's colour is at least 4.7 for text and lines, 3.6 for frames.
ROLES = {
    "features": ("#0f78b8", "#5aa9e6"),
    "copy": ("#b84e00", "#f0a35e"),
    "answer": ("#005f47", "#7ce8c4"),
    "places": ("#a64a8a", "#e08fbf"),
    "data": ("#3f464e", "#cdd1d8"),
}
BASE = {
    "page": ("#fffefb", "#15171b"),
    "ink": ("#1f2328", "#dfe1e5"),
    "muted": ("#57606a", "#a3a9b3"),
    "rule": ("#8b857a", "#737b88"),
    "band": ("#f5f3ee", "#1f2329"),
}
# Face, top and side of a block: so much of the role's colour on the page's.
SHARES = ((0.14, 0.28, 0.46), (0.24, 0.38, 0.56))
# The site, JupyterLab, Colab and VS Code say in their own ways which theme the reader has chosen.
LIGHT = ("html[data-theme=light]", "body[data-jp-theme-light=true]", "html[theme=light]")
DARK = (
    "html[data-theme=dark]",
    "body[data-jp-theme-light=false]",
    "html[theme=dark]",
    "body.vscode-dark",
)
LETTERS = """
.lc-net{font-family:var(--lc-sans,'Source Sans 3','Source Sans Pro',system-ui,sans-serif)}
.lc-net text{fill:var(--ink);font-size:12.5px}
.lc-net .lc-arrow{paint-order:stroke;stroke:var(--page);stroke-width:4px;stroke-linejoin:round}
.lc-net .lc-name{font-size:13.5px;font-weight:600}
.lc-net .lc-shape{fill:var(--muted);font-variant-numeric:tabular-nums}
.lc-net .lc-badge{fill:var(--page);font-size:12px;font-weight:700}
.lc-net .lc-port{font-size:12px;font-weight:700}
"""
# A drawing shrunk from 688 px to less than 640 would have letters under 11 px.
FRAME = """
.lc-drawing{container-type:inline-size;margin:1.2rem 0}
.lc-drawing svg{display:block;width:100%;height:auto;max-width:688px;margin:0 auto}
.lc-drawing svg.lc-phone{display:none;max-width:400px}
@container (max-width:640px){.lc-drawing svg.lc-wide{display:none}
.lc-drawing svg.lc-phone{display:block}}
"""


def colours(dark: bool) -> dict[str, str]:
    """Every colour by name; ``features1`` to ``features3`` are face, top and side of a block."""
    named = {name: pair[dark] for name, pair in {**BASE, **ROLES}.items()}
    for role in ROLES:
        for place, share in enumerate(SHARES[dark], 1):
            named[f"{role}{place}"] = _mixed(named[role], named["page"], share)
    return named


def style() -> str:
    """The style sheet: variables that follow the theme, and the letters."""
    light, dark = (_variables(colours(theme)) for theme in (False, True))
    return "".join(
        (
            f".lc-net{{{light}}}",
            f"@media(prefers-color-scheme:dark){{.lc-net{{{dark}}}}}",
            f"{','.join(place + ' .lc-net' for place in LIGHT)}{{{light}}}",
            f"{','.join(place + ' .lc-net' for place in DARK)}{{{dark}}}",
            LETTERS.replace("\n", ""),
        )
    )


def page_style() -> str:
    """The style sheet of a page: that of the drawings, and which of the two widths is shown."""
    return style() + FRAME.replace("\n", "")


def fixed(svg: str, dark: bool) -> str:
    """The SVG with plain colours in the place of variables: what every editor can read."""
    named = colours(dark)
    return re.sub(r"var\(--(\w+)\)", lambda match: named[match[1]], svg)


def _variables(named: dict[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in named.items())


def _mixed(colour: str, page: str, share: float) -> str:
    def channel(place: int) -> int:
        over, under = (int(c[place : place + 2], 16) for c in (colour, page))
        return round(over * share + under * (1 - share))

    return "#" + "".join(f"{channel(place):02x}" for place in (1, 3, 5))
