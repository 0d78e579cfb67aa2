"""COCO's average precision against pycocotools, and by hand."""

import math
import time

import pytest
import torch
from coco_reference import NAMES, Chance, pycocotools, twelve, with_masks
from torch import Tensor

from lookclosely.metrics import CocoScores, ap_by_size, coco_evaluate

A, B, FAR = [0, 0, 10, 10], [20, 20, 30, 30], [60, 60, 70, 70]
SHAPE = (160, 200)


def image(boxes: list, labels: list[int] | None = None, **more: list) -> dict[str, Tensor]:
    """One dict of a prediction or target; all labels are 1 unless given."""
    table = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    kind = torch.tensor(labels if labels is not None else [1] * len(boxes), dtype=torch.long)
    return {"boxes": table, "labels": kind} | {k: torch.tensor(v) for k, v in more.items()}


def numbers(result: CocoScores) -> dict[str, float]:
    return {name: getattr(result, name) for name in NAMES}


# pycocotools


@pytest.mark.parametrize("seed", range(200))
def test_boxes_as_pycocotools(seed: int):
    predictions, targets = Chance(seed).data()
    if not sum(len(p["labels"]) for p in predictions):
        pytest.skip("pycocotools cannot load no detections")
    expected = twelve(predictions, targets)
    assert numbers(coco_evaluate(predictions, targets)) == pytest.approx(
        expected, abs=1e-9, nan_ok=True
    )


@pytest.mark.parametrize("seed", range(1, 41))
def test_masks_as_pycocotools(seed: int):
    chance = Chance(seed)
    predictions, targets = (with_masks(x, chance.generator, SHAPE) for x in chance.data())
    expected = twelve(predictions, targets, "segm")
    assert numbers(coco_evaluate(predictions, targets, iou_type="segm")) == pytest.approx(
        expected, abs=1e-9, nan_ok=True
    )


def test_random_data_meet_the_rules():
    """What the comparison rests on: crowds, ties, exact sizes, empty images, many detections."""
    sets = [Chance(seed).data() for seed in range(200)]
    predictions = [p for found, _ in sets for p in found]
    targets = [t for _, truth in sets for t in truth]
    assert max(int(p["labels"].bincount().max()) for p in predictions if len(p["labels"])) > 100
    assert any(len(t["labels"]) == 0 for t in targets)
    assert sum(int(t["iscrowd"].sum()) for t in targets if "iscrowd" in t) > 100
    assert sum(len(p["scores"]) - len(p["scores"].unique()) for p in predictions) > 1000
    areas = [(t["boxes"][:, 2:] - t["boxes"][:, :2]).prod(1) for t in targets]
    assert int((torch.cat(areas) == 32**2).sum()) > 20


@pytest.mark.parametrize("seed", range(8))
def test_each_class_as_pycocotools(seed: int):
    predictions, targets = Chance(seed).data()
    evaluation = pycocotools(predictions, targets)
    result = coco_evaluate(predictions, targets)
    for number, label in enumerate(evaluation.params.catIds):
        precision = evaluation.eval["precision"][:, :, number, 0, 2]
        expected = (
            [precision.mean(), precision[0].mean()] if precision.max() >= 0 else [math.nan] * 2
        )
        found = [result.per_class[int(label)], result.per_class_ap50[int(label)]]
        assert found == pytest.approx(expected, abs=1e-9, nan_ok=True)


# By hand


def test_right_wrong_right_on_two_objects():
    prediction = image([A, FAR, B], scores=[0.9, 0.8, 0.7])
    result = coco_evaluate([prediction], [image([A, B])])
    # 51 recalls up to 1/2 see precision 1, the 50 above see 2/3.
    assert result.ap == pytest.approx((51 + 50 * 2 / 3) / 101)
    assert round(result.ap, 3) == 0.835
    assert result.ar1 == 0.5 and result.ar10 == result.ar100 == 1.0
    assert result.aps == pytest.approx(result.ap) and math.isnan(result.apl)


def test_an_overlap_of_exactly_the_threshold_is_enough():
    half = image([[0, 0, 10, 5]], scores=[0.9])
    result = coco_evaluate([half], [image([A])])
    assert result.ap50 == pytest.approx(1.0) and result.ap75 == 0.0
    assert result.ap == pytest.approx(0.1)  # 0.50 of 0.50, 0.55, …, 0.95


def test_a_detection_takes_the_best_object_that_is_free():
    truth = image([[0, 0, 10, 10], [0, 2, 10, 12]])
    twice = image([[0, 0, 10, 10], [0, 0, 10, 10]], scores=[0.9, 0.8])
    result = coco_evaluate([twice], [truth])  # the second has 8/12 with the other object
    assert result.ap50 == pytest.approx(1.0) and result.ap75 == pytest.approx(51 / 101)


def test_a_crowd_is_ignored_and_takes_any_number():
    truth = image([[0, 0, 50, 50], [60, 0, 70, 10]], iscrowd=[1, 0])
    inside = image([[0, 0, 10, 10], [20, 20, 30, 30], [60, 0, 70, 10]], scores=[0.9, 0.8, 0.7])
    assert coco_evaluate([inside], [truth]).ap == pytest.approx(1.0)
    without = {k: v for k, v in truth.items() if k != "iscrowd"}
    assert coco_evaluate([inside], [without]).ap50 < 0.5


def test_an_object_of_32_by_32_is_small_and_medium():
    box = [0, 0, 32, 32]
    result = coco_evaluate([image([box], scores=[0.5])], [image([box])])
    assert result.aps == result.apm == pytest.approx(1.0) and math.isnan(result.apl)


def test_the_area_of_a_target_may_be_given():
    target = image([A], area=[100.0**2])
    result = coco_evaluate([image([A], scores=[0.5])], [target])
    assert math.isnan(result.aps) and result.apl == pytest.approx(1.0)


def test_of_two_objects_in_one_box_both_are_found():
    result = coco_evaluate([image([A, A], scores=[0.9, 0.8])], [image([A, A])])
    assert result.ap == pytest.approx(1.0)


def test_masks_are_compared_and_not_their_boxes():
    upper = torch.ones(1, 20, 20).triu(1) > 0
    lower = torch.ones(1, 20, 20).tril(-1) > 0
    box = torch.tensor([[0.0, 0.0, 20.0, 20.0]])
    one, label = torch.tensor([0.5]), torch.tensor([1])
    found = {"boxes": box, "masks": upper, "scores": one, "labels": label}
    truth = {"boxes": box, "masks": lower, "labels": label}
    assert coco_evaluate([found], [truth]).ap == pytest.approx(1.0)
    assert coco_evaluate([found], [truth], iou_type="segm").ap == 0.0
    assert coco_evaluate([found], [truth | {"masks": upper}], iou_type="segm").ap == (
        pytest.approx(1.0)
    )


# By size


def test_ap_by_size_as_coco_s():
    for seed in range(10):
        predictions, targets = Chance(seed).data()
        result = coco_evaluate(predictions, targets)
        expected = [result.aps, result.apm, result.apl]
        assert ap_by_size(predictions, targets, (32.0, 96.0)) == pytest.approx(
            expected, nan_ok=True
        )


def test_ap_by_size_has_as_many_ranges_as_one_wants():
    sides = [5, 15, 25]
    truth = image([[100 * k, 0, 100 * k + side, side] for k, side in enumerate(sides)])
    found = image(truth["boxes"][:2].tolist(), scores=[0.9, 0.8])
    assert ap_by_size([found], [truth], (10, 20)) == pytest.approx([1, 1, 0])
    assert ap_by_size([found], [truth], ()) == pytest.approx([67 / 101])
    assert math.isnan(ap_by_size([found], [truth], (10, 12))[1])


# Nothing, and properties


def test_nothing_found_and_nothing_there():
    nothing, truth = image([], scores=[]), image([A])
    result = coco_evaluate([nothing], [truth])
    assert result.ap == result.ar100 == 0.0 and result.per_class == {1: 0.0}
    for found in (nothing, image([A], scores=[0.9])):
        assert all(map(math.isnan, numbers(coco_evaluate([found], [image([])])).values()))
    assert math.isnan(coco_evaluate([], []).ap)
    masks = torch.zeros(0, *SHAPE, dtype=torch.bool)
    empty = {"masks": masks, "labels": torch.zeros(0).long()}
    found = empty | {"scores": torch.zeros(0)}
    assert math.isnan(coco_evaluate([found], [empty], iou_type="segm").ap)


def test_a_class_without_objects_is_nan_and_not_in_the_mean():
    result = coco_evaluate([image([A, A], [1, 7], scores=[0.9, 0.8])], [image([A])])
    assert result.ap == pytest.approx(1.0) and math.isnan(result.per_class[7])


def test_boxes_without_area_find_nothing():
    point = image([[3, 3, 3, 3]], scores=[0.5])
    assert coco_evaluate([point], [image([[3, 3, 3, 3]])]).ap == 0.0
    crowd = image([A], iscrowd=[1])
    assert math.isnan(coco_evaluate([point], [crowd]).ap)


def test_only_the_order_of_scores_matters():
    predictions, targets = Chance(11).data()
    before = numbers(coco_evaluate(predictions, targets))
    for p in predictions:
        p["scores"] = p["scores"].double().exp() * 100
    assert numbers(coco_evaluate(predictions, targets)) == pytest.approx(before, nan_ok=True)


def test_types_and_extra_entries():
    predictions, targets = Chance(6).data()
    other = [{**p, "labels": p["labels"].int(), "masks": None} for p in predictions]
    whole = [{**t, "boxes": t["boxes"].double(), "image_id": 3} for t in targets]
    crowds = [{**t, "iscrowd": t["iscrowd"].bool()} if "iscrowd" in t else t for t in whole]
    expected = numbers(coco_evaluate(predictions, targets))
    assert numbers(coco_evaluate(other, crowds)) == pytest.approx(expected, nan_ok=True)


def test_masks_may_be_of_0_and_1():
    chance = Chance(5)
    predictions, targets = (with_masks(x, chance.generator, SHAPE) for x in chance.data())
    expected = numbers(coco_evaluate(predictions, targets, iou_type="segm"))
    bytes_ = [{**t, "masks": t["masks"].byte()} for t in targets]
    assert numbers(coco_evaluate(predictions, bytes_, iou_type="segm")) == pytest.approx(
        expected, nan_ok=True
    )


def test_each_device_gives_the_same(device: torch.device):
    predictions, targets = Chance(5).data()
    moved = [{k: v.to(device) for k, v in p.items()} for p in predictions]
    expected = numbers(coco_evaluate(predictions, targets))
    assert numbers(coco_evaluate(moved, targets)) == pytest.approx(expected, nan_ok=True)


def test_detections_may_carry_gradients():
    prediction = image([A, B], scores=[0.9, 0.8])
    for key in ("boxes", "scores"):
        prediction[key].requires_grad_()
    assert coco_evaluate([prediction], [image([A, B])]).ap == pytest.approx(1.0)


def test_many_detections_of_one_image_take_little_memory():
    """100 of a class meet 300 truths in each of 20 images: 600,000 pairs, in parts."""
    chance = Chance(1)
    truth = [image(chance.boxes(300).tolist()) for _ in range(20)]
    found = [t | {"scores": chance.share(300)} for t in truth]
    start = time.process_time()
    result = coco_evaluate(found, truth)
    assert time.process_time() - start < 10  # 0.3 s on an idle core
    assert result.ar100 == pytest.approx(1 / 3, abs=0.02)


# Bad input

GOOD = (image([A, B], scores=[0.9, 0.8]), image([A, B]))
MASKS = torch.ones(2, 4, 5, dtype=torch.bool)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores": None}, r"predictions\[0\] has no 'scores': it needs boxes, scores, labels"),
        ({"scores": [0.9]}, r"predictions\[0\]\['scores'\] has shape \(1,\), but there are 2"),
        ({"scores": [0.9, math.nan]}, r"predictions\[0\]\['scores'\] has a value that is not fin"),
        ({"boxes": [0.0] * 4}, r"predictions\[0\]\['boxes'\] has shape \(4,\): it must be \(N, 4"),
        ({"boxes": [[5.0, 0, 1, 1], A]}, r"predictions\[0\]\['boxes'\] must be finite .* x1 <= x2"),
    ],
)
def test_bad_predictions(change: dict, message: str):
    kept = {k: v for k, v in GOOD[0].items() if k not in change}
    new = {k: torch.tensor(v) for k, v in change.items() if v is not None}
    with pytest.raises(ValueError, match=message):
        coco_evaluate([kept | new], [GOOD[1]])


def test_bad_targets_and_arguments():
    with pytest.raises(ValueError, match="predictions has 1 images, but targets 2"):
        coco_evaluate([GOOD[0]], [GOOD[1]] * 2)
    with pytest.raises(ValueError, match="iou_type is 'keypoints': give 'bbox' or 'segm'"):
        coco_evaluate([GOOD[0]], [GOOD[1]], iou_type="keypoints")
    for key in ("area", "iscrowd"):
        with pytest.raises(ValueError, match=rf"targets\[0\]\['{key}'\] has shape \(1,\)"):
            coco_evaluate([GOOD[0]], [GOOD[1] | {key: torch.tensor([1])}])
    with pytest.raises(ValueError, match=r"targets\[0\]\['area'\] has a value that is not finite"):
        coco_evaluate([GOOD[0]], [GOOD[1] | {"area": torch.tensor([1.0, math.nan])}])
    for limits in ((20, 10), (-1,), (math.nan,)):
        with pytest.raises(ValueError, match="limits"):
            ap_by_size([GOOD[0]], [GOOD[1]], limits)


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (None, r"predictions\[0\] has no 'masks': it needs masks, scores, labels"),
        (MASKS.float(), r"predictions\[0\]\['masks'\] is torch.float32: .* masks > 0.5"),
        (MASKS[:, None], r"predictions\[0\]\['masks'\] has shape \(2, 1, 4, 5\): .*\(N, H, W\)"),
        (MASKS[:1], r"predictions\[0\]\['masks'\] has shape \(1, 4, 5\), but there are 2 labels"),
        (MASKS[:, :3], r"predictions\[0\]\['masks'\] are 3 × 5 pixels, but targets\[0\]"),
        (3 * MASKS.byte(), r"predictions\[0\]\['masks'\] .* 0 and 1"),
    ],
)
def test_bad_masks(masks: Tensor | None, message: str):
    found = {"scores": torch.rand(2), "labels": torch.ones(2).long()}
    truth = {"masks": MASKS, "labels": torch.ones(2).long()}
    found = found if masks is None else found | {"masks": masks}
    with pytest.raises(ValueError, match=message):
        coco_evaluate([found], [truth], iou_type="segm")
