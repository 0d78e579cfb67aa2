"""Demos: their values, their HTML, the page in a browser, and the widget in JupyterLab."""

import base64
import http.client
import io
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from matplotlib.figure import Figure
from PIL import Image

from lookclosely import demo as demo_module
from lookclosely.demo import demo
from lookclosely.demo._controls import text_of, values_of
from lookclosely.demo._frames import to_pixels


def step_figure(stride: int, mode: str = "nearest") -> tuple[Figure, str]:
    """A bar as high as the stride, and a line of text that says so."""
    figure, axes = plt.subplots(figsize=(3, 2))
    axes.bar([mode], [stride])
    return figure, f"{mode}, stride {stride}"


def grey(level: float) -> torch.Tensor:
    """An image (3, 4, 6) of one grey level."""
    return torch.full((3, 4, 6), level)


@pytest.fixture
def static(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKCLOSELY_STATIC", "1")


@pytest.fixture(autouse=True)
def no_static_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOOKCLOSELY_STATIC", raising=False)


def html_of(shown: demo_module.Demo) -> Any:
    return BeautifulSoup(shown._repr_mimebundle_()["text/html"], "html.parser")


def picture(image) -> np.ndarray:
    """Pixels of a frame's data URI."""
    head, data = image["src"].split(",")
    assert head == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


# Values of a control


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ((0.1, 0.5, 0.1), (0.1, 0.2, 0.3, 0.4, 0.5)),
        ((0, 1, 0.3), (0.0, 0.3, 0.6, 0.9)),
        ((1, 7, 2), (1, 3, 5, 7)),
        ((-0.2, 0.1, 0.1), (-0.2, -0.1, 0.0, 0.1)),
        ((2, 2, 1), (2,)),
        (range(3), (0, 1, 2)),
        (["a", "b"], ("a", "b")),
    ],
)
def test_values_of_a_control(given, values):
    assert values_of("x", given) == values
    assert all(type(a) is type(b) for a, b in zip(values_of("x", given), values, strict=True))


@pytest.mark.parametrize(
    "given", [[], range(0), (1, 2), (1, 2, 0), (1, 2, -1), (2, 1, 1), ("a", "b", "c"), "abc", 3]
)
def test_what_is_no_control_is_refused_by_name(given):
    with pytest.raises(ValueError, match="stride="):
        values_of("stride", given)


def test_texts_of_values():
    assert [text_of(v) for v in (0.1 + 0.2, 2, True, False, "max")] == [
        "0.3",
        "2",
        "yes",
        "no",
        "max",
    ]


# Images


def test_tensors_and_arrays_of_one_image_give_the_same_pixels():
    image = torch.rand(3, 4, 5, generator=torch.Generator().manual_seed(0))
    expected = (image * 255).round().byte().permute(1, 2, 0).numpy()
    assert np.array_equal(to_pixels(image), expected)
    assert np.array_equal(to_pixels(image.double().permute(1, 2, 0).numpy()), expected)
    assert np.array_equal(to_pixels(torch.from_numpy(expected).permute(2, 0, 1)), expected)


def test_a_grey_or_boolean_image_gets_three_channels():
    mask = torch.tensor([[True, False]])
    assert to_pixels(mask).tolist() == [[[255] * 3, [0] * 3]]
    assert to_pixels(mask[None].float()).tolist() == [[[255] * 3, [0] * 3]]
    assert to_pixels(mask.numpy()).tolist() == [[[255] * 3, [0] * 3]]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (torch.full((3, 2, 2), 1.5), "values in"),
        (torch.full((3, 2, 2), torch.nan), "values in"),
        (torch.full((3, 2, 2), -0.1), "values in"),
        (torch.zeros(4, 2, 2), "shape"),
        (torch.zeros(3, 0, 2), "shape"),
        (torch.zeros(2, 2, dtype=torch.int64), "int64"),
        ("picture.png", "str"),
        (None, "NoneType"),
    ],
)
def test_a_bad_image_is_refused(image, message):
    with pytest.raises(ValueError, match=message):
        to_pixels(image)


# The static fragment


def test_static_holds_every_frame_in_row_major_order(static):
    soup = html_of(demo(step_figure, stride=[1, 2, 3], mode=["nearest", "bilinear"]))
    frames = soup.select(".lc-demo-frames > img")
    texts = [f"{m}, stride {s}" for s in (1, 2, 3) for m in ("nearest", "bilinear")]
    assert [f["data-text"] for f in frames] == [f["alt"] for f in frames] == texts
    assert [f.has_attr("hidden") for f in frames] == [False] + [True] * 5
    assert all(f["loading"] == "lazy" for f in frames)
    assert len({f["src"] for f in frames}) == 6
    assert soup.select_one(".lc-demo-text").text == texts[0]


def test_static_controls_are_native_and_named(static):
    soup = html_of(demo(step_figure, stride=[1, 2, 3], mode=["nearest", "bilinear"]))
    stride, mode = soup.select("input")
    assert (stride["type"], stride["max"], stride["value"]) == ("range", "2", "0")
    assert json.loads(stride["data-values"]) == ["1", "2", "3"]
    assert (stride["aria-valuetext"], mode["aria-valuetext"]) == ("1", "nearest")
    assert stride["data-lm-suppress-shortcuts"] == mode["data-lm-suppress-shortcuts"] == "true"
    assert [t.text for t in soup.select(".lc-demo-ticks span")] == ["nearest", "bilinear"]


def test_only_short_words_stand_under_a_slider(static):
    """Long ones would lie on each other: the value above the slider says them."""
    short, long = ["one", "two"], ["semantic segmentation", "instance segmentation"]
    soup = html_of(demo(lambda x, y: (grey(0.1), "grey"), x=short, y=long))
    assert [t.text for t in soup.select(".lc-demo-ticks span")] == short


def test_static_starts_where_it_is_told(static):
    soup = html_of(demo(step_figure, stride=[1, 2, 3], mode=["a", "b"], start={"stride": 3}))
    (shown,) = soup.select("img:not([hidden])")
    assert shown["data-text"] == soup.select_one(".lc-demo-text").text == "a, stride 3"
    assert soup.select_one("input")["value"] == "2"


def test_figures_keep_their_size_and_are_closed(static):
    soup = html_of(demo(step_figure, stride=[1, 2]))
    image = soup.select_one("img")
    assert (image["width"], image["height"]) == ("288", "192")  # 3 × 2 inches at 96
    assert picture(image).shape == (288, 432, 3)  # at 144
    assert plt.get_fignums() == []


def test_small_images_are_exact_and_enlarged_by_whole_pixels(static):
    soup = html_of(demo(grey, level=[0.0, 0.2, 1.0], alt="A grey of {level}"))
    images = soup.select("img")
    assert [int(picture(i).mean()) for i in images] == [0, 51, 255]
    assert [i["alt"] for i in images] == ["A grey of 0", "A grey of 0.2", "A grey of 1"]
    assert (images[0]["width"], images[0]["height"]) == ("384", "256")
    assert "lc-demo-pixels" in images[0]["class"]
    assert not images[0].has_attr("data-text")


def test_static_is_the_same_every_time_and_asks_nobody(static):
    first, again = (demo(step_figure, stride=[1, 2])._repr_mimebundle_() for _ in range(2))
    assert first == again
    html = first["text/html"]
    assert not re.search(r"(?i)https?:|fetch\(|import\(|type=.module|url\(|<link|@import", html)
    ids = [str(tag["id"]) for tag in BeautifulSoup(html, "html.parser").select("[id]")]
    assert len(ids) == 1 and re.fullmatch(r"demo-[0-9a-f]{10}", ids[0])


def test_what_an_author_writes_cannot_break_the_page(static):
    def nasty(mode):
        return grey(0.5), f"</p><script>alert(1)</script> \"{mode}\" & 'x' < 3"

    soup = html_of(demo(nasty, mode=['"><b>', "&amp;"]))
    assert len(soup.select("script")) == 1 and not soup.select("b")
    assert soup.select_one("img")["alt"].startswith("</p><script>alert(1)</script>")
    assert json.loads(soup.select_one("input")["data-values"]) == ['"><b>', "&amp;"]


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


# The live widget, without a browser


def test_moving_a_slider_calls_the_function():
    calls = []

    def record(stride, mode):
        calls.append((stride, mode))
        return grey(stride / 9), f"{mode} {stride}"

    widget = demo(record, stride=[1, 2, 3], mode=["a", "b"]).widget()
    assert calls == [(1, "a")]
    before = widget.frame["image"]["src"]
    widget.positions = [2, 1]
    assert calls[1:] == [(3, "b")]
    assert widget.frame["text"] == widget.frame["image"]["alt"] == "b 3"
    assert widget.frame["image"]["src"] != before
    assert widget.frame["positions"] == [2, 1]


def test_a_failing_function_shows_its_message_and_recovers():
    widget = demo(lambda x: (grey(1 / x / 9), f"x = {x}"), x=[1, 0, 2]).widget()
    widget.positions = [1]
    assert re.match(r"ZeroDivisionError: .*\(line \d+ of <lambda>\)", widget.frame["error"])
    widget.positions = [2]
    assert widget.frame["text"] == "x = 2" and "error" not in widget.frame


def test_live_keeps_the_metadata_that_colab_needs(monkeypatch):
    shown = demo(step_figure, stride=[1, 2])
    bundle = ({"application/vnd.jupyter.widget-view+json": {}}, {"colab": {"x": 1}})
    monkeypatch.setattr("lookclosely.demo._demo._has_kernel", lambda: True)
    monkeypatch.setattr(type(shown.widget()), "_repr_mimebundle_", lambda self: bundle)
    assert shown._repr_mimebundle_() is bundle


def test_importing_demo_is_light():
    code = (
        "import sys, lookclosely.demo; "
        "heavy = {'anywidget', 'matplotlib', 'PIL', 'torch'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# In a browser


@pytest.fixture
def page(browser) -> Iterator:
    """A page that remembers what went wrong and what it asked for."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.problems, page.requests = [], []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
    page.on("request", lambda request: page.requests.append(request.url))
    yield page
    context.close()


def write_page(path: Path, *demos: demo_module.Demo, style: str = "") -> str:
    """A page as Sphinx would write it, Bootstrap's rule for `hidden` included; its file:// URL."""
    body = "\n".join(shown._repr_mimebundle_()["text/html"] for shown in demos)
    reboot = "[hidden]{display:none!important}"
    path.write_text(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Demos</title>"
        f"<meta name=viewport content='width=device-width'>"
        f"<style>{reboot}{style}</style><body><main><h1>Demos</h1>{body}</main>",
        encoding="utf-8",
    )
    return path.as_uri()


def shown_frames(page) -> list[str]:
    return [i.get_attribute("alt") for i in page.locator(".lc-demo-frame").all() if i.is_visible()]


@pytest.mark.slow
def test_the_keyboard_moves_picture_and_text_from_a_file(static, page, tmp_path):
    url = write_page(
        tmp_path / "page.html",
        demo(step_figure, stride=[1, 2, 3], mode=["nearest", "bilinear"]),
        demo(grey, level=(0.1, 0.3, 0.1), alt="A grey of {level}"),
    )
    page.goto(url)
    page.wait_for_function(
        "[...document.images].every((image) => image.complete && image.naturalWidth > 0)"
    )
    assert shown_frames(page) == ["nearest, stride 1", "A grey of 0.1"]
    page.get_by_role("slider", name="stride", exact=True).press("ArrowRight")
    page.get_by_role("slider", name="mode", exact=True).press("End")
    page.get_by_role("slider", name="level", exact=True).press("ArrowUp")
    assert shown_frames(page) == ["bilinear, stride 2", "A grey of 0.2"]
    assert page.locator(".lc-demo-text").all_inner_texts() == ["bilinear, stride 2", ""]
    assert page.locator(".lc-demo-value").all_inner_texts() == ["2", "bilinear", "0.2"]
    assert page.get_by_role("slider", name="mode").get_attribute("aria-valuetext") == "bilinear"
    assert [u for u in page.requests if not u.startswith(("file://", "data:"))] == []
    assert page.problems == []


@pytest.mark.slow
def test_without_javascript_the_first_frame_and_its_text_are_there(static, browser, tmp_path):
    url = write_page(tmp_path / "page.html", demo(step_figure, stride=[1, 2, 3]))
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url)
    assert shown_frames(page) == ["nearest, stride 1"]
    assert page.locator(".lc-demo-text").inner_text() == "nearest, stride 1"
    assert not page.locator("input").is_visible()
    assert page.locator(".lc-demo-note").is_visible()
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("colours", ["#fff;color:#323232", "#14181e;color:#ced6dd"])
def test_phone_and_laptop_light_and_dark(static, browser, tmp_path, width, colours):
    from axe_playwright_python.sync_playwright import Axe

    url = write_page(
        tmp_path / "page.html",
        demo(step_figure, stride=[1, 2, 3], mode=["nearest", "bilinear"]),
        style=f"body{{background:{colours}}}",
    )
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto(url)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.get_by_role("slider").first.bounding_box()
    assert box["height"] >= 44 and box["width"] >= 150
    assert Axe().run(page).response["violations"] == []
    context.close()


@pytest.mark.slow
def test_words_under_sliders_keep_clear_of_each_other_and_of_the_focus(static, browser, tmp_path):
    words = ["one object", "a street", "many things"]  # nearly as many letters as there may be
    shown = demo(lambda x, y: (grey(0.1), "grey"), x=words, y=["nearest", "bilinear", "learnt"])
    page = browser.new_page(viewport={"width": 700, "height": 600})
    page.goto(write_page(tmp_path / "page.html", shown, style="body{font:18px sans-serif}"))
    boxes = [span.bounding_box() for span in page.locator(".lc-demo-ticks span").all()]
    assert len(boxes) == 6
    for left, right in itertools.pairwise(boxes):
        assert left["x"] + left["width"] <= right["x"]
    slider, words_below = page.get_by_role("slider").first, page.locator(".lc-demo-ticks").first
    before = slider.screenshot(), words_below.screenshot()
    slider.press("End")
    slider.press("Home")  # by keyboard, so that the focus is shown
    after = slider.screenshot(), words_below.screenshot()
    assert after[0] != before[0], "the focus is not to be seen"
    assert after[1] == before[1], "the focus cuts through the words"
    page.close()


# In JupyterLab


@pytest.fixture
def jupyterlab(tmp_path: Path) -> Iterator[str]:
    """The URL of a JupyterLab of our own, whose notebook.ipynb holds one demo."""
    code = (
        "import torch\nfrom lookclosely.demo import demo\n"
        "def grey(level):\n"
        "    if level == 0.3:\n        raise ArithmeticError('no such grey')\n"
        "    return torch.full((3, 8, 8), level), f'grey {level}'\n"
        "demo(grey, level=(0.1, 0.3, 0.1))"
    )
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code, id="demo")], metadata={"kernelspec": kernel}
    )
    nbformat.write(notebook, tmp_path / "notebook.ipynb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--no-browser", f"--port={port}", "--ServerApp.port_retries=0", "--allow-root"]
    options += ["--IdentityProvider.token=", f"--ServerApp.root_dir={tmp_path}"]
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    environment = os.environ | {name: str(tmp_path / name.lower()) for name in folders}
    with (tmp_path / "lab.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter", "lab", *options],
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for(port, server, tmp_path / "lab.log")
            yield f"http://127.0.0.1:{port}/lab/tree/notebook.ipynb?reset"
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_for(port: int, server: subprocess.Popen, log: Path) -> None:
    for _ in range(300):
        assert server.poll() is None, log.read_text()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/api")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    raise TimeoutError(log.read_text())


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_arrow_keys_reach_the_kernel_in_jupyterlab(page, jupyterlab):
    page.set_default_timeout(90_000)
    page.goto(jupyterlab)
    page.locator(".jp-Notebook .jp-CodeCell .cm-content").click()
    page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
    page.keyboard.press("Shift+Enter")
    text, image = page.locator(".lc-demo-text"), page.locator(".lc-demo-frame")
    text.get_by_text("grey 0.1").wait_for()
    before = image.get_attribute("src")
    slider = page.get_by_role("slider", name="level", exact=True)
    slider.press("ArrowRight")
    text.get_by_text("grey 0.2").wait_for()
    assert image.get_attribute("src") != before
    assert image.get_attribute("alt") == "grey 0.2"
    assert slider.get_attribute("aria-valuetext") == "0.2"
    slider.press("ArrowRight")
    page.get_by_role("alert").get_by_text(
        "ArithmeticError: no such grey (line 5 of grey)"
    ).wait_for()
    slider.press("Home")
    text.get_by_text("grey 0.1").wait_for()
    assert image.get_attribute("src") == before
    assert page.locator(".lc-demo-error").inner_text() == ""
