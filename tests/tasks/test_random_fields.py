import torch

from lookclosely.experiments.segmentation.crf_boundaries import Config
from lookclosely.tasks.random_fields import apply, field, tune


def test_tune_takes_the_settings_of_the_highest_value_of_each_kind():
    wanted = {"weight": 4.0, "theta_rgb": 0.4, "appearance": (48.0, 5.0, 0.05)}
    wanted["smoothness"] = (3.0, 1.0)
    asked = []

    def value(kind, settings):
        asked.append(kind)
        near = [settings[k] == wanted[k] for k in ("weight", "theta_rgb") if k in settings]
        for name in ("appearance", "smoothness"):
            near += [a == b for a, b in zip(settings.get(name, ()), wanted[name])]
        return float(sum(near))

    chosen = tune(Config(), value)
    assert chosen["neighbours"]["weight"] == 4.0
    assert (chosen["contrast"]["weight"], chosen["contrast"]["theta_rgb"]) == (4.0, 0.4)
    assert chosen["smoothness"]["smoothness"] == (3.0, 1.0)
    assert chosen["smoothness"]["appearance"][0] == 0
    assert chosen["full"]["appearance"] == wanted["appearance"]
    assert chosen["full"]["smoothness"] == (3.0, 1.0)
    assert asked.count("full") == 9 + 5 + 6  # not all 270


def test_a_field_without_pairs_leaves_the_labels_as_they_are():
    p = torch.rand(3, 4, 6, 5).softmax(1)
    images = torch.rand(3, 3, 6, 5)
    none = {"appearance": (0.0, 1.0, 1.0), "smoothness": (0.0, 1.0)}
    for some in (field("neighbours", weight=0.0), field("contrast", weight=0.0)):
        assert torch.equal(apply(some, p, images), p.argmax(1))
    assert torch.equal(apply(field("full", **none), p, images), p.argmax(1))
