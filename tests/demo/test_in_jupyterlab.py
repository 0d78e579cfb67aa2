"""The live widget in JupyterLab."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

CODE = """
import torch
from lookclosely.demo import check, demo
def grey(level, way):
    if level == 0.3:
        raise ArithmeticError('no such grey')
    return torch.full((3, 8, 8), level), f'{way} {level}'
display(check("How many?", answer=3, why={2: "One more."}))
demo(
    grey,
    ask="Which is lighter?", guesses=[0.1, 0.2], answer=0.2,
    level=(0.1, 0.3, 0.1), way=["grey", "gray"],
)
""".strip()


@pytest.fixture
def jupyterlab(tmp_path: Path) -> Iterator[str]:
    """The URL of a JupyterLab of our own, whose notebook.ipynb holds one demo."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CODE, id="demo")], metadata={"kernelspec": kernel}
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
    _question(page)
    before = image.get_attribute("src")
    slider = page.get_by_role("slider", name="level", exact=True)
    assert slider.is_disabled()
    page.get_by_role("button", name="0.2", exact=True).press("Enter")
    text.get_by_text("grey 0.2").wait_for()
    assert page.locator(".lc-demo-on").inner_text() == "Yes: 0.2. grey 0.2"
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
    page.get_by_role("radio", name="grey", exact=True).press("ArrowRight")
    text.get_by_text("gray 0.1").wait_for()


def _question(page: Any) -> None:
    """The same question as on the page; letters and Enter go to its field, not to the notebook."""
    field = page.get_by_role("textbox", name="Your answer")
    field.press_sequentially("a2")
    field.press("Enter")
    assert page.locator(".lc-check-on").inner_text().startswith("A number, please")
    field.press_sequentially("2")
    field.press("Enter")
    assert page.locator(".lc-check-on").inner_text() == "✗ Not 2. One more."
    field.press_sequentially("3")
    field.press("Enter")
    assert page.locator(".lc-check-on").inner_text() == "✓ Right: 3."
