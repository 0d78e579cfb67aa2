"""Random fields so small that every labelling can be written down: exact energies and marginals.

With C labels and N pixels there are C^N labellings: 512 for two labels on 3 × 3 pixels, more than
10^19 on 8 × 8. See ``crf`` for the energy.

Shapes
    C labels · H, W height and width · N = H·W pixels · M labellings.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..gaussian_filters import gaussian_rows
from ._mean_field import check_field
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
    any_unary = image.new_zeros(1, *image.shape[1:])
    check_field(any_unary, image, 0, None, appearance, smoothness)
    place_and_colour = bilateral_features(image, *appearance[1:])
    place = bilateral_features(image, smoothness[1], 1.0)[:, :2]
    total = image.new_zeros(len(place), len(place))
    for weight, features in ((appearance[0], place_and_colour), (smoothness[0], place)):
        kernel = torch.cat([*gaussian_rows(features), total[:0]])
        scale = kernel.sum(1).rsqrt()  # 1/√n
        total = total + weight * scale[:, None] * kernel * scale
    return total


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
        ValueError: ``labels``, ``unary`` and ``pairs`` are not of one size.
    """
    count = unary[0].numel()
    if labels.shape[-2:] != unary.shape[1:] or pairs.shape != (count, count):
        raise ValueError(
            f"labels (…, H, W), unary (C, H, W) and pairs (H·W, H·W) must be of one size, but are "
            f"{tuple(labels.shape)}, {tuple(unary.shape)} and {tuple(pairs.shape)}."
        )
    different = 1 - torch.eye(len(unary), dtype=unary.dtype, device=unary.device)
    penalty = different if compatibility is None else compatibility
    x = labels.flatten(-2)  # (*batch, N)
    single = unary.flatten(1).gather(0, x.reshape(-1, count)).sum(1).reshape(x.shape[:-1])
    both = penalty[x[..., :, None], x[..., None, :]] * pairs.triu(1)  # (*batch, N, N)
    return single + both.sum((-2, -1))


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
        ValueError: there are more than 2^20 labellings, or the sizes do not agree.
    """
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
