"""The archive of a chapter's figures holds each of them, in a form that stands alone."""

from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

from book.site.figures import address, write_archive

PAGE = """<article><div class="cell_output">
<img alt="A cat, seen from above" src="../_images/a.png?v=1">
<img class="lc-demo-frame" alt="A demo" src="../_images/b.webp">
<svg xmlns="http://www.w3.org/2000/svg" class="lc-net lc-phone" viewBox="0 0 2 3">
<title>A net</title><desc>Two blocks &amp; an arrow</desc><path d="M0 0h2"/></svg></div></article>
<img alt="The logo" src="../_images/c.png">"""


def test_figures_are_named_after_what_they_show(tmp_path: Path) -> None:
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "a.png").write_bytes(b"pixels")
    page = tmp_path / "chapters" / "page.html"
    page.parent.mkdir()
    page.write_text(PAGE, "utf-8")
    path = tmp_path / address("chapters/segmentation/unet")
    write_archive(page, path)
    drawing = "02-two-blocks-an-arrow-phone.svg"
    with ZipFile(path) as archive:
        assert archive.namelist() == ["01-a-cat-seen-from-above.png", drawing, "figures.txt"]
        assert archive.read("01-a-cat-seen-from-above.png") == b"pixels"
        assert "A cat, seen from above" in archive.read("figures.txt").decode()
        root = ElementTree.fromstring(archive.read(drawing))
    assert root.attrib["viewBox"] == "0 0 2 3"
    assert root.attrib["class"] == "lc-net", "where it stands alone, no rule may hide it"
    assert ".lc-net" in "".join(root.itertext())


def test_the_same_figures_make_the_same_file(tmp_path: Path) -> None:
    page, one, two = (tmp_path / name for name in ("page.html", "one.zip", "two.zip"))
    page.write_text("<article></article>", "utf-8")
    write_archive(page, one)
    write_archive(page, two)
    assert one.read_bytes() == two.read_bytes()
