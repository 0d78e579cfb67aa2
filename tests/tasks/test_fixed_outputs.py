import pytest
import torch

from lookclosely import ops
from lookclosely.data import bccd
from lookclosely.experiments.looking import task_weight
from lookclosely.tasks import fixed_outputs as task


def test_objects_have_one_class_and_one_box_inside_the_image():
    data = task.objects("train", 12)
    assert data.images.shape == (12, 3, 48, 48) and data.coordinates.shape == (12, 4)
    assert len(data.classes.unique()) > 1 and int(data.classes.max()) < len(task.OBJECTS)
    corners = ops.box_convert(data.coordinates, "cxcywh", "xyxy")
    assert corners.min() >= 0 and corners.max() <= 1


def test_figures_have_all_joints_inside_the_image():
    data = task.figures("train", 12)
    assert data.coordinates.shape == (12, 28)
    assert data.coordinates.min() > 0 and data.coordinates.max() < 1


def test_a_window_holds_its_cell_and_no_other():
    boxes = torch.tensor([[100.0, 100, 200, 200], [230, 100, 260, 130], [0, 0, 300, 300]])
    g = torch.Generator().manual_seed(0)
    for _ in range(50):
        corner = task._corner(boxes[:2], 0, 120, g)
        assert corner is not None
        x, y = corner
        assert 80 <= x <= 100 and 80 <= y <= 100
    assert task._corner(boxes[2:], 0, 240, g) is None, "larger than the window"
    assert task._corner(boxes[[0, 0]], 0, 120, g) is None, "two in one place"


def test_cells_lie_inside_their_windows(at_hand):
    at_hand(bccd.SOURCE)
    data = task.cells("val", 1)
    corners = ops.box_convert(data.coordinates, "cxcywh", "xyxy")
    assert corners.min() >= -1e-6 and corners.max() <= 1 + 1e-6
    assert data.images.shape[1:] == (3, 48, 48) and set(data.classes.tolist()) == {0, 1}


def test_scores_want_both_class_and_box():
    data = task.objects("train", 4)
    logits = torch.eye(4)[data.classes]
    assert set(task.scores(logits, data.coordinates, data).values()) == {1.0}
    moved = data.coordinates.clone()
    moved[0] += 1  # elsewhere
    moved[1, 2:] *= -1  # no area
    assert task.pair_iou(moved, data.coordinates).tolist() == pytest.approx([0, 0, 1, 1])
    logits[2] = -logits[2]
    found = task.scores(logits, moved, data)
    assert found == pytest.approx({"accuracy": 0.75, "iou": 0.5, "localization": 0.25})


def test_ranks_and_choice():
    def row(loss, metric):
        scores = dict.fromkeys(task_weight.METRICS, metric) | {"total_loss": loss}
        return {"val": scores, "test": scores}

    rows = {"0.1": row(1.0, 0.2), "1.0": row(2.0, 0.6), "10.0": row(3.0, 0.5)}
    assert task_weight.ranks(rows, "test")["iou"] == pytest.approx(-1 / 3)
    expected = {"by_loss": 0.1, "by_metric": 1.0, "test_by_loss": 0.2, "test_by_metric": 0.6}
    assert task_weight.choice(rows) == expected
    same = {"0.1": row(1.0, 0.2), "1.0": row(2.0, 0.2)}
    assert task_weight.ranks(same, "test")["iou"] == 0
