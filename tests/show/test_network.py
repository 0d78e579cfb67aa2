"""Drawings of networks: what can be misspelt, what each holds, how a browser sees it."""

import itertools
from pathlib import Path

import drawings  # pyright: ignore[reportMissingImports]
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe

from lookclosely import show


def small(arrows: str = "a -> b", alt: str = "a, then b", **other) -> show.Drawing:
    marks = show.block("a", (1, 1), (3, 8, 8)), show.op("b", (4, 1), "conv")
    return show.network(*marks, *other.pop("more", ()), arrows=arrows, alt=alt, **other)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"alt": " "}, "alt is empty"),
        ({"arrows": "a -> c"}, "no mark is called 'c': these are a, b"),
        ({"arrows": "a b"}, "write"),
        ({"arrows": "a -->b b"}, "write"),
        ({"more": [show.op("a", (5, 1), "again")]}, "two marks are called 'a'"),
        ({"more": [show.frame(["z"], "× 4")]}, "no mark is called 'z'"),
        ({"more": [show.block("c", (6, 1), (3, 8, 8), picture="cat")]}, "picture='cat' is none of"),
    ],
)
def test_what_is_misspelt_is_named(change, words):
    with pytest.raises(ValueError, match=words):
        small(**change)


def test_roles_ports_and_glued_shapes_are_checked():
    with pytest.raises(ValueError, match="role='input' is none of features"):
        show.block("a", (1, 1), (3, 8, 8), role="input")
    with pytest.raises(ValueError, match="of the same H and W"):
        show.glue("a", (1, 1), (3, 8, 8), (3, 4, 4))
    with pytest.raises(ValueError, match="ports='top'"):
        show.attention("a", (1, 1), heads=8, ports="top")


def test_a_chain_is_as_many_arrows_and_lines_of_one_width_stand_in_it_alone():
    one = small("a -> b -> a")
    two = small("a -> b\n[phone] b -> a")
    assert one.wide.count("<path") == two.wide.count("<path") + 2  # a line and its head
    assert one.phone == two.phone


def test_words_after_two_strokes_are_a_phones():
    drawing = small("a -> b: a long label // short")
    assert "a long label<" in drawing.wide and ">short<" in drawing.phone
    assert "short" not in drawing.wide and "long" not in drawing.phone


def test_a_face_halves_by_a_step_and_depth_grows_with_the_channels():
    drawing = show.network(
        show.block("a", (1, 1), (3, 64, 64)),
        show.block("b", (4, 1), (3, 32, 32)),
        show.block("c", (7, 1), (300, 32, 32)),
        arrows="a -> b -> c",
        alt="a to c",
    )
    assert drawing.wide.count('width="64.0"') == 1 and drawing.wide.count('width="50.0"') == 2
    assert "3 × 64²" in drawing.wide and "300 × 32²" in drawing.wide


def test_a_loop_leads_back_to_its_mark():
    looped = small("a -> b\nb -> b: h")
    assert ">h<" in looped.wide and looped.wide.count("Q") >= 4  # four rounded corners


def test_a_real_picture_stands_on_a_face_as_png():
    photo = torch.rand(3, 300, 200)
    drawing = show.network(
        show.block("a", (1, 1), (3, 300, 200), picture=photo), arrows="", alt="a photo"
    )
    assert 'href="data:image/png;base64,' in drawing.wide and len(drawing.wide) < 200_000


def test_a_file_with_plain_colours_has_no_variable(tmp_path):
    drawing = small(name="Two <marks>")
    drawing.save(tmp_path / "a.svg", theme="dark")
    drawing.save(tmp_path / "b.svg", phone=True)
    plain, own = ((tmp_path / name).read_text("utf-8") for name in ("a.svg", "b.svg"))
    assert "var(--i" not in plain and "var(--f" not in plain and "#15171b" in plain
    assert "var(--ink)" in own and 'viewBox="0 0 358' in own
    assert "<title id=" in own and "Two &lt;marks&gt;" in own
    with pytest.raises(ValueError, match="theme='red'"):
        drawing.save(tmp_path / "c.svg", theme="red")


def test_a_notebook_gets_both_widths_with_their_style():
    bundle = small()._repr_mimebundle_()
    assert bundle["text/html"].count("<svg ") == 2 and "@container" in bundle["text/html"]
    assert bundle["text/plain"] == "A network. a, then b"


def test_every_drawing_says_in_words_what_it_shows():
    shown = [draw() for draw in drawings.ALL]
    assert len(shown) >= 12 and len({drawing.name for drawing in shown}) == len(shown)
    assert all(20 <= len(drawing.alt.split()) <= 90 for drawing in shown)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("drawings") / "index.html"
    path.write_text(drawings.page(), encoding="utf-8")
    return path.as_uri()


LOOK = Path(__file__).with_name("drawings.js").read_text("utf-8")


@pytest.mark.parametrize(("width", "theme"), [*itertools.product((1280, 390), ("light", "dark"))])
def test_no_text_leaves_its_drawing_or_crosses_another_thing(browser, address, width, theme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
    page.goto(address)
    page.evaluate("() => document.fonts.ready.then(() => true)")
    found = page.evaluate(LOOK)
    assert found["drawings"] == len(drawings.ALL)
    assert found["smallest"] >= 11
    assert found["faults"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    report = Axe().run(page)
    page.close()
    assert report.violations_count == 0, report.generate_report()
