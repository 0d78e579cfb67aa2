"""Verdicts are fair: every seed counts, and where one loses the claim did not simply hold."""

import pytest

from edited_results import edited
from lookclosely.experiments import REGISTRY


def each(metrics, **values):
    """The same value of several metrics: each(("a", "b"), net=1) is net/a and net/b."""
    return {f"{name}/{metric}": v for name, v in values.items() for metric in metrics}


def spread(prefix, names, values):
    """Values of several nets: spread("x/{}/y", ("a", "b"), (1, 2)) is x/a/y and x/b/y."""
    return {prefix.format(name): value for name, value in zip(names, values, strict=True)}


BOTH = ("miou", "boundary_f")
WAYS = ("nearest", "bilinear", "bed of nails", "max unpooling", "2×2", "3×3", "4×4")
UP = spread("{}/boundary_f_1px", WAYS, (0.3, 0.3, 0.3, 0.4, 0.4, 0.4, 0.4))
EDGE = "max unpooling/boundary_f_1px"
STRIDES = ("32s", "16s", "8s")
SCORES = ("scenes/{}/miou", "scenes/{}/boundary_f", "nuclei/{}/iou", "nuclei/{}/boundary_f_1px")
FINER = {k: v for s in SCORES for k, v in spread(s, STRIDES, (0.2, 0.3, 0.4)).items()}
GRIDS = ("k3s2", "k4s2", "k2s2")
CHECKED = spread("{}/variance_ratio", GRIDS, (4.0, 1.0, 1.0))
CHECKED |= spread("{}/unevenness", GRIDS, (3.0, 2.0, 2.0))
DEAR = each(("multiply_adds", "saved_bytes"), same_weights=10, down_up=1)
DEAR |= {"down_up/miou": 0.5, "same_work/miou": 0.4, "same_weights/miou": 0.6}
SETTINGS = [f"{kind}/{j}" for kind in ("sparse", "crowded") for j in (0.05, 0.08, 0.12, 0.2)]
HALF = {f"{at}/{k}": v for at in SETTINGS for k, v in (("ap_at_best", 0.9), ("ap/0.5", 0.89))}
DEAR_HALF = HALF | {f"{at}/ap/0.5": 0.8 for at in SETTINGS}
FIELDS = {
    f"{k}/boundary_iou": v
    for k, v in {"none": 0.2, "neighbours": 0.25, "contrast": 0.3, "full": 0.5}.items()
}
STAGES = each(("miou",), two_stages=0.5, one_stage=0.4, restarted=0.4)
TOGETHER = each(("miou",), both=0.6, two_fcns=0.5, two_deconvnets=0.5, both_fcns=0.5)
NORMS = spread("{}/miou", ("with_norm", "without_norm", "good_start"), (0.5, 0.1, 0.3))
NORMS |= spread("cost/{}", ("deconvnet_parameters", "fcn_parameters"), (1, 2))
NORMS |= spread("cost/{}", ("image_multiply_adds", "fcn_multiply_adds"), (1, 2))
RATES = each(("miou",), two_stages=0.5, one_stage=0.4, restarted=0.4)
RATES |= {"one_stage_0.001/miou": 0.1, "one_stage_0.01/miou": 0.2}
WITHOUT = ("without_norm", "good_start")
RATES |= {f"{n}{end}/miou": 0.1 for n in WITHOUT for end in ("", "_0.0003", "_0.001")}
SIZES = (0.12, 0.18, 0.25, 0.35, 0.5, 0.7, 0.9)
HALVES = {f"deconvnet_{half}/{s:g}": 0.6 for half in ("all", "fitting", "random") for s in SIZES}
HALVES |= {f"deconvnet_{half}/0.9": 0.3 for half in ("all", "random")}

CASES = [
    ("transpose_as_convolution", {"residual/stride 1": 1e-15, "residual/stride 2": 0.3}, {}, "yes"),
    ("transpose_as_convolution", {"residual/stride 1": 1e-15, "residual/stride 2": 0.3},
     {"residual/stride 2": 0.05}, "no"),
    ("checkerboard", CHECKED, {}, "yes"),
    ("checkerboard", CHECKED, {"k4s2/unevenness": 3.5}, "partly"),
    ("checkerboard", CHECKED | {"k4s2/variance_ratio": 2.0}, {}, "no"),
    ("upsampling_ways", UP, {}, "yes"),
    ("upsampling_ways", UP, {EDGE: 0.2}, "partly"),
    ("upsampling_ways", UP, {EDGE: 0.2, "2×2/boundary_f_1px": 0.2,
     "3×3/boundary_f_1px": 0.2, "4×4/boundary_f_1px": 0.2}, "no"),
    ("fcn_strides", FINER, {}, "yes"),
    ("fcn_strides", FINER, {"nuclei/16s/boundary_f_1px": 0.5}, "partly"),
    ("fcn_strides", FINER, {"nuclei/8s/boundary_f_1px": 0.1}, "no"),
    ("full_resolution", DEAR, {}, "yes"),
    ("full_resolution", DEAR, {"same_work/miou": 0.6}, "partly"),
    ("full_resolution", DEAR | {"same_weights/saved_bytes": 1}, {}, "no"),
    ("crf_boundaries", FIELDS, {}, "yes"),
    ("crf_boundaries", FIELDS, {"contrast/boundary_iou": 0.6}, "partly"),
    ("crf_boundaries", FIELDS, {"neighbours/boundary_iou": 0.6}, "partly"),
    ("crf_boundaries", FIELDS, {"none/boundary_iou": 0.6}, "no"),
    ("metric_agreement", {"tau/miou/mdice": 0.95}, {}, "yes"),
    ("metric_agreement", {"tau/miou/mdice": 0.95}, {"tau/miou/mdice": 0.8}, "partly"),
    ("metric_agreement", {"tau/miou/mdice": 0.95}, {"tau/miou/mdice": -0.1}, "no"),
    ("nms_threshold", HALF, {}, "yes"),
    ("nms_threshold", HALF, {"sparse/0.05/ap/0.5": 0.87}, "partly"),
    ("nms_threshold", DEAR_HALF, {}, "no"),
    ("nms_threshold", DEAR_HALF, {"crowded/0.2/ap/0.5": 0.9}, "partly"),
    ("two_stage_training", STAGES, {}, "yes"),
    ("two_stage_training", STAGES, {"one_stage/miou": 0.6}, "partly"),
    ("two_stage_training", STAGES | {"restarted/miou": 0.6}, {}, "no"),
    ("deconvnet_ensemble", TOGETHER, {}, "yes"),
    ("deconvnet_ensemble", TOGETHER, {"two_fcns/miou": 0.7}, "partly"),
    ("deconvnet_ensemble", TOGETHER, {"both_fcns/miou": 0.7}, "partly"),
    ("deconvnet_ensemble", TOGETHER | {"two_deconvnets/miou": 0.7}, {}, "no"),
    ("deconvnet_batch_norm", NORMS, {}, "yes"),
    ("deconvnet_batch_norm", NORMS, {"good_start/miou": 0.6}, "partly"),
    ("deconvnet_batch_norm", NORMS | {"cost/image_multiply_adds": 9}, {}, "partly"),
    ("deconvnet_batch_norm", NORMS | {"cost/image_multiply_adds": 9},
     {"without_norm/miou": 0.9}, "no"),
    ("deconvnet_rates", RATES, {}, "yes"),
    ("deconvnet_rates", RATES, {"one_stage_0.01/miou": 0.6}, "partly"),
    ("deconvnet_rates", RATES | {"good_start_0.001/miou": 0.6}, {}, "partly"),
    ("deconvnet_rates", RATES | {"two_stages/miou": 0.05}, {}, "no"),
    ("proposal_halves", HALVES, {}, "yes"),
    ("proposal_halves", HALVES, {"deconvnet_all/0.9": 0.9}, "partly"),
    ("proposal_halves", HALVES | {"deconvnet_fitting/0.9": 0.1}, {}, "no"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "every", "one", "held"), CASES)
def test_one_seed_that_loses_changes_the_verdict(name, every, one, held):
    assert REGISTRY[name].judge(edited(name, every, one)).held == held
