"""DeconvNet's crops and proposals are the paper's; its claims are judged fairly."""

import dataclasses

import pytest
import torch
from torch import nn

from lookclosely import ops
from lookclosely.data import scenes
from lookclosely.experiments.core import Result
from lookclosely.experiments.segmentation import object_scale
from lookclosely.experiments.segmentation._shared import (
    TINY,
    build,
    deconvnet,
    two_stages,
    unit_variance,
)
from lookclosely.experiments.segmentation._shared import stage_variants as variants
from lookclosely.tasks import proposals as data


def test_half_of_the_proposals_are_near_objects():
    scene = scenes.draw(0, seed=2, config=data.SCENES)
    boxes = data.propose(scene, 40, torch.Generator().manual_seed(0))
    nearest = ops.box_iou(boxes, scene.boxes).amax(1)
    assert boxes.shape == (40, 4) and nearest[:20].min() > 0.3
    assert nearest[20:].mean() < nearest[:20].mean()


def test_an_empty_scene_has_random_proposals_only():
    empty = dataclasses.replace(data.SCENES, objects=(0, 0))
    scene = scenes.draw(0, seed=2, config=empty)
    assert data.propose(scene, 6, torch.Generator().manual_seed(0)).shape == (6, 4)


def test_enlarged_boxes_keep_their_centre():
    box = torch.tensor([[10.0, 20, 20, 40]])
    torch.testing.assert_close(data.enlarged(box), torch.tensor([[9.0, 18, 21, 42]]))


def test_an_easy_crop_labels_the_object_in_its_middle_and_no_other():
    crops, maps = data.crops("easy", 5, 6, 32)
    drawn = list(scenes.Scenes(5, seed=0, config=data.SCENES))
    names = torch.cat([scene.classes for scene in drawn])
    assert crops.shape == (len(names), 3, 32, 32)
    for labels, name in zip(maps, names):
        assert set(labels.unique().tolist()) == {0, int(name)}
        rim = torch.cat([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        assert not rim.any()  # the box is enlarged, so the object ends before its rim


def test_a_hard_crop_labels_everything():
    _, maps = data.crops("hard", 20, 6, 32)
    assert maps.shape == (120, 32, 32)
    assert max(len(labels.unique()) for labels in maps) > 2


class Says(nn.Module):
    """Class 3 everywhere."""

    def forward(self, x):
        return torch.eye(8)[3][None, :, None, None].expand(len(x), 8, *x.shape[-2:])


def test_scores_are_laid_where_the_proposals_are():
    boxes = [torch.tensor([[0.0, 0, 10, 10], [5, 5, 20, 20]])]
    merged = data.proposal_scores(Says(), torch.zeros(1, 3, 24, 24), boxes, 8, how="sum")
    assert merged[0, 3, 2, 2] == 1 and merged[0, 3, 7, 7] == 2 and not merged[0, 3, 22:].any()
    assert not merged[0, :3].any()


def test_the_stages_have_equal_steps_and_a_net_is_trained_once():
    for _, stages, _ in variants(TINY).values():
        assert sum(steps for _, steps in stages) == TINY.steps
    first = deconvnet(TINY, 0, two_stages(TINY), "cpu")
    assert deconvnet(TINY, 0, two_stages(TINY), "cpu") is first


def test_a_good_start_has_the_outputs_of_batch_normalisation():
    """At the start both nets see the same: layers of mean 0 and variance 1 on the batch."""
    torch.manual_seed(0)
    images = torch.randn(64, 3, 16, 16)
    start, norm = build(TINY, "none"), build(TINY, "batch")
    with torch.no_grad():
        for layer in norm.modules():  # the same weights, without biases: these change nothing
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.bias is not None:
                layer.bias.zero_()
    start.load_state_dict({k: v for k, v in norm.state_dict().items() if k in start.state_dict()})
    unit_variance(start, images)
    maps = dict(start.layers(images))
    norm.train()
    expected = dict(norm.layers(images))
    for name in ("convolution 16×16", "code 1×1", "deconvolution 16×16"):
        torch.testing.assert_close(maps[name], expected[name], atol=0.04, rtol=0.02)
    torch.testing.assert_close(maps["scores"].std((0, 2, 3)), torch.ones(8), atol=1e-3, rtol=0)


def test_iou_of_one_object_is_the_mean_over_images():
    labels = torch.zeros(2, 4, 4, dtype=torch.long)
    labels[:, :2] = 5
    pred = labels.clone()
    pred[1, 0] = 2  # half of the second object has another class
    assert object_scale.object_iou(pred, labels) == pytest.approx(0.75)


def result(mirror, whole):
    """A result in which IoU is 0.8 within the trained sizes, and these shares of it beyond."""

    def rows(share):
        return {f"{s:g}": 0.8 * (1 if 0.25 <= s <= 0.5 else share) for s in scales}

    scales = object_scale.Config().scales
    row = {name: rows(0.5) for name in ("fcn_on_crops", "deconvnet_frame")}
    seeds = [{**row, "deconvnet": rows(a), "fcn": rows(b)} for a, b in zip(mirror, whole)]
    config = {"scales": list(scales)}
    return Result("object_scale", [], [], "full", config, "", seeds, "", 0.0, {})


@pytest.mark.parametrize(
    ("mirror", "whole", "held"),
    [
        ((0.95, 0.97), (0.6, 0.7), "yes"),
        ((0.95, 0.85), (0.6, 0.7), "partly"),
        ((0.95, 0.65), (0.6, 0.7), "no"),
    ],
)
def test_scale_is_judged_on_every_seed(mirror, whole, held):
    assert object_scale.judge(result(mirror, whole)).held == held
    assert object_scale.kept(result(mirror, whole), "deconvnet") == pytest.approx(mirror)
