"""Fast and Faster R-CNN: torchvision's detections and losses with its weights, and learning."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.models.detection import fasterrcnn_resnet50_fpn
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

from lookclosely import ops
from lookclosely.models.backbones.small import SmallBackbone
from lookclosely.models.detection.fast_rcnn import FastRCNN
from lookclosely.models.detection.faster_rcnn import FasterRCNN, from_torchvision
from lookclosely.models.detection.fpn import PyramidBackbone
from lookclosely.models.layers import conv_norm_relu
from lookclosely.tasks import detection as task
from lookclosely.train import fit

SIZE = (128, 160)


class Maps(nn.Module):
    """torchvision's ResNet-50 with its pyramid, as our detectors take a backbone."""

    channels, strides = (256,) * 5, (4, 8, 16, 32, 64)

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        self.body: Any = backbone.body
        self.fpn: Any = backbone.fpn

    def forward(self, images: Tensor) -> list[Tensor]:
        return list(self.fpn(self.body(images)).values())


class Small(nn.Module):
    """Three convolutions, one map of stride 8."""

    channels, strides = (32,), (8,)

    def __init__(self) -> None:
        super().__init__()
        sizes = ((3, 16), (16, 32), (32, 32))
        self.layers = nn.Sequential(*(conv_norm_relu(a, b, stride=2) for a, b in sizes))

    def forward(self, images: Tensor) -> list[Tensor]:
        return [self.layers(images)]


@pytest.fixture(scope="module")
def theirs() -> Any:
    """Random weights, large enough that scores differ; all regions and anchors are sampled."""
    torch.manual_seed(0)
    many = 10**6
    model = fasterrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=5, min_size=SIZE[0], max_size=SIZE[1],
        image_mean=[0.0] * 3, image_std=[1.0] * 3, rpn_batch_size_per_image=many,
        box_batch_size_per_image=many, rpn_pre_nms_top_n_train=1000, rpn_post_nms_top_n_train=1000,
    )  # fmt: skip
    layer: Any
    for name, layer in model.named_modules():
        if name.endswith("cls_logits"):
            nn.init.normal_(layer.weight, std=0.01)
        if name.endswith("cls_score"):
            nn.init.normal_(layer.weight, std=0.05)
        if name.endswith("bbox_pred"):
            nn.init.normal_(layer.weight, std=0.02)
    return model.double().eval()


@pytest.fixture(scope="module")
def ours(theirs: Any) -> FasterRCNN:
    every = 10**6
    model = FasterRCNN(
        backbone=Maps(theirs.backbone),
        num_classes=5,
        anchor_sizes=[[32], [64], [128], [256], [512]],
        strides=(4, 8, 16, 32),
        pool=partial(ops.roi_align, sampling_ratio=2),
        proposals={"sampled": every},
        regions=every,
    )
    model.double().load_state_dict(from_torchvision(theirs.state_dict()))
    return model.eval()


def pictures(count: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(count, 3, 8, 10, generator=generator).double()
    return nn.functional.interpolate(coarse, SIZE, mode="bilinear").clamp(0, 1)


@torch.no_grad()
def test_detections_as_torchvision(theirs, ours):
    images = pictures()
    for mine, other in zip(ours(images), theirs(list(images)), strict=True):
        assert len(mine["boxes"]) == len(other["boxes"]) > 10
        assert torch.equal(mine["labels"], other["labels"])
        for key in ("boxes", "scores"):
            torch.testing.assert_close(mine[key], other[key], rtol=1e-4, atol=1e-4)


def test_losses_as_torchvision(theirs, ours):
    boxes = torch.tensor([[[10.0, 12, 60, 70], [80, 20, 150, 110]], [[5, 5, 40, 50], [0, 0, 0, 0]]])
    labels = torch.tensor([[1, 4], [2, 0]])
    targets = ops.Targets(boxes.double(), labels)
    padded = zip(targets.boxes, labels, strict=True)
    lists = [{"boxes": b[k > 0], "labels": k[k > 0]} for b, k in padded]
    for part in (theirs.rpn, theirs.roi_heads, theirs.transform):
        part.train()
    theirs.training = True
    try:
        expected = theirs(list(pictures()), lists)
    finally:
        theirs.eval()
    found = ours(pictures(), targets)
    pairs = {
        "objectness": "loss_objectness",
        "proposals": "loss_rpn_box_reg",
        "classes": "loss_classifier",
        "boxes": "loss_box_reg",
    }
    assert set(found) == set(pairs)
    for mine, other in pairs.items():
        torch.testing.assert_close(  # one of theirs is float32
            found[mine], expected[other], rtol=1e-6, atol=1e-9, check_dtype=False
        )


def test_the_state_dict_of_torchvision_fits():
    theirs = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    with torch.device("meta"):
        backbone = resnet_fpn_backbone(backbone_name="resnet50", weights=None)
        ours = FasterRCNN(
            backbone=Maps(backbone),
            num_classes=91,
            anchor_sizes=[[32], [64], [128], [256], [512]],
            strides=(4, 8, 16, 32),
        )
    state = from_torchvision(theirs.state_dict())
    named = {key: value.shape for key, value in ours.state_dict().items()}
    assert {key: state[key].shape for key in named} == named
    assert {key.rpartition(".")[2] for key in state.keys() - named.keys()} <= {
        "num_batches_tracked"
    }


def small(**options) -> FasterRCNN:
    torch.manual_seed(0)
    return FasterRCNN(
        backbone=Small(),
        num_classes=4,
        anchor_sizes=[[16, 24, 32]],
        aspect_ratios=[1.0],
        bins=5,
        hidden=64,
        proposals={"proposals": 50, "candidates": 200, "sampled": 32, "high": 0.6},
        **options,
    )


def test_what_comes_back_depends_on_what_is_given():
    model = small()
    data = task.examples("val", 2, task.EASY)
    for mode in (model.train(), model.eval()):
        losses = mode(*data)
        assert set(losses) == {"objectness", "proposals", "classes", "boxes"}
        assert all(loss.ndim == 0 and loss.isfinite() for loss in losses.values())
        found = mode(data.images)
        assert [set(image) for image in found] == [{"boxes", "scores", "labels"}] * 2


def test_images_without_objects_teach_the_background_and_odd_sizes_pass():
    model = small()
    none = ops.Targets(torch.zeros(2, 3, 4), torch.zeros(2, 3, dtype=torch.long))
    losses = model(torch.rand(2, 3, 61, 83), none)
    assert losses["proposals"] == losses["boxes"] == 0
    assert losses["objectness"] > 0 and losses["classes"] > 0
    torch.stack(list(losses.values())).sum().backward()
    empty = ops.Targets(torch.zeros(1, 0, 4), torch.zeros(1, 0, dtype=torch.long))
    assert all(loss.isfinite() for loss in model(torch.zeros(1, 3, 64, 64), empty).values())


@torch.no_grad()
def test_a_batch_is_its_images():
    model = small().eval()
    images = task.examples("val", 3, task.EASY).images
    for whole, alone in zip(model(images), (model(image[None])[0] for image in images)):
        assert torch.equal(whole["labels"], alone["labels"])
        torch.testing.assert_close(whole["boxes"], alone["boxes"], rtol=1e-4, atol=1e-3)


def test_given_proposals_take_the_place_of_its_own():
    model = small().eval()
    data = task.examples("val", 2, task.EASY)
    proposals = [truth["boxes"] for truth in task.truths(data)]
    assert set(model(*data, proposals=proposals)) == {"classes", "boxes"}
    assert len(model(data.images, proposals=proposals)) == 2


def test_faster_rcnn_overfits_four_scenes():
    """160 steps: AP50 is 1 on what it was trained on."""
    data, model = task.examples("train", 4, task.EASY), small()
    fit(model, task.loss, task.batches(data, 4, seed=0), steps=160, lr=5e-3, clip_norm=10.0)
    assert task.scores(task.detections(model, data.images), data)["ap50"] == pytest.approx(1.0)


def test_fast_rcnn_learns_from_given_proposals():
    torch.manual_seed(0)
    model = FastRCNN(backbone=Small(), num_classes=4, bins=5, hidden=64)
    data = task.examples("train", 4, task.EASY)
    noise = torch.Generator().manual_seed(0)
    proposals = [
        (t["boxes"].repeat(8, 1) + 3 * torch.randn(8 * len(t["boxes"]), 4, generator=noise))
        for t in task.truths(data)
    ]
    batch = [(data.images, data.targets, proposals)]

    def loss(model: nn.Module, batch: tuple) -> Tensor:
        images, targets, proposals = batch
        return torch.stack(list(model(images, targets, proposals=proposals).values())).sum()

    history = fit(model, loss, batch, steps=60, lr=5e-3, clip_norm=10.0)
    assert history.loss[-1] < 0.5 * history.loss[0]
    with pytest.raises(ValueError, match="proposals are None for 4 images"):
        model(data.images)


def test_backbones_and_anchors_that_do_not_fit_are_named():
    class Uneven(Small):
        channels, strides = (16, 32), (4, 8)

    with pytest.raises(ValueError, match=r"maps of \(16, 32\) channels: put a FeaturePyramid on"):
        FastRCNN(backbone=Uneven(), num_classes=4)
    with pytest.raises(ValueError, match=r"anchor_sizes are \[\[16\], \[32\]\] for 1 maps"):
        FasterRCNN(backbone=Small(), num_classes=4, anchor_sizes=[[16], [32]])


def on_a_pyramid(finest: int) -> FasterRCNN:
    backbone = PyramidBackbone(
        backbone=SmallBackbone(), strides=(8, 16), out_channels=64, finest=finest
    )
    sizes = [[16, 24, 36], [32, 48, 60]][:finest]
    return FasterRCNN(
        backbone=backbone,
        num_classes=8,
        anchor_sizes=sizes,
        aspect_ratios=[1.0],
        bins=5,
        hidden=128,
    )


@pytest.mark.parametrize("finest", [1, 2])
def test_on_the_small_backbone_with_a_pyramid(finest: int):
    model, data = on_a_pyramid(finest), task.examples("val", 2)
    assert sum(weight.numel() for weight in model.parameters()) < 700_000
    assert [tuple(x.shape) for x in model.backbone(data.images)] == [
        (2, 64, 12, 12),
        (2, 64, 6, 6),
    ][:finest]
    losses = model(*data)
    torch.stack(list(losses.values())).sum().backward()
    laterals = model.backbone.pyramid.laterals
    assert all(lateral.weight.grad.abs().sum() > 0 for lateral in laterals)  # the coarse one too
    assert len(model(data.images)) == 2


def test_a_pyramid_names_what_the_backbone_lacks():
    with pytest.raises(ValueError, match=r"strides \[32\] are none of the backbone's"):
        PyramidBackbone(backbone=SmallBackbone(), strides=(8, 32), out_channels=64)
    with pytest.raises(ValueError, match="finest is 3 for 2 maps: give 1 to 2"):
        PyramidBackbone(backbone=SmallBackbone(), strides=(8, 16), out_channels=64, finest=3)
