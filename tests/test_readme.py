"""What the README shows runs, and gives the picture that stands above it."""

import re
from pathlib import Path

import torch

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_its_code_runs_and_finds_the_objects():
    torch.manual_seed(0)
    names: dict = {}
    exec(re.search(r"```python\n(.*?)```", README, flags=re.DOTALL)[1], names)  # type: ignore[index]
    from lookclosely import ops

    best = ops.box_iou(names["scene"].boxes, names["kept"]).amax(1)
    assert len(names["kept"]) == len(names["scene"].boxes) and best.min() > 0.7


def test_its_files_and_commands_are_there():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert set(re.findall(r"`make ([a-z]+)", README)) <= set(targets)
    for path in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / path).exists(), path
