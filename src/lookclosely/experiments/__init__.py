"""Measured claims: each experiment's module holds its config, its code and how it is judged.

``REGISTRY`` finds experiments by file, ``<part>/<name>.py``, and imports one when it is asked for.
"""

from .core import Experiment, Outcome, Result, Verdict
from .execute import execute, machine
from .provenance import changed_since
from .registry import REGISTRY
from .report import Report
from .storage import GPU_RESULTS, RESULTS, load, load_gpu, problems, weights


def report(name: str) -> Report:
    """The measured claim of an experiment as a table, read from its result files."""
    return Report(REGISTRY[name], load(name), load_gpu(name))


__all__ = [
    "GPU_RESULTS",
    "REGISTRY",
    "RESULTS",
    "Experiment",
    "Outcome",
    "Report",
    "Result",
    "Verdict",
    "changed_since",
    "execute",
    "load",
    "load_gpu",
    "machine",
    "problems",
    "report",
    "weights",
]
