"""What the benchmark measures: ours, the library's function or a peer's, and their inputs."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
import torchvision.ops as tv
from skimage import data, segmentation
from torchmetrics.functional.classification import multiclass_confusion_matrix

import bench_coco
from arguments import EXAMPLES, Draw
from lookclosely import losses, metrics, ops
from lookclosely.models.segmentation.unet import border_weight_map
from ops.random_boxes import mixture

INPUTS = 8  # so many that no processor learns their branches by heart


@dataclass(frozen=True)
class Row:
    """Functions that are called in turns with the same arguments, ours first.

    ``limits`` says of which of the others ours may take how many times the time; ``operations``
    are the multiplications and additions that no algorithm of this kind can do without.
    """

    name: str
    ours: Callable[..., Any]
    others: dict[str, Callable[..., Any]]
    inputs: list[tuple]  # taken in turn
    limits: dict[str, float] = field(default_factory=dict)
    operations: float = 0
    on_gpu: bool = True


def rows(peers: bool) -> list[Row]:
    regions = _regions()
    return [*_boxes(peers), *regions, *_layers(), *_pictures(peers), *_maps(), *_coco(peers)]


def every_function() -> list[Row]:
    """Each public function once, with the example arguments of the tests."""
    table = []
    for name, example in EXAMPLES.items():
        others = {"library": example.library} if example.library else {}
        inputs = [example.arguments(Draw(size=example.timed_at, seed=seed)) for seed in range(2)]
        table.append(Row(name, example.ours, others, inputs, on_gpu=False))
    return table


def _boxes(peers: bool) -> list[Row]:
    table = []
    for n in (100, 1_000, 5_000):
        pairs = [(mixture(n, i)[0], mixture(n, i + INPUTS)[0]) for i in range(INPUTS)]
        name = f"box_iou  {n:,} × {n:,} boxes"
        library = {"library": tv.box_iou}
        table.append(Row(name, ops.box_iou, library, pairs, {"library": 0.5}))
    for n, limit in ((100, 3), (1_000, 1), (5_000, 0.6)):
        inputs = [(*mixture(n, i), 0.5) for i in range(INPUTS)]
        library = {"library": tv.nms}
        table.append(Row(f"nms  {n:,} boxes", ops.nms, library, inputs, {"library": limit}))
    for n, classes, half, limit in (
        (1_000, 20, False, 2),
        (1_000, 80, False, 2),
        (5_000, 20, False, 2),
        (5_000, 80, False, 2),
        (20_000, 80, False, 3),
        (5_000, 80, True, 3),
        (20_000, 80, True, 3),
    ):
        inputs = [_detections(n, classes, half, seed) for seed in range(INPUTS)]
        what = f"{classes} classes" + (", half in one" if half else "")
        library = {"library": tv.batched_nms}
        name = f"batched_nms  {n:,} boxes, {what}"
        table.append(Row(name, ops.batched_nms, library, inputs, {"library": limit}))
    for n in (100, 1_000):
        others = _installed(peers, ensemble_boxes=_ensemble_boxes)
        inputs = [mixture(n, i) for i in range(INPUTS)]
        row = Row(f"soft_nms  {n:,} boxes", ops.soft_nms, others, inputs, on_gpu=False)
        table.append(_limited(row, 1.4))
    return table


def _regions() -> list[Row]:
    """Pooling of regions, forward alone and with the gradient of the features."""
    table = []
    for size, bins in ((12, 5), (12, 7), (24, 5), (24, 7)):
        inputs = [_crowd(size, bins, seed) for seed in range(2)]
        where = f"1,024 regions, 16×64×{size}², {bins}×{bins}"
        table.append(_with_gradient("roi_align", where, inputs, 0.5))
        table.append(_with_gradient("roi_pool", where, inputs, 6))
    inputs = [_papers(seed) for seed in range(2)]
    where = "300 regions, 1×512×38×50, 7×7"
    table.append(_forward("roi_align", where, inputs, 1.5))
    table.append(_with_gradient("roi_align", where, inputs, 0.5))
    table.append(_forward("roi_pool", where, inputs, 6))
    table.append(_with_gradient("roi_pool", where, inputs, 6))
    dense = [_places(seed) for seed in range(2)]
    focal = Row(
        "sigmoid_focal_loss  100,000 × 7",
        losses.sigmoid_focal_loss,
        {"library": tv.sigmoid_focal_loss},
        dense,
        {"library": 1.2},
    )
    return [*table, focal]


SAMPLED = {"roi_align": {"sampling_ratio": 2, "aligned": True}, "roi_pool": {}}


def _forward(name: str, where: str, inputs: list[tuple], limit: float) -> Row:
    ours, library = (partial(getattr(of, name), **SAMPLED[name]) for of in (ops, tv))
    return Row(f"{name}  {where}", ours, {"library": library}, inputs, {"library": limit})


def _with_gradient(name: str, where: str, inputs: list[tuple], limit: float) -> Row:
    row = _forward(f"{name}", f"{where}, and back", inputs, limit)
    others = {"library": partial(_and_back, row.others["library"])}
    return Row(row.name, partial(_and_back, row.ours), others, inputs, row.limits)


def _and_back(function: Callable[..., torch.Tensor], x: torch.Tensor, *more: Any) -> torch.Tensor:
    """The gradient of the features, for one and the same gradient of the result."""
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        out = function(leaf, *more)
        (gradient,) = torch.autograd.grad(out, leaf, torch.ones_like(out))
    return gradient


def _crowd(size: int, bins: int, seed: int) -> tuple:
    """Maps of 16 images of 96 × 96 pixels, and 64 regions of each."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(16, 64, size, size, generator=generator)
    sides = torch.rand(1024, 2, generator=generator) * 50 + 10
    centres = torch.rand(1024, 2, generator=generator) * 96
    boxes = torch.cat([centres - sides / 2, centres + sides / 2], dim=1).clamp(0, 96)
    index = torch.arange(16.0).repeat_interleave(64)[:, None]
    return x, torch.cat([index, boxes], dim=1), bins, size / 96


def _papers(seed: int) -> tuple:
    """The map of an image of 600 × 800 pixels at stride 16, and its 300 best proposals."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, 512, 38, 50, generator=generator)
    sides = torch.rand(300, 2, generator=generator) * torch.tensor([500, 400]) + 30
    centres = torch.rand(300, 2, generator=generator) * torch.tensor([800, 600])
    boxes = torch.cat([centres - sides / 2, centres + sides / 2], dim=1)
    boxes = ops.clip_boxes_to_image(boxes, (600, 800))
    return x, torch.cat([torch.zeros(300, 1), boxes], dim=1), 7, 1 / 16


def _places(seed: int) -> tuple:
    """Logits of 7 classes at 100,000 anchors, one in a thousand positive."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(100_000, 7, generator=generator) - 4
    targets = (torch.rand(100_000, 7, generator=generator) < 1e-3).float()
    return logits, targets


def _layers() -> list[Row]:
    x = [torch.randn(8, 32, 64, 64) for _ in range(INPUTS)]
    down, up = torch.randn(32, 32, 3, 3), torch.randn(32, 16, 4, 4)
    small = [(torch.randn(8, 21, 32, 32), 256) for _ in range(INPUTS)]
    pooled = [(*F.max_pool2d(y, 2, return_indices=True), 2) for y in x]
    pixels = 2 * 8 * 64 * 64  # a multiplication and an addition for each
    convolved, stamped = [(y, down, None, 1, 1) for y in x], [(y, up, None, 2, 1) for y in x]
    stamps = pixels * 32 * 16 * 16
    table = [
        ("conv2d  8×32×64×64, 3×3 to 32", "conv2d", convolved, 6, pixels * 32 * 32 * 9),
        ("conv_transpose2d  8×32×64×64, 4×4/2 to 16", "conv_transpose2d", stamped, 3, stamps),
        ("max_pool2d  8×32×64×64, 2×2", "max_pool2d", [(y, 2) for y in x], 1.5, 0),
        ("max_unpool2d  8×32×32×32, 2×2", "max_unpool2d", pooled, 1.5, 0),
        ("interpolate  nearest, 8×21×32×32 to 256", "interpolate", small, 3, 0),
    ]
    both = partial(ops.interpolate, mode="bilinear"), partial(F.interpolate, mode="bilinear")
    name = "interpolate  bilinear, 8×21×32×32 to 256"
    others = {"library": both[1], "two matrix products": _two_products}
    bilinear = Row(name, both[0], others, small, {"library": 3})
    turned = [(x.contiguous(memory_format=torch.channels_last), size) for x, size in small]
    name += ", channels innermost"
    innermost = Row(name, both[0], {"library": both[1]}, turned, {"library": 3})
    return [
        *(
            Row(name, getattr(ops, of), {"library": getattr(F, of)}, given, {"library": limit}, n)
            for name, of, given, limit, n in table
        ),
        bilinear,
        innermost,
    ]


def _two_products(x: torch.Tensor, size: int) -> torch.Tensor:
    """Bilinear interpolation as a matrix from each side; square maps only."""
    identity = torch.eye(x.shape[-1])[None, None]
    lines = F.interpolate(identity, (size, x.shape[-1]), mode="bilinear")[0, 0]
    return lines @ (x @ lines.mT)


def _pictures(peers: bool) -> list[Row]:
    pictures = [(torch.rand(1, 1, 1024, 1024), 5) for _ in range(3)]
    others = _installed(peers, kornia=_kornia, cv2=_opencv)
    limits = {"kornia": 0.6} if "kornia" in others else {}
    name = "gaussian_pyramid  1,024 × 1,024, 5 levels"
    pyramid = Row(name, ops.gaussian_pyramid, others, pictures, limits)
    fields = [_field(21, 240, 320, seed) for seed in range(2)]
    others = _installed(peers, pydensecrf=_lattice)
    name = "approximate_mean_field  240 × 320, 21 labels"
    dense = Row(name, ops.approximate_mean_field, others, fields)
    photo, given = torch.from_numpy(data.chelsea()).permute(2, 0, 1).float() / 255, (1.0, 0.8, 50)
    superpixels = Row(
        "graph_segmentation  300 × 451",
        lambda image, k, sigma, size: ops.graph_segmentation(
            image, scale=k, sigma=sigma, min_size=size
        ),
        {"scikit-image": _felzenszwalb},
        [(photo, *given)],
        on_gpu=False,
    )
    discs = [(_discs(512, 120, seed),) for seed in range(2)]
    weights = Row("border_weight_map  512 × 512, 120 objects", border_weight_map, {}, discs)
    return [pyramid, _limited(dense, 12), superpixels, weights]


def _felzenszwalb(image: torch.Tensor, k: float, sigma: float, size: int) -> np.ndarray:
    return segmentation.felzenszwalb(image.permute(1, 2, 0).numpy(), k, sigma, size)


def _discs(side: int, count: int, seed: int) -> torch.Tensor:
    """An instance map of discs of radius 10, the later over the earlier."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    centres = torch.rand(count, 2, generator=torch.Generator().manual_seed(seed)) * side
    labels = torch.zeros(side, side, dtype=torch.int64)
    for number, (row, column) in enumerate(centres.tolist(), 1):
        labels[(y - row) ** 2 + (x - column) ** 2 < 100] = number
    return labels


def _maps() -> list[Row]:
    maps = [(torch.randint(21, (480, 640)), torch.randint(21, (480, 640)), 21) for _ in range(4)]
    library = {"torchmetrics": partial(multiclass_confusion_matrix, validate_args=False)}
    name = "confusion_matrix  480 × 640, 21 classes"
    return [Row(name, metrics.confusion_matrix, library, maps, {"torchmetrics": 1.5})]


def _coco(peers: bool) -> list[Row]:
    """Boxes: at most 0.06 of pycocotools' time and 0.4 of the C++ one's. Masks: only told."""
    table = []
    for iou_type, given in bench_coco.boxes_and_masks().items():
        peer = bool(_installed(peers, faster_coco_eval=bench_coco.ours))
        others = bench_coco.others(given, iou_type, peer)
        limits = {"pycocotools": 0.06, "faster_coco_eval": 0.4} if iou_type == "bbox" else {}
        limits = {name: limit for name, limit in limits.items() if name in others}
        found = sum(len(p["labels"]) for p in given[0])
        name = f"coco_evaluate  {iou_type}, {len(given[0]):,} images, {found:,} detections"
        ours = bench_coco.ours(iou_type)
        table.append(Row(name, ours, others, [given], limits, on_gpu=False))
    return table


def _limited(row: Row, times: float) -> Row:
    return Row(row.name, row.ours, row.others, row.inputs, dict.fromkeys(row.others, times))


def _installed(wanted: bool, **peers: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    """The peers whose package is there: each is asked for once."""
    return {name: call for name, call in peers.items() if wanted and _is_there(name)}


def _is_there(package: str) -> bool:
    try:
        importlib.import_module(package)
    except ImportError:
        return False
    return True


def _detections(n: int, classes: int, half_in_one: bool, seed: int) -> tuple:
    boxes, scores = mixture(n, seed)
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(classes, (n,), generator=generator)
    if half_in_one:
        labels[torch.rand(n, generator=generator) < 0.5] = 0
    return boxes, scores, labels, 0.5


def _field(labels: int, height: int, width: int, seed: int) -> tuple:
    """Scores and a picture with smooth regions and some noise."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, height // 20, width // 20, generator=generator)
    image = F.interpolate(coarse, (height, width), mode="bicubic")[0]
    image = (image + 0.02 * torch.randn(image.shape, generator=generator)).clamp(0, 1)
    scores = 2 * torch.randn(1, labels, height // 10, width // 10, generator=generator)
    return -F.interpolate(scores, (height, width), mode="bilinear")[0].log_softmax(0), image


def _lattice(unary: torch.Tensor, image: torch.Tensor, steps: int = 5) -> np.ndarray:
    dense = importlib.import_module("pydensecrf.densecrf")
    labels, height, width = unary.shape
    field = dense.DenseCRF2D(width, height, labels)
    field.setUnaryEnergy(np.ascontiguousarray(unary.flatten(1).numpy()))
    field.addPairwiseGaussian(sxy=3, compat=3)
    pixels = np.ascontiguousarray((image * 255).round().byte().permute(1, 2, 0).numpy())
    field.addPairwiseBilateral(sxy=80, srgb=13, rgbim=pixels, compat=10)
    return field.inference(steps)


def _ensemble_boxes(boxes: torch.Tensor, scores: torch.Tensor) -> np.ndarray:
    peer = importlib.import_module("ensemble_boxes.ensemble_boxes_nms")
    corners = boxes.double().numpy() / 1100  # theirs are shares of the image
    return peer.cpu_soft_nms_float(corners, scores.numpy().copy(), 0.3, 0.5, 0.001, 2)


def _kornia(x: torch.Tensor, levels: int) -> list[torch.Tensor]:
    return importlib.import_module("kornia.geometry.transform").build_pyramid(x, levels)


def _opencv(x: torch.Tensor, levels: int) -> list[np.ndarray]:
    down = importlib.import_module("cv2").pyrDown
    pyramid = [x[0, 0].numpy()]
    while len(pyramid) < levels:
        pyramid.append(down(pyramid[-1]))
    return pyramid
