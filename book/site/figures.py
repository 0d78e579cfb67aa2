"""All figures of a chapter in one archive, to take away: ``figures/segmentation-unet.zip``."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from bs4 import BeautifulSoup, Tag
from sphinx.application import Sphinx

from lookclosely import show

from .buttons import is_chapter

FOLDER = "figures"
PICTURES = "article .cell_output img:not(.lc-demo-frame), article svg.lc-net"
MIXED = {"viewbox=": "viewBox=", "preserveaspectratio=": "preserveAspectRatio="}
START = (1980, 1, 1, 0, 0, 0)  # the same figures make the same file


def address(pagename: str) -> str:
    """The archive of a chapter, from the site's root."""
    return f"{FOLDER}/{pagename.removeprefix('chapters/').replace('/', '-')}.zip"


def figures(page: Path) -> Iterator[tuple[str, str, bytes]]:
    """File name, description and content of each figure, in the order of the page."""
    found = BeautifulSoup(page.read_text("utf-8"), "html.parser").select(PICTURES)
    for number, tag in enumerate(found, 1):
        said = str(tag.get("alt") or getattr(tag.desc, "string", ""))
        name = f"{number:02}-{_slug(said)}"
        if tag.name == "svg":
            phone = "-phone" if "lc-phone" in tag.get_attribute_list("class") else ""
            yield f"{name}{phone}.svg", said, _alone(tag)
        else:
            file = page.parent / str(tag["src"]).partition("?")[0]
            yield name + file.suffix, said, file.read_bytes()


def _slug(said: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", said.lower())[:6]) or "figure"


def _alone(drawing: Tag) -> bytes:
    """A drawing with the style that the site keeps in a file of its own, at any width."""
    drawing["class"] = "lc-net"
    # The parser of the page writes all names in small letters; SVG distinguishes them.
    text = re.sub("viewbox=|preserveaspectratio=", lambda m: MIXED[m[0]], str(drawing))
    head, _, rest = text.partition(">")
    return f"{head}><style>{show.style_sheet()}</style>{rest}\n".encode()


def write_archive(page: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    with ZipFile(path, "w", ZIP_STORED) as archive:
        for name, said, content in figures(page):
            archive.writestr(ZipInfo(name, START), content)
            lines.append(f"{name}\n{said}\n")
        archive.writestr(ZipInfo("figures.txt", START), "\n".join(lines))


def write_archives(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    for pagename in filter(is_chapter, app.env.found_docs):
        page = Path(app.outdir) / f"{pagename}.html"
        path = Path(app.outdir) / address(pagename)
        if not path.exists() or path.stat().st_mtime < page.stat().st_mtime:
            write_archive(page, path)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", write_archives, priority=900)  # all pictures are copied
    return {"parallel_read_safe": True, "parallel_write_safe": True}
