"""Drawings and tables on the site: their style is one file, not a copy in each of them."""

from pathlib import Path

import torch
from sphinx.application import Sphinx

from lookclosely import show


def test_the_style_is_written_once_and_linked(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    table = show.table({"a": 1.0, "b": 2.0}, ["x"])._repr_html_()
    shown = table + show.grid_numbers(torch.tensor([[1, -1]]))._repr_html_()
    raw = "\n".join(f"   {line}" for line in shown.splitlines())
    (source / "index.rst").write_text(f"A page\n======\n\n.. raw:: html\n\n{raw}\n")
    (source / "conf.py").write_text("extensions = ['book.site.drawings']\n")
    app = Sphinx(source, source, out, tmp_path / "doctrees", "html", status=None, warning=None)
    app.build()
    page = (out / "index.html").read_text("utf-8")
    assert "lc-table" in page and "lc-net" in page and "<style" not in page
    assert 'href="_static/lookclosely-show.css' in page
    css = (out / "_static" / "lookclosely-show.css").read_text("utf-8")
    assert css == show.style_sheet() and ".lc-net" in css and ".lc-table" in css
