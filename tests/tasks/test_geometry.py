"""The papers' sizes: what comes out is as large as they say."""

import pytest
import torch
from torch import nn

from lookclosely.tasks import geometry


def test_the_backbone_makes_the_papers_map():
    layers = geometry.backbone()
    assert sum(isinstance(layer, nn.Conv2d) for layer in layers) == 13
    assert sum(p.numel() for p in layers.parameters()) == 14_714_688
    with torch.inference_mode(), torch.device("meta"):
        found = layers.to("meta")(torch.empty(1, 3, *geometry.SIZE))
    assert found.shape == geometry.feature_map().shape == (1, 512, 38, 50)


def test_inputs_are_the_same_each_time_and_half_of_the_map_is_0():
    assert torch.equal(geometry.image(), geometry.image(0))
    assert not torch.equal(geometry.image(), geometry.image(1))
    assert geometry.image().shape == (1, 3, 600, 800)
    assert float((geometry.feature_map() == 0).float().mean()) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("count", [0, *geometry.PROPOSALS.values()])
def test_proposals_lie_in_the_image(count: int):
    boxes = geometry.proposals(count)
    assert boxes.shape == (count, 4) and (boxes >= 0).all()
    assert (boxes[:, 2] <= 800).all() and (boxes[:, 3] <= 600).all()
    sides = boxes[:, 2:] - boxes[:, :2]
    assert (sides >= 15.9).all()
    if count:
        assert float(sides.log2().median()) == pytest.approx(6.5, abs=0.2)  # between 16 and 500
    with pytest.raises(ValueError, match="count is -1"):
        geometry.proposals(-1)


def test_the_head_answers_each_bin_grid():
    head = geometry.head(num_classes=21)
    with torch.device("meta"):
        hidden = head["trunk"].to("meta")(torch.empty(7, 512, 7, 7))
        scores, boxes = (head[name].to("meta")(hidden) for name in ("scores", "boxes"))
    assert scores.shape == (7, 21) and boxes.shape == (7, 84)
