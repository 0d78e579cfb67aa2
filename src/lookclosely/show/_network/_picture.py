"""A finished drawing: what a notebook, the site and the folder of figures get of it."""

from dataclasses import dataclass
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from ._style import colours, fixed, page_style, style


@dataclass(frozen=True, repr=False)
class Drawing:
    """A figure in SVG, drawn twice: for a page (688 px) and for a phone (358 px).

    A notebook shows both, of which one is visible at a time; ``save`` writes one into a file.
    """

    name: str
    alt: str
    wide: str
    phone: str
    sizes: tuple[tuple[int, int], tuple[int, int]]

    def svg(self, phone: bool = False, *, sheet: str | None = None, kind: str = "") -> str:
        """One drawing as SVG with its own style sheet, unless another is given."""
        body, (width, height) = (self.wide, self.phone)[phone], self.sizes[phone]
        mark = "lc-" + sha256(f"{self.name}{self.alt}{body}".encode()).hexdigest()[:8]
        rules = style() if sheet is None else sheet
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="lc-net{kind}" '
            f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
            f'aria-labelledby="{mark}-t {mark}-d"><title id="{mark}-t">{escape(self.name)}</title>'
            f'<desc id="{mark}-d">{escape(self.alt)}</desc>'
            + (f"<style>{rules}</style>" if rules else "")
            + f"{body}</svg>"
        )

    def save(self, path: str | Path, *, phone: bool = False, theme: str | None = None) -> None:
        """Write an SVG file. With ``theme`` light or dark its colours are plain ones, which every
        editor reads; without, they follow the reader's system."""
        if theme not in (None, "light", "dark"):
            raise ValueError(f"theme={theme!r}: give light, dark, or None for the reader's own")
        if theme is None:
            text = self.svg(phone)
        else:
            dark = theme == "dark"
            letters = style().split("}", 1)[1]
            rules = letters[letters.index(".lc-net{font-family") :]
            text = fixed(self.svg(phone, sheet=rules), dark)
            ground = f'<rect width="100%" height="100%" fill="{colours(dark)["page"]}"/>'
            text = text.replace("</style>", f"</style>{ground}", 1)
        Path(path).write_text(text + "\n", encoding="utf-8")

    def _repr_html_(self) -> str:
        both = (
            self.svg(phone, sheet="", kind=kind)
            for phone, kind in ((False, " lc-wide"), (True, " lc-phone"))
        )
        rules = f'<style class="lc-style">{page_style()}</style>'
        return (
            f'<div class="lc-drawing" data-name="{escape(self.name)}">{rules}{"".join(both)}</div>'
        )

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"{self.name}. {self.alt}"
