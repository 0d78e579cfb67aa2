"""The side bar: a part is folded, but for the one that is read; its assignment stands below it."""

from html import escape
from typing import Any

from sphinx.application import Sphinx

from .assignments import Sheet, assignments, notebook
from .buttons import colab_url

FLAT = "Reference"  # its pages are always there to be seen


class Sidebar:
    """The HTML of one page's side bar."""

    def __init__(self, app: Sphinx, pagename: str, pathto: Any) -> None:
        self.app, self.env, self.pagename, self.pathto = app, app.env, pagename, pathto
        self.sheets = {sheet.part: sheet for sheet in assignments(app.env)}

    def html(self) -> str:
        site_map: Any = getattr(self.env, "external_site_map", None)
        trees = site_map.root.subtrees if site_map else []
        return "".join(self.group(tree.caption, tree.files(), site_map) for tree in trees)

    def group(self, caption: str | None, pages: list[str], site_map: Any) -> str:
        titles = {page: site_map[page].title if page in site_map else None for page in pages}
        items = "".join(self.item(page, titles[page]) for page in pages if page in self.env.titles)
        items += "".join(self.assignment(self.sheets[part]) for part in self.parts(pages))
        listed = f'<ul class="nav bd-sidenav">{items}</ul>'
        if caption is None or caption == FLAT:
            return listed
        here = " open" if self.pagename in pages else ""
        chapters = sum(page.startswith("chapters/") for page in pages)
        count = f"<small>{chapters}</small>" if chapters else ""
        return (
            f'<details class="lc-part"{here}><summary>{escape(caption)}{count}</summary>'
            f"{listed}</details>"
        )

    def item(self, page: str, title: str | None) -> str:
        numbers = self.env.toc_secnumbers.get(page, {}).get("", ())
        number = ".".join(map(str, numbers)) + ". " if numbers else ""
        words = escape(number + (title or self.env.titles[page].astext()))
        here = page == self.pagename
        current = " current active" if here else ""
        marked = ' aria-current="page"' if here else ""
        address = "#" if here else self.pathto(page)
        return (
            f'<li class="toctree-l1{current}"><a class="reference internal{current}" '
            f'href="{address}"{marked}>{words}</a></li>'
        )

    def parts(self, pages: list[str]) -> list[str]:
        """The folders among these pages that have an assignment."""
        found = dict.fromkeys(p.split("/")[1] for p in pages if p.startswith("chapters/"))
        return [part for part in found if part in self.sheets]

    def assignment(self, sheet: Sheet) -> str:
        address = colab_url(self.app, notebook(sheet.part))
        return (
            f'<li class="toctree-l1"><a class="reference external" href="{address}">'
            f"Assignment · {sum(sheet.points)} points</a></li>"
        )


def set_sidebar(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    context["lc_sidebar"] = Sidebar(app, pagename, context["pathto"]).html()


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", set_sidebar)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
