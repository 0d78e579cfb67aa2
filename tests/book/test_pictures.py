"""What the book's extension does to the pictures of its pages, and to how these are laid out."""

from pathlib import Path

from PIL import Image

from book.site.assets import give_sizes, lay_out_once


def test_pictures_say_their_size_before_they_are_there(tmp_path: Path) -> None:
    Image.new("RGB", (30, 20)).save(tmp_path / "source.png")
    files = {"a.png": tmp_path / "source.png", "logo.svg": tmp_path / "none.svg"}
    given = '<p><img loading="lazy" alt="a box of width: 3" src="../_images/a.png" /></p>'
    assert give_sizes(given, files) == given.replace("<img", '<img width="30" height="20"')


def test_pictures_that_have_a_size_or_no_pixels_keep_it(tmp_path: Path) -> None:
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    files = {"a.png": tmp_path / "a.png", "logo.svg": tmp_path / "logo.svg"}
    for tag in (
        '<img src="a.png" style="width: 50%;" />',
        '<img width="3" height="2" src="a.png" />',
        '<img src="logo.svg" />',
        '<img src="elsewhere.png" />',
        '<img src="data:image/png;base64,AAAA" />',
    ):
        assert give_sizes(tag, files) == tag


def test_a_page_waits_for_its_own_end_before_it_is_laid_out() -> None:
    html = "<html><head><title>x</title></head><body><p>text</p></body></html>"
    waiting = lay_out_once(html)
    assert '<link rel="expect" href="#lc-end" blocking="render">' in waiting.split("<title>")[0]
    assert waiting.rindex('id="lc-end"') > waiting.index("<p>")
    assert lay_out_once(waiting) == waiting
