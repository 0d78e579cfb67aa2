"""Every file of weights is read whole by the networks that its experiment builds."""

from collections.abc import Mapping

import pytest
from torch import nn

from lookclosely.experiments import RESULTS, weights
from lookclosely.experiments.looking import multi_scale, recurrent_passes
from lookclosely.experiments.segmentation import (
    crf_boundaries,
    dilated_against_strided,
    fcn_strides,
    nuclei_segmentation,
    object_scale,
    two_stage_training,
)
from lookclosely.models.segmentation.unet import UNet


def fcns() -> Mapping[str, nn.Module]:
    config = fcn_strides.EXPERIMENT.full
    nuclei = {f"nuclei.{n}": fcn_strides.nuclei_net(config.nuclei, n) for n in ("32s", "8s")}
    return nuclei | {f"scenes.{n}": fcn_strides.scene_net(config, n) for n in fcn_strides.STRIDES}


def multi_scale_nets() -> Mapping[str, nn.Module]:
    nets = {net.name: net.build() for net in multi_scale.EXPERIMENT.full.nets}
    return {name: nets[name] for name in ("fine", "multi")}


def unet() -> UNet:
    channels = nuclei_segmentation.EXPERIMENT.full.channels
    return UNet(in_channels=1, num_classes=2, channels=channels)


def dilated() -> Mapping[str, nn.Module]:
    kept = ("strided", "dilated", "plain")
    return {name: dilated_against_strided.trained(name) for name in kept}


# Of each file its networks by name; "" is a network whose weights have no name before them.
NETS = {
    "crf_boundaries": lambda: {"": crf_boundaries.build(crf_boundaries.EXPERIMENT.full)},
    "dilated_against_strided": dilated,
    "fcn_strides": fcns,
    "multi_scale": multi_scale_nets,
    "nuclei_segmentation": lambda: {"": unet()},
    "object_scale": lambda: {"": object_scale.trained()},
    "recurrent_passes": lambda: {
        "": recurrent_passes.recurrent(recurrent_passes.EXPERIMENT.full).net
    },
    "two_stage_training": lambda: {"": two_stage_training.trained()},
}
PREDICTIONS = {"metric_agreement", "skip_connections"}  # label maps and masks, not weights


def test_every_file_is_tried():
    assert {path.stem for path in RESULTS.glob("*.safetensors")} == NETS.keys() | PREDICTIONS


@pytest.mark.parametrize("name", NETS)
def test_each_network_reads_its_weights(name: str):
    nets = NETS[name]()
    for net, model in nets.items():
        model.load_state_dict(weights(name, net), strict=True)
    read = {f"{net}.{key}" if net else key for net, m in nets.items() for key in m.state_dict()}
    assert read == weights(name).keys()
