import pytest
import torch
import torch.nn.functional as F

from lookclosely.models.segmentation.deconvnet import DeconvNet, merge_scores


@pytest.fixture(scope="module")
def net():
    return DeconvNet(num_classes=5, size=16, channels=(4, 6), code=8).eval()


def test_the_output_has_the_size_of_the_crop_and_larger_images_run_too(net):
    assert net(torch.randn(2, 3, 16, 16)).shape == (2, 5, 16, 16)
    assert net(torch.randn(1, 3, 24, 20)).shape == (1, 5, 24, 20)


def test_layers_mirror_the_encoder(net):
    names = [name for name, _ in net.layers(torch.randn(1, 3, 16, 16))]
    assert names == [
        "convolution 16×16",
        "pooling 8×8",
        "convolution 8×8",
        "pooling 4×4",
        "code 1×1",
        "deconvolution 4×4",
        "unpooling 8×8",
        "deconvolution 8×8",
        "unpooling 16×16",
        "deconvolution 16×16",
        "scores",
    ]


def test_unpooling_puts_values_where_the_maxima_were(net):
    maps = dict(net.layers(torch.randn(1, 3, 16, 16)))
    before, unpooled = maps["convolution 8×8"], maps["unpooling 8×8"]
    highest = F.max_pool2d(before, 2).repeat_interleave(2, -1).repeat_interleave(2, -2)
    assert (unpooled != 0).any()
    assert not ((unpooled != 0) & (before < highest)).any()
    assert ((unpooled != 0).float().mean()) <= 0.25


def test_a_cropped_deconvolution_is_one_with_padding_1():
    x, weight = torch.randn(1, 4, 6, 7), torch.randn(4, 3, 3, 3)
    enlarged = F.conv_transpose2d(x, weight)
    assert enlarged.shape[-2:] == (8, 9)
    torch.testing.assert_close(enlarged[..., 1:-1, 1:-1], F.conv_transpose2d(x, weight, padding=1))


def test_batch_norm_can_be_left_out():
    with_norm, without = (
        sum(
            isinstance(m, torch.nn.BatchNorm2d)
            for m in DeconvNet(num_classes=3, batch_norm=b).modules()
        )
        for b in (True, False)
    )
    assert with_norm == 15 and without == 0


def merge_loops(scores, boxes, size, how):
    """One pixel after another; crops as large as their boxes of whole pixels."""
    out = torch.zeros(scores.shape[1], *size, dtype=scores.dtype)
    for i in range(size[0]):
        for j in range(size[1]):
            here = [
                s[:, i - y1, j - x1] if x1 <= j < x2 and y1 <= i < y2 else torch.zeros(len(out))
                for s, (x1, y1, x2, y2) in zip(scores, boxes.int().tolist())
            ]
            stack = torch.stack([value.to(scores) for value in here])
            out[:, i, j] = stack.amax(0) if how == "max" else stack.sum(0)
    return out


@pytest.mark.parametrize("how", ["max", "sum"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_merged_scores_are_the_loop_s(how, dtype, device):
    scores = torch.randn(4, 3, 5, 5, dtype=dtype)
    corners = torch.tensor([[0, 0], [2, 1], [4, 6], [-2, 3]])
    boxes = torch.cat([corners, corners + 5], dim=1).to(dtype)
    ours = merge_scores(scores.to(device), boxes.to(device), (10, 9), how=how).cpu()
    torch.testing.assert_close(ours, merge_loops(scores, boxes, (10, 9), how), atol=1e-5, rtol=1e-5)


def test_no_proposal_means_zero_scores():
    assert not merge_scores(torch.zeros(0, 3, 5, 5), torch.zeros(0, 4), (6, 7)).any()


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: DeconvNet(num_classes=2, size=30), "size"),
        (lambda: DeconvNet(num_classes=2)(torch.zeros(1, 3, 40, 48)), "x is"),
        (lambda: DeconvNet(num_classes=2)(torch.zeros(1, 3, 52, 52)), "x is"),
        (
            lambda: merge_scores(
                torch.zeros(1, 2, 4, 4), torch.tensor([[0.0, 0, 4, 4]]), (5, 5), how="mean"
            ),
            "how",
        ),
    ],
)
def test_bad_arguments_are_named(unchecked, call, word):
    with pytest.raises(ValueError, match=word):
        call()
