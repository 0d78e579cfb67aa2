"""Random fields so small that every labelling can be written down: exact energies and marginals.

With C labels and N pixels there are C^N labellings: 512 for two labels on 3 × 3 pixels, more than
10^19 on 8 × 8. See ``crf`` for the energy.

Shapes
    C labels · H, W height and width · N = H·W pixels · M labellings.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .._arguments import at_least_float32, check_floats, whole
from ..gaussian_filters import gaussian_rows
from ._mean_field import check_field, penalties
from .dense import bilateral_features

MAX_LABELLINGS = 2**20


def pair_weights(
    image: Float[Tensor, "K H W"],
    *,
    appearance: tuple[float, float, float] = (10.0, 80.0, 13 / 255),
    smoothness: tuple[float, float] = (3.0, 3.0),
) -> Float[Tensor, "N N"]:
    """The weights k_ij of all pairs of pixels in ``mean_field``'s random field, as a matrix.

    The diagonal is what ``mean_field`` keeps of a pixel's message to itself; it is no pair, and
    no energy counts it.

    Args:
        image, appearance, smoothness: as in ``mean_field``.

    Returns:
        (N, N), symmetric.

    Raises:
        ValueError: ``image`` is not (K, H, W), a weight is negative or a theta not positive.

    Source: Krähenbühl and Koltun 2011, equation 3.
    """
    if image.ndim != 3:
        raise ValueError(f"image must be (K, H, W), but is {tuple(image.shape)}.")
    dtype = image.dtype if image.is_floating_point() else torch.float32
    image = at_least_float32(image)
    any_unary = image.new_zeros(1, *image.shape[1:])
    check_field(any_unary, image, 0, None, appearance, smoothness)
    place_and_colour = bilateral_features(image, *appearance[1:])
    place = bilateral_features(image, smoothness[1], 1.0)[:, :2]
    total = image.new_zeros(len(place), len(place))
    for weight, features in ((appearance[0], place_and_colour), (smoothness[0], place)):
        kernel = torch.cat([*gaussian_rows(features), total[:0]])
        scale = kernel.sum(1).rsqrt()  # 1/√n
        total = total + weight * scale[:, None] * kernel * scale
    return total.to(dtype)


def crf_energy(
    labels: Int[Tensor, "*batch H W"],
    unary: Float[Tensor, "C H W"],
    pairs: Float[Tensor, "N N"],
    compatibility: Float[Tensor, "C C"] | None = None,
) -> Float[Tensor, "*batch"]:
    """``E(x) = Σ_i U_i(x_i) + Σ_{i<j} μ(x_i, x_j) k_ij`` of one labelling or of many.

    Args:
        labels: class of each pixel.
        unary: (C, H, W), negative log-probabilities.
        pairs: (N, N), symmetric; pixels row by row. Its diagonal does not count.
        compatibility: μ, symmetric; None is Potts, 1 for two different labels.

    Returns:
        The energy of each labelling.

    Raises:
        ValueError: ``labels``, ``unary`` and ``pairs`` are not of one size, ``unary`` is of whole
            numbers, or ``labels`` are not, or are no classes of it.
    """
    check_floats("unary", unary, "an energy")
    labels, dtype = whole("labels", labels), unary.dtype
    unary, count = at_least_float32(unary), unary.shape[-2:].numel()
    fits = unary.ndim == 3 and labels.ndim > 1 and labels.shape[-2:] == unary.shape[1:]
    if not fits or pairs.shape != (count, count):
        raise ValueError(
            f"labels (…, H, W), unary (C, H, W) and pairs (H·W, H·W) must be of one size, but are "
            f"{tuple(labels.shape)}, {tuple(unary.shape)} and {tuple(pairs.shape)}."
        )
    if labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < len(unary):
        raise ValueError(
            f"labels go from {int(labels.min())} to {int(labels.max())}, but unary has "
            f"{len(unary)} classes: give 0 to {len(unary) - 1}."
        )
    penalty, x = penalties(unary, compatibility), labels.flatten(-2)  # (*batch, N)
    places = torch.arange(count, device=unary.device)
    single = unary.flatten(1)[x, places].sum(-1)
    both = penalty[x[..., :, None], x[..., None, :]] * pairs.to(unary.dtype).triu(1)
    return (single + both.sum((-2, -1))).to(dtype)


def crf_marginals(
    unary: Float[Tensor, "C H W"],
    pairs: Float[Tensor, "N N"],
    compatibility: Float[Tensor, "C C"] | None = None,
) -> Float[Tensor, "C H W"]:
    """The exact probability of each label at each pixel, by summing over all C^N labellings.

        P(x_i = l) = Σ_{x: x_i = l} exp(−E(x)) / Σ_x exp(−E(x))

    Args:
        unary, pairs, compatibility: as in ``crf_energy``.

    Returns:
        (C, H, W), which sums to 1 over the labels.

    Raises:
        ValueError: there are more than 2^20 labellings, ``unary`` is of whole numbers, or the
            sizes do not agree.
    """
    check_floats("unary", unary, "an energy")
    if unary.ndim != 3 or not unary.numel():
        raise ValueError(f"unary must be (C, H, W) with a pixel, but is {tuple(unary.shape)}.")
    classes, height, width = unary.shape
    count = classes ** (height * width)
    if count > MAX_LABELLINGS:
        raise ValueError(
            f"unary has {classes} labels on {height} × {width} pixels: {count:,} labellings are "
            f"more than {MAX_LABELLINGS:,}; use mean_field."
        )
    powers = classes ** torch.arange(height * width, device=unary.device)
    numbers = torch.arange(count, device=unary.device)
    labels = (numbers[:, None] // powers % classes).unflatten(1, (height, width))  # (M, H, W)
    energies = [crf_energy(part, unary, pairs, compatibility) for part in labels.split(4096)]
    probability = (-torch.cat(energies)).softmax(0)  # (M,)
    each = [(probability[:, None, None] * (labels == k)).sum(0) for k in range(classes)]
    return torch.stack(each)
