"""Code without marks that colour nothing: on a page of code they are most of what is parsed.

Pygments puts every name, bracket and space into an element of its own, of the colour that code
has anyway.
"""

import re
from typing import Any

from pygments.styles import get_style_by_name
from pygments.token import STANDARD_TYPES, Name
from sphinx.application import Sphinx

STYLES = ("pygments_light_style", "pygments_dark_style")  # options of the theme


def plain_classes(*styles: str) -> list[str]:
    """The classes of tokens that look like a name in each of these styles of Pygments."""
    looks = [get_style_by_name(style).style_for_token for style in styles]
    return [
        css_class
        for token, css_class in STANDARD_TYPES.items()
        if css_class and all(look(token) == look(Name) for look in looks)
    ]


def unmark(html: str, classes: list[str]) -> str:
    """HTML without the elements ``<span class="…">`` of these classes; their text stays."""
    return re.sub(rf'<span class="(?:{"|".join(classes)})">([^<]*)</span>', r"\1", html)


def unmark_page(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    if body := context.get("body"):
        styles = (app.config.html_theme_options[option] for option in STYLES)
        context["body"] = unmark(body, plain_classes(*styles))


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", unmark_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
