"""Experiments by name, found by file and imported when they are asked for."""

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from .core import Experiment

PARTS = ("looking", "segmentation", "detection", "instances", "attention", "beyond")


class Registry(Mapping[str, Experiment]):
    """Name -> experiment, part after part. To list the names imports none of them.

    ``REGISTRY["context"]`` is ``EXPERIMENT`` in ``experiments/looking/context.py``. Files whose
    names begin with an underscore hold what several experiments of a part share.
    """

    def __init__(self, folder: Path):
        self.parts = {
            path.stem: part for part in PARTS for path in sorted((folder / part).glob("[!_]*.py"))
        }

    def __getitem__(self, name: str) -> Experiment:
        module = importlib.import_module(f".{self.parts[name]}.{name}", __package__)
        return module.EXPERIMENT

    def __iter__(self) -> Iterator[str]:
        return iter(self.parts)

    def __contains__(self, name: object) -> bool:
        return name in self.parts

    def __len__(self) -> int:
        return len(self.parts)


REGISTRY = Registry(Path(__file__).parent)
