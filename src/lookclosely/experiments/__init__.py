"""Measured claims: each experiment's module holds its config, its code and how it is judged."""

from . import (
    checkerboard,
    context,
    convolution_gradients,
    costs,
    crf_boundaries,
    deconvnet_batch_norm,
    deconvnet_ensemble,
    deconvnet_rates,
    dilated_against_strided,
    fcn_strides,
    fixed_outputs,
    full_resolution,
    metric_agreement,
    multi_scale,
    nms_threshold,
    nuclei_segmentation,
    object_scale,
    patches_or_one_pass,
    proposal_halves,
    recurrent_passes,
    skip_connections,
    task_weight,
    transpose_as_convolution,
    two_stage_training,
    unpooling_recovery,
    upsampling_ways,
)
from .core import Experiment, Outcome, Result, Verdict
from .execute import execute, machine
from .report import Report
from .storage import GPU_RESULTS, RESULTS, load, load_gpu, problems, weights

REGISTRY: dict[str, Experiment] = {
    module.EXPERIMENT.name: module.EXPERIMENT
    for module in (
        context,
        patches_or_one_pass,
        task_weight,
        fixed_outputs,
        multi_scale,
        recurrent_passes,
        metric_agreement,
        unpooling_recovery,
        convolution_gradients,
        transpose_as_convolution,
        checkerboard,
        upsampling_ways,
        full_resolution,
        fcn_strides,
        nuclei_segmentation,
        skip_connections,
        dilated_against_strided,
        crf_boundaries,
        two_stage_training,
        deconvnet_ensemble,
        object_scale,
        proposal_halves,
        deconvnet_batch_norm,
        deconvnet_rates,
        nms_threshold,
        costs,
    )
}


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
    "execute",
    "load",
    "load_gpu",
    "machine",
    "problems",
    "report",
    "weights",
]
