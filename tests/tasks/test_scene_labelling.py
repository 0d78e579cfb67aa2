import pytest
import torch
from torch import nn

from lookclosely.tasks import scene_labelling as task


def test_splits_differ_and_are_the_same_each_time():
    train, val = task.labelled("train", 3), task.labelled("val", 3)
    assert train[0].shape == (3, 3, 64, 64) and train[1].shape == (3, 64, 64)
    assert not torch.equal(train[0], val[0])
    task.labelled.cache_clear()
    assert torch.equal(task.labelled("train", 3)[0], train[0])


def test_batches_turn_image_and_labels_alike():
    _, labels = task.labelled("train", 4)
    marked = (labels[:, None].float().expand(-1, 3, -1, -1), labels)
    batch = next(task.batches(marked, 8, seed=0))
    assert torch.equal(batch[0][:, 0].long(), batch[1])
    assert len({tuple(label.flatten().tolist()) for label in batch[1]}) > 4, "nothing is turned"


class Constant(nn.Module):
    def forward(self, x):
        return torch.arange(8.0).view(1, 8, 1, 1).expand(len(x), 8, *x.shape[-2:])


def test_probabilities_are_a_softmax_in_batches():
    images, _ = task.labelled("val", 5)
    found = task.probabilities(Constant(), images, batch=2)
    assert found.shape == (5, 8, 64, 64)
    assert torch.allclose(found.sum(1), torch.ones(5, 64, 64))


def test_scores_are_1_for_the_truth_and_fall_with_every_mistake():
    _, labels = task.labelled("val", 6)
    assert set(task.scores(labels, labels).values()) == {1.0}
    shifted = task.scores(labels.roll(2, -1), labels)
    wrong_class = task.scores(torch.where(labels > 0, labels % 7 + 1, 0), labels)
    assert all(0 < value < 1 for value in shifted.values())
    assert wrong_class["boundary_f"] < 0.1
    assert shifted["miou"] > wrong_class["miou"]


def test_boundary_f_counts_a_class_that_is_missed_or_invented():
    labels = torch.zeros(2, 16, 16, dtype=torch.long)
    labels[0, 4:10, 4:10] = 1
    missed = task.scores(torch.zeros_like(labels), labels)
    assert missed["boundary_f"] == 0.0
    invented = labels.clone()
    invented[1, 4:10, 4:10] = 2
    assert task.scores(invented, labels)["boundary_f"] == pytest.approx(0.5)
    assert task.scores(labels * 0, labels * 0)["boundary_f"] == 1.0
