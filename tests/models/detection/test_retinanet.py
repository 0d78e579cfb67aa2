import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torchvision.models.detection import retinanet_resnet50_fpn

from lookclosely import ops
from lookclosely.models.backbones import SmallBackbone
from lookclosely.models.detection.retinanet import RetinaNet, from_torchvision, like_torchvision

CLASSES = 3


def small(**settings) -> RetinaNet:
    torch.manual_seed(0)
    return RetinaNet(backbone=SmallBackbone(), num_classes=CLASSES, channels=16, **settings)


def some_targets() -> ops.Targets:
    """Two objects, one, none."""
    boxes = torch.tensor(
        [
            [[4.0, 6, 30, 34], [20, 28, 50, 60]],
            [[10, 10, 40, 36], [0, 0, 0, 0]],
            [[0, 0, 0, 0], [0, 0, 0, 0]],
        ]
    )
    return ops.Targets(boxes, torch.tensor([[1, 3], [2, 0], [0, 0]]))


@pytest.fixture(scope="module")
def both() -> tuple[RetinaNet, nn.Module]:
    """Ours and torchvision's with the same random weights, in which some anchors are sure."""
    torch.manual_seed(0)
    library = retinanet_resnet50_fpn(
        weights=None,
        weights_backbone=None,
        num_classes=1 + CLASSES,
        min_size=128,
        image_mean=[0, 0, 0],
        image_std=[1, 1, 1],
    )
    for layer in library.modules():  # normalised by the statistics of one batch
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        library.backbone(torch.rand(4, 3, 128, 128))
    state = library.state_dict()
    last = "head.classification_head.cls_logits"
    state[f"{last}.weight"] = torch.randn_like(state[f"{last}.weight"]) * 0.05
    state[f"{last}.bias"] = torch.full_like(state[f"{last}.bias"], -3)
    state[f"{last}.bias"][:: 1 + CLASSES] = -200  # class 0 is never answered
    for name in ("head.regression_head.bbox_reg.weight", "head.regression_head.bbox_reg.bias"):
        state[name] = torch.randn_like(state[name]) * 0.05
    for name in state:  # so that activations stay large through four layers
        if ".conv." in name and name.endswith("weight") and name.startswith("head"):
            state[name] = state[name] * 2
    library.load_state_dict(state)
    ours = like_torchvision(num_classes=CLASSES)
    ours.load_state_dict(from_torchvision(state))
    return ours.eval(), library.eval()


def test_the_library_s_weights_give_the_library_s_detections(both):
    ours, library = both
    images = torch.rand(2, 3, 128, 256, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        reference, found = library(list(images)), ours(images)
    for mine, theirs in zip(found, reference, strict=True):
        assert len(theirs["scores"]) > 20
        assert mine["labels"].tolist() == theirs["labels"].tolist()
        for part in ("boxes", "scores"):
            assert_close(
                mine[part], theirs[part], rtol=1e-4, atol=1e-3 if part == "boxes" else 1e-4
            )


def test_the_library_s_weights_give_the_library_s_losses(both):
    ours, library = both
    images = torch.rand(3, 3, 128, 128, generator=torch.Generator().manual_seed(2))
    targets = some_targets()
    rows = [
        {"boxes": boxes[labels > 0], "labels": labels[labels > 0]}
        for boxes, labels in zip(targets.boxes, targets.labels)
    ]
    library.train()
    for module in library.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    reference, found = library(list(images), rows), ours(images, targets)
    library.eval()
    assert_close(found["classification"], reference["classification"], rtol=1e-4, atol=1e-5)
    assert_close(found["boxes"], reference["bbox_regression"], rtol=1e-4, atol=1e-5)


def test_the_losses_are_the_paper_s():
    """Anchor by anchor: focal loss of all that are not between, smooth L1 of the positive ones."""
    model, targets = small(), some_targets()
    logits, deltas, anchors = model.predicted(torch.rand(3, 3, 64, 64))
    logits, deltas, every = torch.cat(logits, 1), torch.cat(deltas, 1), torch.cat(anchors)
    found = model.losses(logits, deltas, anchors, targets)
    classes, boxes = logits.new_zeros(()), logits.new_zeros(())
    for image in range(3):
        real = targets.labels[image] > 0
        truth, labels = targets.boxes[image][real], targets.labels[image][real]
        matched = ops.assign(ops.box_iou(truth, every), 0.5, 0.4, keep_best=True)
        count = max(1, int((matched >= 0).sum()))
        for n, box in enumerate(matched.tolist()):
            for k in range(CLASSES):
                wanted = box >= 0 and int(labels[box]) == k + 1
                p = logits[image, n, k].sigmoid()
                right, weight = (p, 0.25) if wanted else (1 - p, 0.75)
                if box != -2:
                    classes = classes - weight * (1 - right) ** 2 * right.log() / count / 3
            if box >= 0:
                error = deltas[image, n] - ops.encode_boxes(truth[box], every[n])
                cost = torch.where(
                    error.abs() < 0.11, error**2 / 0.22, error.abs() - 0.055
                )  # β is 0.11
                boxes = boxes + cost.sum() / count / 3
    assert_close(found["classification"], classes, rtol=1e-4, atol=1e-5)
    assert_close(found["boxes"], boxes, rtol=1e-4, atol=1e-5)


def test_what_stands_in_padding_is_not_read():
    model, images, targets = small(), torch.rand(3, 3, 64, 64), some_targets()
    padded = targets.boxes.where(targets.labels[..., None] > 0, torch.tensor([0.0, 0, 60, 60]))
    found, other = model(images, targets), model(images, targets._replace(boxes=padded))
    for name, value in found.items():
        assert torch.equal(value, other[name])


@pytest.mark.parametrize("size", [(64, 64), (45, 70), (8, 8)])
def test_a_batch_is_its_images(size, device):
    model = small(score_threshold=0.0).to(device).eval()
    images = torch.rand(3, 3, *size, device=device)
    found = model(images)
    for n, one in enumerate(found):
        (alone,) = model(images[n : n + 1])
        assert 0 < len(one["scores"]) <= 100
        assert ((one["boxes"] >= 0) & (one["boxes"] <= max(size))).all()
        assert set(one["labels"].tolist()) <= {1, 2, 3}
        for part, value in one.items():
            assert_close(alone[part], value, rtol=1e-4, atol=1e-3)


def test_images_without_objects_are_learnt_from(device):
    model = small().to(device)
    images = torch.rand(2, 3, 64, 64, device=device)
    labels = torch.zeros(2, 0, dtype=torch.long, device=device)
    found = model(images, ops.Targets(torch.zeros(2, 0, 4, device=device), labels))
    assert found["boxes"] == 0 and found["classification"] > 0
    (found["boxes"] + found["classification"]).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_what_comes_back_depends_on_what_is_given():
    """Not on ``train()`` and ``eval()``."""
    model = small()
    images = torch.rand(3, 3, 64, 64)
    for mode in (True, False):
        model.train(mode)
        assert set(model(images, some_targets())) == {"classification", "boxes"}
        assert [set(one) for one in model(images)] == [{"boxes", "scores", "labels"}] * 3


def test_it_begins_with_a_hundredth():
    model = small()
    logits, _, _ = model.predicted(torch.rand(1, 3, 64, 64))
    share = torch.cat(logits, 1).sigmoid()
    assert 0.005 < share.mean() < 0.02


def test_half_precision_ends_in_full():
    with torch.autocast("cpu", torch.bfloat16):
        found = small()(torch.rand(3, 3, 64, 64), some_targets())
    assert all(value.dtype == torch.float32 for value in found.values())


def test_two_images_are_learnt_by_heart():
    model = small().train()
    images = torch.rand(3, 3, 64, 64) * 0.3
    targets = some_targets()
    for image, boxes, labels in zip(images, targets.boxes, targets.labels):
        for (x1, y1, x2, y2), label in zip(boxes.int().tolist(), labels.tolist()):
            if label:
                image[label - 1, y1:y2, x1:x2] = 1.0
    optimizer, loss = torch.optim.AdamW(model.parameters(), lr=3e-3), torch.zeros(())
    for _ in range(80):
        optimizer.zero_grad()
        loss = torch.stack(list(model(images, targets).values())).sum()
        loss.backward()
        optimizer.step()
    assert loss.detach() < 0.1
    for one, boxes, labels in zip(model(images), targets.boxes, targets.labels, strict=True):
        sure = one["scores"] > 0.5
        assert sorted(one["labels"][sure].tolist()) == sorted(labels[labels > 0].tolist())
        if sure.any():
            iou = ops.box_iou(boxes[labels > 0], one["boxes"][sure])
            assert (iou.amax(1) > 0.75).all()


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: small(strides=(8, 64)), r"strides \[64\] are none of the backbone's"),
        (lambda: small(anchor_sizes=[(16,)]), r"anchor_sizes has \[1\] sizes for 2 levels"),
        (lambda: small(anchor_sizes=[(16,), (16, 32)]), r"anchor_sizes has \[1, 2\]"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
