"""The live widget, without a browser."""

import re
import subprocess
import sys

from demo_pages import grey, step_figure

from lookclosely.demo import demo


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
