"""VOC's average precision against its rules written down one by one, and examples by hand."""

import itertools
import math
import time
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from lookclosely.metrics import voc as ours
from lookclosely.metrics.matching import voc_match

Images = list[dict[str, Tensor]]


def image(boxes: list, labels: list[int] | None = None, **more: list) -> dict[str, Tensor]:
    """One dict of a prediction or target; all labels are 1 unless given."""
    table = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    kind = torch.tensor(labels if labels is not None else [1] * len(boxes), dtype=torch.long)
    return {"boxes": table, "labels": kind} | {k: torch.tensor(v) for k, v in more.items()}


A, B, FAR = [0, 0, 10, 10], [20, 20, 30, 30], [60, 60, 70, 70]


# The rules, one by one


def slow_iou(a: list[float], b: list[float], plus: int) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0]) + plus
    height = min(a[3], b[3]) - max(a[1], b[1]) + plus
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(x[2] - x[0] + plus) * (x[3] - x[1] + plus) for x in (a, b)]
    return width * height / (sum(areas) - width * height)


def slow_hits(
    predictions: Images, targets: Images, label: int, threshold: float, plus: int
) -> tuple[list[tuple[int, int]], int]:
    """For each detection by falling score (TP, FP), each 0 or 1, and the number of objects."""
    objects = [
        [
            {"box": box.tolist(), "difficult": bool(hard), "taken": False}
            for box, kind, hard in zip(
                t["boxes"],
                t["labels"],
                t.get("difficult", torch.zeros(len(t["labels"]))),
                strict=True,
            )
            if kind == label
        ]
        for t in targets
    ]
    detections = [
        (float(score), i, box.tolist())
        for i, p in enumerate(predictions)
        for box, score, kind in zip(p["boxes"], p["scores"], p["labels"], strict=True)
        if kind == label
    ]
    hits = []
    for _, i, box in sorted(detections, key=lambda d: -d[0]):  # sorted() keeps ties in order
        best, overlap = None, 0.0
        for candidate in objects[i]:
            if slow_iou(box, candidate["box"], plus) > overlap:
                best, overlap = candidate, slow_iou(box, candidate["box"], plus)
        if best is None or not overlap > threshold or (best["taken"] and not best["difficult"]):
            hits.append((0, 1))
        elif best["difficult"]:
            hits.append((0, 0))
        else:
            best["taken"] = True
            hits.append((1, 0))
    return hits, sum(not o["difficult"] for row in objects for o in row)


def slow_ap(hits: list[tuple[int, int]], positives: int, points: int | None) -> float:
    if positives == 0:
        return math.nan
    tp = fp = 0
    curve = []
    for hit, miss in hits:
        tp, fp = tp + hit, fp + miss
        if tp + fp:
            curve.append((Fraction(tp, positives), Fraction(tp, tp + fp)))

    def envelope(r: Fraction) -> Fraction:
        return max((p for recall, p in curve if recall >= r), default=Fraction(0))

    if points is not None:
        levels = [Fraction(k, points - 1) for k in range(points)]
        return float(sum((envelope(r) for r in levels), Fraction(0)) / points)
    recalls = [Fraction(0), *sorted({r for r, _ in curve})]
    steps = [(r - before) * envelope(r) for before, r in itertools.pairwise(recalls)]
    return float(sum(steps, Fraction(0)))


def random_data(seed: int) -> tuple[Images, Images]:
    """Small whole boxes and coarse scores, so that ties and IoUs of exactly 1/2 are common."""
    g = torch.Generator().manual_seed(seed)

    def draw(high: int, *size: int) -> Tensor:
        return torch.randint(high, size, generator=g)

    predictions, targets = [], []
    for _ in range(int(draw(5)) + 1):
        n, m = int(draw(5)), int(draw(8))
        corner = draw(12, n, 2)
        true = torch.cat([corner, corner + 1 + draw(5, n, 2)], 1)
        if n:
            near = true[draw(n, m)] + draw(3, m, 4) - 1
        else:
            near = torch.tensor([[0, 0, 2, 2]]).expand(m, 4)
        near = torch.cat([near[:, :2], torch.maximum(near[:, 2:], near[:, :2])], 1)
        scale = 1.0 if seed % 2 else 1.37
        targets.append({"boxes": true * scale, "labels": draw(3, n)})
        if seed % 3:
            targets[-1]["difficult"] = draw(4, n) == 0
        predictions.append({"boxes": near * scale, "labels": draw(4, m), "scores": draw(6, m) / 5})
    return predictions, targets


@pytest.mark.parametrize("seed", range(200))
def test_voc_ap_is_the_rules(seed: int):
    predictions, targets = random_data(seed)
    for threshold, points, inclusive in (
        (0.5, 11, True), (0.5, None, True), (0.5, None, False), (0.3, 101, False), (0.0, 11, True),
    ):  # fmt: skip
        result = ours.voc_ap(
            predictions,
            targets,
            iou_threshold=threshold,
            points=points,
            inclusive_pixels=inclusive,
        )
        classes = torch.cat([p["labels"] for p in predictions + targets]).unique().tolist()
        assert list(result.per_class) == classes
        expected = [
            slow_ap(*slow_hits(predictions, targets, k, threshold, int(inclusive)), points)
            for k in classes
        ]
        assert list(result.per_class.values()) == pytest.approx(expected, abs=1e-12, nan_ok=True)
        known = [x for x in expected if not math.isnan(x)]
        mean = sum(known) / len(known) if known else math.nan
        assert result.mean == pytest.approx(mean, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("seed", range(50))
def test_the_curve_is_the_rules(seed: int):
    predictions, targets = random_data(seed)
    for label, curve in ours.voc_ap(predictions, targets).curves.items():
        hits, positives = slow_hits(predictions, targets, label, 0.5, 0)
        tp, fp = np.cumsum([h for h in hits if h != (0, 0)], axis=0).reshape(-1, 2).T
        assert_close(curve.precision, torch.tensor(tp / (tp + fp)))
        assert curve.scores.tolist() == sorted(curve.scores.tolist(), reverse=True)
        if positives:
            assert_close(curve.recall, torch.tensor(tp / positives))


# By hand


def test_right_wrong_right_on_two_objects():
    prediction = image([A, FAR, B], scores=[0.9, 0.8, 0.7])
    result = ours.voc_ap([prediction], [image([A, B])])
    curve = result.curves[1]
    assert curve.precision.tolist() == pytest.approx([1, 1 / 2, 2 / 3])
    assert curve.recall.tolist() == [0.5, 0.5, 1.0]
    # Recalls 0, 0.1, …, 0.5 see precision 1, the five above see 2/3.
    assert result.mean == pytest.approx((6 + 5 * 2 / 3) / 11)
    area = ours.voc_ap([prediction], [image([A, B])], points=None)
    assert area.mean == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    # COCO's 101 recalls
    assert ours.average_precision(curve, 101) == pytest.approx((51 + 50 * 2 / 3) / 101)
    assert round(ours.average_precision(curve, 101), 3) == 0.835


def test_a_duplicate_is_wrong_even_if_another_object_is_free():
    truth = image([[0, 0, 10, 10], [0, 2, 10, 12]])
    twice = image([[0, 0, 10, 10], [0, 0, 10, 10]], scores=[0.9, 0.8])
    matches = voc_match([twice], [truth])  # the second overlaps the free object with 2/3
    assert matches.objects.tolist() == [0, 0]
    assert matches.correct.tolist() == [True, False]


def test_the_higher_score_gets_the_object_wherever_it_stands():
    prediction = image([A, A, A], scores=[0.3, 0.9, 0.9])
    assert voc_match([prediction], [image([A])]).correct.tolist() == [False, True, False]


def test_the_threshold_must_be_exceeded():
    truth = image([[0, 0, 10, 10]])
    half = image([[0, 0, 10, 5]], scores=[0.9])
    assert not voc_match([half], [truth]).correct.any()
    assert voc_match([half], [truth], iou_threshold=0.4999).correct.all()
    # 4 of 6 pixels. In float32 2/3 is rounded up: it would exceed the threshold.
    two_thirds = image([[0, 0, 2, 2]], scores=[0.9])
    truth = image([[0, 0, 2, 3]])
    assert not voc_match([two_thirds], [truth], iou_threshold=2 / 3).correct.any()


def test_difficult_objects_count_neither_way():
    truth = image([A, B], difficult=[True, False])
    prediction = image([A, A, B], scores=[0.9, 0.8, 0.7])
    matches = voc_match([prediction], [truth])
    assert matches.ignored.tolist() == [True, True, False]
    assert matches.correct.tolist() == [False, False, True]
    assert matches.positives == {1: 1}
    assert ours.voc_ap([prediction], [truth]).mean == pytest.approx(1.0)
    as_numbers = {**truth, "difficult": torch.tensor([1, 0])}
    assert ours.voc_ap([prediction], [as_numbers]).mean == pytest.approx(1.0)


def test_a_class_only_matches_itself_and_a_image_too():
    prediction = image([A], [2], scores=[0.9])
    assert not voc_match([prediction], [image([A], [1])]).correct.any()
    nothing = image([], scores=[])
    matches = voc_match([nothing, image([A], scores=[0.9])], [image([A]), image([])])
    assert not matches.correct.any() and matches.images.tolist() == [1]


def test_inclusive_pixels_change_small_boxes():
    truth, prediction = image([[0, 0, 2, 2]]), image([[0, 0, 2, 1]], scores=[0.9])
    inclusive = ours.voc_ap([prediction], [truth], inclusive_pixels=True)  # 6 of 9 pixels
    assert inclusive.mean == pytest.approx(1.0)
    assert ours.voc_ap([prediction], [truth]).mean == 0.0  # 2 of 4


def test_a_box_of_one_pixel_has_an_area_only_if_pixels_are_inclusive():
    point, found = image([[3, 3, 3, 3]]), image([[3, 3, 3, 3]], scores=[0.5])
    assert voc_match([found], [point], inclusive_pixels=True).correct.all()
    assert not voc_match([found], [point]).correct.any()  # 0/0


def test_eleven_points_take_exact_tenths():
    """Three of ten objects reach a recall of 0.3; np.linspace and np.arange ask for a bit more."""
    curve = ours.precision_recall(
        torch.tensor([0.9, 0.8, 0.7]).double(), torch.tensor([True] * 3), positives=10
    )
    assert ours.average_precision(curve, 11) == pytest.approx(4 / 11)
    recall = curve.recall.numpy()
    assert [(recall >= t).any() for t in np.linspace(0, 1, 11)].count(True) == 3
    assert [(recall >= t).any() for t in np.arange(0, 1.1, 0.1)].count(True) == 3


# Nothing, and properties


@pytest.mark.parametrize("points", [None, 11])
@pytest.mark.parametrize("found", [0, 1, 3])
def test_without_objects_there_is_no_average_precision(found: int, points: int | None):
    curve = ours.precision_recall(torch.rand(found), torch.zeros(found).bool(), 0)
    assert curve.positives == 0 and math.isnan(ours.average_precision(curve, points))


def test_nothing_found_and_nothing_there():
    nothing, truth = image([], scores=[]), image([A])
    assert ours.voc_ap([nothing], [truth]).per_class == {1: 0.0}
    assert math.isnan(ours.voc_ap([nothing], [image([])]).mean)
    assert math.isnan(ours.voc_ap([], []).mean)
    only_wrong = ours.voc_ap([image([A], [7], scores=[0.9])], [truth])
    assert only_wrong.per_class[1] == 0.0 and math.isnan(only_wrong.per_class[7])
    assert only_wrong.mean == 0.0  # class 7 has no object to find


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=30), st.integers(0, 5))
def test_properties_of_ap(correct: list[bool], missed: int):
    positives = sum(correct) + missed
    if positives == 0:
        return
    hits = [(int(c), int(not c)) for c in correct]
    scores = torch.linspace(1, 0, len(correct)).double()
    curve = ours.precision_recall(scores, torch.tensor(correct, dtype=torch.bool), positives)
    for points in (2, 11, 101, None):
        ap = ours.average_precision(curve, points)
        assert ap == pytest.approx(slow_ap(hits, positives, points), abs=1e-12)
        assert -1e-12 <= ap <= 1 + 1e-12
    # A finer sum comes close to the area.
    area = ours.average_precision(curve, None)
    assert ours.average_precision(curve, 100_001) == pytest.approx(area, abs=1e-3)


def test_only_the_order_of_scores_matters():
    predictions, targets = random_data(11)
    before = ours.voc_ap(predictions, targets)
    for p in predictions:
        p["scores"] = p["scores"].exp() * 100
    assert ours.voc_ap(predictions, targets).per_class == before.per_class


def test_low_precision_tensors_and_extra_entries_are_fine():
    predictions, targets = random_data(4)
    half = [{**p, "scores": p["scores"].half(), "masks": None} for p in predictions]
    whole = [{**t, "labels": t["labels"].int(), "image_id": 3} for t in targets]
    assert ours.voc_ap(half, whole).mean == ours.voc_ap(predictions, targets).mean


def test_each_device_gives_the_same(device: torch.device):
    predictions, targets = random_data(5)
    moved = [{k: v.to(device) for k, v in p.items()} for p in predictions]
    # The truth may stay where it is: a data set is on the CPU, a model's output is not.
    assert ours.voc_ap(moved, targets).per_class == pytest.approx(
        ours.voc_ap(predictions, targets).per_class, nan_ok=True
    )


def test_detections_may_carry_gradients():
    prediction, truth = image([A, B], scores=[0.9, 0.8]), image([A, B])
    for key in ("boxes", "scores"):
        prediction[key].requires_grad_()
    assert ours.voc_ap([prediction], [truth], points=None).mean == 1.0


def test_five_hundred_images_of_a_hundred_detections():
    g = torch.Generator().manual_seed(0)

    def draw(n: int) -> dict[str, Tensor]:
        corner, size = torch.rand(2, n, 2, generator=g) * 200
        boxes, labels = torch.cat([corner, corner + size], 1), torch.randint(20, (n,), generator=g)
        return {"boxes": boxes, "labels": labels, "scores": torch.rand(n, generator=g)}

    predictions, targets = [draw(100) for _ in range(500)], [draw(10) for _ in range(500)]
    start = time.process_time()
    result = ours.voc_ap(predictions, targets)
    assert time.process_time() - start < 10  # 0.3 s on an idle core
    assert len(result.per_class) == 20 and 0 < result.mean < 0.2


# Bad input

GOOD = (image([A, B], scores=[0.9, 0.8]), image([A, B]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores": None}, r"predictions\[0\] has no 'scores': it needs boxes, scores, labels"),
        ({"scores": [0.9]}, r"predictions\[0\]\['scores'\] has shape \(1,\), but there are 2"),
        ({"scores": [[0.9], [0.8]]}, r"predictions\[0\]\['scores'\] has shape \(2, 1\)"),
        ({"scores": [0.9, math.nan]}, r"predictions\[0\]\['scores'\] has a value that is not fin"),
        ({"labels": [1, 1, 1]}, r"predictions\[0\]\['labels'\] has shape \(3,\)"),
        ({"boxes": [0.0] * 4}, r"predictions\[0\]\['boxes'\] has shape \(4,\): it must be \(N, 4"),
        ({"boxes": [[5.0, 0, 1, 1], A]}, r"predictions\[0\]\['boxes'\] must be finite .* x1 <= x2"),
        ({"boxes": [[math.inf] * 4, A]}, r"predictions\[0\]\['boxes'\] must be finite"),
    ],
)
def test_bad_predictions(change: dict, message: str):
    kept = {k: v for k, v in GOOD[0].items() if k not in change}
    new = {k: torch.tensor(v) for k, v in change.items() if v is not None}
    with pytest.raises(ValueError, match=message):
        ours.voc_ap([kept | new], [GOOD[1]])


def test_bad_targets_and_arguments():
    with pytest.raises(ValueError, match=r"targets\[1\] has no 'labels'"):
        ours.voc_ap([GOOD[0]] * 2, [GOOD[1], {"boxes": torch.zeros(0, 4)}])
    with pytest.raises(ValueError, match=r"targets\[0\]\['difficult'\] has shape \(1,\)"):
        ours.voc_ap([GOOD[0]], [GOOD[1] | {"difficult": torch.tensor([True])}])
    with pytest.raises(ValueError, match="predictions has 1 images, but targets 2"):
        ours.voc_ap([GOOD[0]], [GOOD[1]] * 2)
    for threshold in (1.0, -0.1, math.nan):
        with pytest.raises(ValueError, match="iou_threshold is"):
            ours.voc_ap([GOOD[0]], [GOOD[1]], iou_threshold=threshold)
    with pytest.raises(ValueError, match="points is 1"):
        ours.voc_ap([GOOD[0]], [GOOD[1]], points=1)
    with pytest.raises(ValueError, match="positives is 1, but 2 detections are correct"):
        ours.precision_recall(torch.ones(2), torch.tensor([True, True]), 1)
