"""The ways that C03 compares: the same answers, the same gradients, and honest counts."""

import torch

from lookclosely import cost
from lookclosely.models.looking.patch import cut_patches
from lookclosely.models.looking.scanning import WindowClassifier
from lookclosely.tasks import windows as experiment

IMAGE = torch.randn(1, 3, 16, 18, generator=torch.Generator().manual_seed(0)).double()


def classifier():
    torch.manual_seed(0)
    settings = {"window": 11, "width": 2, "hidden": 4}
    return WindowClassifier(in_channels=3, num_classes=5, **settings).double()


def test_three_ways_give_every_pixel_the_same_scores_and_the_fourth_some_of_them():
    with torch.no_grad():
        calls = experiment.ways(classifier(), IMAGE, batch=50)
        scores = {name: call() for name, call in calls.items()}
    assert scores["patches"].shape == (1, 5, 16, 18)
    for name in ("shift_and_stitch", "one_pass"):
        torch.testing.assert_close(scores[name], scores["patches"], rtol=1e-12, atol=1e-12)
    coarse = scores["patches"][..., ::4, ::4]
    torch.testing.assert_close(scores["coarse"], coarse, rtol=1e-12, atol=1e-12)


def test_a_training_step_has_the_same_gradient_and_leaves_nothing_behind():
    model, labels = classifier(), torch.randint(5, (1, 16, 18))
    steps = experiment.gradients(model, IMAGE, labels, batch=50)
    for _ in range(2):  # the second time as the first: gradients are cleared
        patches, one_pass = steps["patches"](), steps["one_pass"]()
        assert len(patches) == len(list(model.parameters()))
        assert experiment.largest(patches, one_pass) < 1e-12


def test_patches_are_counted_as_if_each_was_run():
    model = classifier()
    windows = cut_patches(IMAGE, experiment.pixels(IMAGE), model.window)
    counted = experiment.multiply_adds(model, IMAGE)
    assert counted["patches"] == cost.multiply_adds(model, windows)
    assert counted["coarse"] < counted["one_pass"] < counted["shift_and_stitch"]
