"""The package explains the library's functions, so it must not call them."""

import ast
from pathlib import Path

import pytest

import lookclosely.ops

FILES = sorted(Path(lookclosely.ops.__file__).parent.rglob("*.py"))
EXPLAINED = {"fold", "interpolate", "upsample", "grid_sample", "affine_grid"}
EXPLAINED |= {"scaled_dot_product_attention"}
FAMILIES = ("conv", "max_pool", "max_unpool", "adaptive_max_pool")


def explained(name: str) -> bool:
    return name in EXPLAINED or name.startswith(FAMILIES)


def calls_of_explained_functions(source: str) -> list[str]:
    """Names of the library's functions that we explain, wherever a module takes them from."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if "torchvision" in name.name]
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            found += [module] if "torchvision" in module else []
            if module.startswith("torch"):
                found += [name.name for name in node.names if explained(name.name)]
        if isinstance(node, ast.Attribute):
            ours = isinstance(node.value, ast.Name) and node.value.id == "self"
            if not ours and explained(node.attr):
                found.append(node.attr)
            # Tensor.unfold, a view of the memory, is not the function that copies patches.
            if node.attr == "unfold" and isinstance(node.value, ast.Name) and node.value.id == "F":
                found.append(node.attr)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_ops_call_no_function_that_they_explain(path):
    assert calls_of_explained_functions(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "F.conv2d(x, w)",
        "F.max_pool2d(x, 2)",
        "F.max_unpool2d(x, i, 2)",
        "F.unfold(x, 3)",
        "torch.conv2d(x, w)",
        "torch.nn.functional.interpolate(x, 2)",
        "pool = nn.functional.max_pool2d_with_indices",
        "torch.max_pool2d(x, 2)",
        "from torch.nn.functional import conv_transpose2d",
        "from torch.nn.functional import grid_sample as sample",
        "from torchvision.ops import nms",
        "import torchvision",
    ],
)
def test_such_calls_are_seen(source):
    assert calls_of_explained_functions(source)


def test_others_are_not():
    assert not calls_of_explained_functions("x.unfold(0, 2, 1); F.pad(x, [1, 1]); self.conv(x)")


def test_every_public_function_is_exported_and_explained():
    for name in lookclosely.ops.__all__:
        function = getattr(lookclosely.ops, name)
        assert callable(function), name
        assert function.__doc__, name
        if name == "convolve" or isinstance(function, type):  # what a class holds, it says itself
            continue
        for part in ("Returns:", "Raises:"):
            assert part in (function.__doc__ or ""), (name, part)
