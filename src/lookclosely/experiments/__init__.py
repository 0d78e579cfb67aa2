"""Measured claims: each experiment's module holds its config, its code and how it is judged."""

from . import (
    checkerboard,
    context,
    costs,
    fcn_strides,
    full_resolution,
    metric_agreement,
    nms_threshold,
    nuclei_segmentation,
    skip_connections,
    transpose_as_convolution,
)
from .core import Experiment, Outcome, Result, Verdict
from .execute import execute, machine
from .report import Report
from .storage import RESULTS, load, problems, weights

REGISTRY: dict[str, Experiment] = {
    module.EXPERIMENT.name: module.EXPERIMENT
    for module in (
        context,
        metric_agreement,
        transpose_as_convolution,
        checkerboard,
        full_resolution,
        fcn_strides,
        nuclei_segmentation,
        skip_connections,
        nms_threshold,
        costs,
    )
}


def report(name: str) -> Report:
    """The measured claim of an experiment as a table, read from its result file."""
    return Report(REGISTRY[name], load(name))


__all__ = [
    "REGISTRY",
    "RESULTS",
    "Experiment",
    "Outcome",
    "Report",
    "Result",
    "Verdict",
    "execute",
    "load",
    "machine",
    "problems",
    "report",
    "weights",
]
