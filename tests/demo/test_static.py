"""The HTML of a demo with all frames drawn beforehand."""

import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup
from demo_pages import grey, html_of, picture, step_figure

from lookclosely.demo import demo


def test_static_holds_every_frame_in_row_major_order(static):
    soup = html_of(demo(step_figure, stride=[1, 2, 3], mode=["nearest", "bilinear"]))
    frames = soup.select(".lc-demo-frames > img")
    texts = [f"{m}, stride {s}" for s in (1, 2, 3) for m in ("nearest", "bilinear")]
    assert [f["data-text"] for f in frames] == [f["alt"] for f in frames] == texts
    assert [f.has_attr("hidden") for f in frames] == [False] + [True] * 5
    assert all(f["loading"] == "lazy" for f in frames)
    assert len({f["src"] for f in frames}) == 6
    assert soup.select_one(".lc-demo-text").text == texts[0]


def test_numbers_are_ranges_and_choices_are_named_buttons(static):
    soup = html_of(demo(step_figure, stride=[1, 2, 3], mode=["nearest", "bilinear"]))
    stride, mode = soup.select("[data-values]")
    assert json.loads(stride["data-values"]) == ["1", "2", "3"]
    slider = stride.select_one("input")
    assert (slider["type"], slider["max"], slider["value"]) == ("range", "2", "0")
    assert slider["aria-valuetext"] == "1" and stride.select_one(".lc-demo-name").text == "stride"
    buttons = mode.select("input")
    assert [b["type"] for b in buttons] == ["radio", "radio"]
    assert len({b["name"] for b in buttons}) == 1
    assert [b.has_attr("checked") for b in buttons] == [True, False]
    assert [label.text for label in mode.select("label")] == ["nearest", "bilinear"]
    assert mode.select_one("legend").text == "mode"
    assert soup.select_one(".lc-demo")["data-lm-suppress-shortcuts"] == "true"


def test_choices_that_are_too_wide_for_a_phone_are_no_strip(static):
    short, long = ["one", "two"], ["semantic segmentation", "instance segmentation"]
    soup = html_of(demo(lambda x, y: (grey(0.1), "grey"), x=short, y=long))
    assert len(soup.select(".lc-demo-strip label")) == len(soup.select(".lc-demo-grid label")) == 2


def test_a_line_that_is_longer_has_its_room_from_the_start(static):
    soup = html_of(demo(step_figure, stride=[1], mode=["a", "bilinear", "b"]))
    assert soup.select_one(".lc-demo-room").text == "bilinear, stride 1"
    assert soup.select_one(".lc-demo-text").text == "a, stride 1"


def test_static_starts_where_it_is_told(static):
    soup = html_of(demo(step_figure, stride=[1, 2, 3], mode=["a", "b"], start={"stride": 3}))
    (shown,) = soup.select("img:not([hidden])")
    assert shown["data-text"] == soup.select_one(".lc-demo-text").text == "a, stride 3"
    assert soup.select_one("input")["value"] == "2"


def test_figures_keep_their_size_and_are_closed(static):
    soup = html_of(demo(step_figure, stride=[1, 2]))
    image = soup.select_one("img")
    assert (image["width"], image["height"]) == ("288", "192")  # 3 × 2 inches at 96
    assert picture(image).shape[1] >= 800
    assert plt.get_fignums() == []


def test_small_images_are_exact_and_enlarged_by_whole_pixels(static):
    soup = html_of(demo(grey, level=[0.0, 0.2, 1.0], alt="A grey of {level}"))
    images = soup.select("img")
    assert [int(picture(i).mean()) for i in images] == [0, 51, 255]
    assert [i["alt"] for i in images] == ["A grey of 0", "A grey of 0.2", "A grey of 1"]
    assert (images[0]["width"], images[0]["height"]) == ("630", "420")
    assert picture(images[0]).shape == (536, 804, 3)  # 134 times 4 × 6
    assert "lc-demo-pixels" in images[0]["class"]
    assert not images[0].has_attr("data-text")


def test_static_is_the_same_every_time_and_asks_nobody(static):
    first, again = (demo(step_figure, stride=[1, 2])._repr_mimebundle_() for _ in range(2))
    assert first == again
    html = first["text/html"]
    assert not re.search(r"(?i)https?:|fetch\(|import\(|type=.module|url\(|<link|@import", html)
    ids = [str(tag["id"]) for tag in BeautifulSoup(html, "html.parser").select("[id]")]
    assert len(ids) == 1 and re.fullmatch(r"demo-[0-9a-f]{10}", ids[0])
    assert "lc-demo-id" not in html


def test_what_an_author_writes_cannot_break_the_page(static):
    def nasty(mode):
        return grey(0.5), f"</p><script>alert(1)</script> \"{mode}\" & 'x' < 3"

    soup = html_of(demo(nasty, mode=['"><b>', "&amp;"]))
    assert len(soup.select("script")) == 1 and not soup.select("b, p script")
    assert soup.select_one("img")["alt"].startswith("</p><script>alert(1)</script>")
    assert json.loads(soup.select_one("fieldset[data-values]")["data-values"]) == ['"><b>', "&amp;"]


def test_any_failing_frame_fails_the_call(static):
    with pytest.raises(ZeroDivisionError):
        demo(lambda x: (grey(1 / x / 9), "a ninth"), x=[1, 2, 0])


def test_too_many_frames_are_counted(static):
    with pytest.raises(ValueError, match=r"20 × 20 = 400 combinations"):
        demo(lambda x, y: (grey(0.1), "grey"), x=range(20), y=range(20))


def test_too_many_bytes_are_weighed(static):
    noise = np.random.default_rng(0)

    def static_on_the_screen(x):
        return noise.random((300, 300, 3)), "noise"

    with pytest.raises(ValueError, match=r"6 = 6 frames of about \d+\.\d KB.*600 KB"):
        demo(static_on_the_screen, x=range(6))


def test_a_frame_that_comes_again_is_weighed_once(static):
    once = np.random.default_rng(0).random((300, 300, 3))
    assert html_of(demo(lambda x: (once, "noise"), x=range(6)))


def test_a_picture_without_words_is_refused():
    with pytest.raises(ValueError, match="alt is missing"):
        demo(grey, level=[0.1])
    with pytest.raises(ValueError, match="alt is missing"):
        demo(grey, level=[0.1], alt=" ")
    with pytest.raises(ValueError, match="second entry must be a str"):
        demo(lambda level: (grey(level), 3), level=[0.1])
    with pytest.raises(ValueError, match=r"cannot be filled in.*level"):
        demo(grey, level=[0.1], alt="A grey of {lvl}")


def test_bad_starts_and_missing_controls_are_refused():
    with pytest.raises(ValueError, match="controls is empty"):
        demo(grey)
    with pytest.raises(ValueError, match="no control"):
        demo(grey, level=[0.1], alt="grey", start={"grey": 1})
    with pytest.raises(ValueError, match=r"not among"):
        demo(grey, level=[0.1], alt="grey", start={"level": 1})


def test_plain_python_says_what_it_would_show():
    bundle = demo(step_figure, stride=[1, 2, 3])._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert "step figure (stride: 1 … 3)" in bundle["text/plain"]
