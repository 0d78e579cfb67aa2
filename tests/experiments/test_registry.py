"""The registry lists experiments without importing them, and each says where it belongs."""

import subprocess
import sys

import pytest

from lookclosely.experiments import REGISTRY

HEAVY = ("torchvision", "accelerate", "scipy", "skimage", "matplotlib", "torchmetrics")
PROGRAM = """
import sys, torch
before = set(sys.modules)
from lookclosely import experiments
assert "context" in experiments.REGISTRY and len(list(experiments.REGISTRY)) > 20
print(*sorted(set(sys.modules) - before))
"""


def test_to_list_experiments_imports_none_of_them():
    """What costs time is not imported: an import of experiments is quick once torch is there."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    loaded = ran.stdout.split()
    assert "lookclosely.experiments.core" in loaded
    assert not [name for name in loaded if name.split(".")[0] in HEAVY]
    ours = [name for name in loaded if name.startswith("lookclosely.")]
    parts = tuple(f"lookclosely.experiments.{part}" for part in set(REGISTRY.parts.values()))
    assert not [name for name in ours if name.startswith((*parts, "lookclosely.models"))]


@pytest.mark.parametrize("name", REGISTRY)
def test_name_and_chapter_are_those_of_the_file(name: str):
    experiment = REGISTRY[name]
    assert experiment.name == name
    assert experiment.chapter.startswith(f"{REGISTRY.parts[name]}/")


def test_an_unknown_name_is_a_key_error():
    assert "no_such" not in REGISTRY
    with pytest.raises(KeyError, match="no_such"):
        REGISTRY["no_such"]
