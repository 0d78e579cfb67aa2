from types import SimpleNamespace
from typing import Any

import pytest
import random_boxes
import torch
from accelerate import Accelerator
from hypothesis import given
from hypothesis import strategies as st
from parity import DTYPES, assert_close
from random_boxes import slow_iou
from torch import Tensor
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.models.detection.ssd import SSD

from lookclosely import ops
from lookclosely.train._batches import share

SIZE = (40, 50)
PARTS = ("boxes", "scores", "labels")


def slow_filter_detections(
    boxes: Tensor,
    scores: Tensor,
    labels: Tensor,
    size: tuple[int, int],
    score_threshold: float,
    candidates: int | None,
    min_size: float,
    iou_threshold: float,
    max_detections: int,
) -> list[list]:
    """One box after another: boxes, scores and labels of those that are answered."""
    rows = []
    for (x1, y1, x2, y2), score, label in zip(boxes.tolist(), scores.tolist(), labels.tolist()):
        x1, x2 = (min(max(x, 0), size[1]) for x in (x1, x2))
        y1, y2 = (min(max(y, 0), size[0]) for y in (y1, y2))
        rows.append(([x1, y1, x2, y2], score, label))
    rows.sort(key=lambda row: -row[1])
    kept: list[tuple] = []
    taken: dict[int, int] = {}
    for corners, score, label in rows:
        if score <= score_threshold:
            continue
        taken[label] = taken.get(label, 0) + 1
        if candidates is not None and taken[label] > candidates:
            continue
        if min(corners[2] - corners[0], corners[3] - corners[1]) < min_size:
            continue
        better = [box for box, _, other in kept if other == label]
        if not any(overlap(corners, box) > iou_threshold for box in better):
            kept.append((corners, score, label))
    return [list(part) for part in zip(*kept[:max_detections])] or [[], [], []]


def overlap(a: list[float], b: list[float]) -> float:
    """The IoU; two boxes without area have none, and do not suppress each other."""
    return slow_iou(a, b) if any(x[2] > x[0] and x[3] > x[1] for x in (a, b)) else 0.0


def scored(seed: int, dtype: torch.dtype, device: torch.device, classes: int = 4):
    """Boxes (N, classes, 4), partly outside of the image, and scores (N, classes) without ties."""
    generator = torch.Generator().manual_seed(seed)
    n = int(torch.randint(0, 40, (1,), generator=generator))
    boxes = random_boxes.boxes(n * classes, generator, spread=60).reshape(n, classes, 4)
    logits = torch.randn(n, classes, generator=generator, dtype=torch.float64)
    return boxes.to(device, dtype), logits.to(device, dtype)


def assert_same(ours: dict, reference: dict) -> None:
    assert list(ours) == list(PARTS)
    for part in PARTS:
        assert_close(ours[part], reference[part])


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_two_stage_detector_s_are_the_library_s(dtype, device):
    library: Any = SimpleNamespace(score_thresh=0.2, nms_thresh=0.4, detections_per_img=12)
    for seed in range(50):
        boxes, logits = scored(seed, dtype, device)
        library.box_coder = SimpleNamespace(decode=lambda deltas, proposals, boxes=boxes: boxes)
        reference = RoIHeads.postprocess_detections(
            library, logits, boxes, [boxes[:, 0]], [SIZE]
        )  # class 0 is the background
        n, classes = logits.shape
        labels = torch.arange(1, classes, device=device).repeat(n)
        ours = ops.filter_detections(
            boxes[:, 1:].reshape(-1, 4),
            logits.softmax(1)[:, 1:].flatten(),
            labels,
            SIZE,
            score_threshold=0.2,
            min_size=0.01,
            iou_threshold=0.4,
            max_detections=12,
        )
        assert_same(ours, dict(zip(PARTS, (part[0] for part in reference))))


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_stage_s_are_the_library_s(dtype, device):
    library: Any = SimpleNamespace(
        score_thresh=0.1, nms_thresh=0.5, topk_candidates=5, detections_per_img=20
    )
    for seed in range(50):
        boxes, logits = scored(seed, dtype, device)
        boxes = boxes[:, 0]
        library.box_coder = SimpleNamespace(decode_single=lambda deltas, anchors: deltas)
        outputs = {"cls_logits": logits[None], "bbox_regression": boxes[None]}
        (reference,) = SSD.postprocess_detections(library, outputs, [boxes], [SIZE])
        n, classes = logits.shape
        ours = ops.filter_detections(
            boxes.repeat_interleave(classes - 1, dim=0),
            logits.softmax(1)[:, 1:].flatten(),
            torch.arange(1, classes, device=device).repeat(n),
            SIZE,
            score_threshold=0.1,
            candidates=5,
            max_detections=20,
        )
        assert_same(ours, reference)


@pytest.mark.parametrize("dtype", DTYPES)
def test_proposals_are_the_library_s(dtype, device):
    library: Any = SimpleNamespace(
        training=False,
        _pre_nms_top_n={"testing": 7},
        _post_nms_top_n={"testing": 10},
        pre_nms_top_n=lambda: 7,
        post_nms_top_n=lambda: 10,
        min_size=2.0,
        score_thresh=0.0,
        nms_thresh=0.7,
    )
    library._get_top_n_idx = lambda *given: RegionProposalNetwork._get_top_n_idx(library, *given)
    for seed in range(50):
        boxes, logits = scored(seed, dtype, device)
        if not len(boxes):
            continue
        boxes, logits = boxes.transpose(0, 1), logits.T  # level by level
        levels, n = logits.shape
        given = boxes.reshape(1, -1, 4), logits.reshape(1, -1)
        reference = RegionProposalNetwork.filter_proposals(library, *given, [SIZE], [n] * levels)
        ours = ops.filter_detections(
            given[0][0],
            given[1][0].sigmoid(),
            torch.arange(levels, device=device).repeat_interleave(n),
            SIZE,
            score_threshold=-1,
            candidates=7,
            min_size=2,
            iou_threshold=0.7,
            max_detections=10,
        )
        assert_close(ours["boxes"], reference[0][0])
        assert_close(ours["scores"], reference[1][0])


coordinate, side = st.integers(-8, 30), st.integers(0, 20)
box = st.builds(lambda x, y, w, h: [x, y, x + w, y + h], coordinate, coordinate, side, side)
found = st.lists(st.tuples(box, st.integers(0, 9), st.integers(1, 3)), max_size=12)


@given(found, st.sampled_from([None, 0, 1, 3]), st.sampled_from([0, 1, 4]), st.integers(0, 9))
def test_they_are_the_five_steps(rows, candidates, min_size, most):
    boxes = torch.tensor([row[0] for row in rows]).reshape(-1, 4).double()
    scores = torch.tensor([row[1] / 10 for row in rows]).double()
    labels = torch.tensor([row[2] for row in rows]).long()
    ours = ops.filter_detections(
        boxes,
        scores,
        labels,
        (20, 24),
        score_threshold=0.25,
        candidates=candidates,
        min_size=min_size,
        iou_threshold=0.5012,
        max_detections=most,
    )
    loop = slow_filter_detections(
        boxes, scores, labels, (20, 24), 0.25, candidates, min_size, 0.5012, most
    )
    assert [ours[part].tolist() for part in PARTS] == loop


def test_nothing_is_found_in_nothing(device):
    boxes, scores = torch.zeros(0, 4, device=device), torch.zeros(0, device=device)
    for candidates in (None, 3):
        ours = ops.filter_detections(boxes, scores, scores.long(), SIZE, candidates=candidates)
        assert [len(ours[part]) for part in PARTS] == [0, 0, 0]
        assert ours["boxes"].shape == (0, 4) and ours["labels"].dtype == torch.int64


def test_what_is_not_a_number_is_not_answered():
    boxes = torch.tensor([[0, 0, 9, 9], [0, 0, float("nan"), 9], [20, 20, 29, 29]])
    scores, labels = torch.tensor([0.9, 0.8, float("nan")]), torch.ones(3).long()
    ours = ops.filter_detections(boxes, scores, labels, SIZE)
    assert ours["boxes"].tolist() == [[0, 0, 9, 9]]


def test_gradients_reach_boxes_and_scores():
    boxes = torch.tensor([[1.0, 2, 9, 8], [20, 20, 31, 29], [1, 2, 9, 9]], requires_grad=True)
    scores = torch.tensor([0.9, 0.8, 0.7], requires_grad=True)
    ours = ops.filter_detections(boxes, scores, torch.ones(len(boxes)).long(), SIZE)
    (ours["boxes"].sum() + ours["scores"].sum()).backward()
    assert boxes.grad is not None and boxes.grad.tolist() == [[1] * 4, [1] * 4, [0] * 4]
    assert scores.grad is not None and scores.grad.tolist() == [1, 1, 0]


def test_targets_are_shared_among_processes_with_what_they_lack():
    targets = ops.Targets(torch.zeros(2, 3, 4), torch.zeros(2, 3).long())
    shared = share((torch.zeros(2, 3, 8, 8), targets), Accelerator(cpu=True))[1]
    assert isinstance(shared, ops.Targets)
    assert shared.masks is None and shared.keypoints is None
    assert shared.boxes.shape == (2, 3, 4)


B, S, L = torch.zeros(3, 4), torch.zeros(3), torch.zeros(3).long()


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.filter_detections(B[:, :3], S, L, SIZE), r"boxes .* \(3, 3\)"),
        (lambda: ops.filter_detections(B, S[:2], L, SIZE), r"scores must be \(3,\)"),
        (lambda: ops.filter_detections(B, S, L[:1], SIZE), r"labels must be \(3,\)"),
        (lambda: ops.filter_detections(B, S, L, (-1, 5)), "size"),
        (lambda: ops.filter_detections(B, S, L, SIZE, candidates=-1), "candidates is -1"),
        (lambda: ops.filter_detections(B, S, L, SIZE, max_detections=-2), "max_detections"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
