"""The package explains the library's functions, so it must not call them."""

import ast
from pathlib import Path

import pytest

import lookclosely.ops

FILES = sorted(Path(lookclosely.ops.__file__).parent.glob("*.py"))
EXPLAINED = {"unfold", "fold", "interpolate", "grid_sample", "scaled_dot_product_attention"}
EXPLAINED |= {"max_unpool2d"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_ops_call_no_function_that_they_explain(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not any("torchvision" in name.name for name in node.names)
        if isinstance(node, ast.ImportFrom):
            assert "torchvision" not in (node.module or "")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr[:4]) != ("F", "conv")
            assert not (node.value.id == "F" and node.attr in EXPLAINED)


def test_every_public_function_is_exported_and_explained():
    for name in lookclosely.ops.__all__:
        function = getattr(lookclosely.ops, name)
        assert callable(function), name
        for part in ("Returns:", "Raises:") if name != "convolve" else ():
            assert part in (function.__doc__ or ""), (name, part)
