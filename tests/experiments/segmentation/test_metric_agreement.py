"""What the comparison of metrics is made of: checkpoints, rankings, and the pairs in dispute."""

import pytest
import torch

from lookclosely.experiments.segmentation import _checkpoints as checkpoints
from lookclosely.experiments.segmentation import metric_agreement as task
from lookclosely.tasks import rankings
from lookclosely.tasks import scene_labelling as labelling


def test_snapshots_are_the_weights_of_their_step():
    train = labelling.labelled("train", 8)
    variant = checkpoints.Variant("tiny", channels=(4,), kind="flat")
    config = task.Config(snapshots=(1, 3, 5), batch=2, precision="no")
    model, states, losses = checkpoints.train_one(variant, train, config, 0, "cpu")
    assert list(states) == [1, 3, 5] and len(losses) == 5
    assert all(int(state["0.1.num_batches_tracked"]) == step for step, state in states.items())
    assert torch.equal(states[5]["1.weight"], model.state_dict()["1.weight"])
    assert not torch.equal(states[1]["1.weight"], states[3]["1.weight"])


def test_networks_are_what_their_names_say():
    x = torch.zeros(1, 3, 16, 16)
    for kind in ("unet", "no skips", "flat"):
        net = checkpoints.network(checkpoints.Variant("x", channels=(4, 8), kind=kind)).eval()
        assert net(x).shape == (1, 8, 16, 16)


def test_class_weights_favour_rare_classes_and_keep_the_scale():
    labels = torch.zeros(1, 10, 10, dtype=torch.long)
    labels[0, 0] = 1
    weight = checkpoints.class_weights(labels)
    assert weight[1] / weight[0] == pytest.approx(3)  # the root of 90 / 10
    assert (0.9 * weight[0] + 0.1 * weight[1]).item() == pytest.approx(1)


ROWS = [
    {"step": 1, **dict.fromkeys(task.NAMES, 0.1)},
    {"step": 1, **dict.fromkeys(task.NAMES, 0.5)},
    {"step": 2, **dict.fromkeys(task.NAMES, 0.6), "miou": 0.2},
    {"step": 2, **dict.fromkeys(task.NAMES, 0.4), "miou": 0.9},
]


def test_the_pair_in_dispute_is_found_and_put_in_order():
    assert rankings.disagreement(ROWS, "pixel_accuracy", "miou") == (2, 3)
    assert rankings.disagreement(ROWS, "miou", "pixel_accuracy") == (3, 2)


def test_the_trained_networks_are_those_of_the_last_step():
    assert rankings.trained(ROWS) == ROWS[2:]


def test_agreement_counts_pairs():
    tau = rankings.agreement(ROWS, task.NAMES)
    assert tau["mdice"]["boundary_f"] == 1.0
    assert tau["pixel_accuracy"]["miou"] == tau["miou"]["pixel_accuracy"]
    # pairs 01, 02, 03 agree; 12, 13 and 23 do not
    assert tau["pixel_accuracy"]["miou"] == pytest.approx(0.0)
    assert rankings.agreement(ROWS, task.NAMES, same_step=True)["pixel_accuracy"][
        "miou"
    ] == pytest.approx(0.0)


def test_every_metric_is_1_for_the_truth_and_blind_to_nothing_but_the_background():
    _, labels = labelling.labelled("val", 6)
    assert set(task.score(labels, labels).values()) == {1.0}
    background = task.score(labels * 0, labels)
    assert background["pixel_accuracy"] > 0.5 > background["image_miou"]
    assert background["boundary_f"] == 0.0
    assert background["mean_precision"] == background["pixel_accuracy"]  # others are never said
