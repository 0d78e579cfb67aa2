"""The field of all pairs of pixels: mean field with the sums exact, or on a grid. See ``crf``.

Shapes
    C labels · H, W height and width of the image · K channels of it · N = H·W pixels.
"""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from ..gaussian_filters import bilateral_grid, gauss_transform, gaussian_rows
from ._mean_field import Messages, check_field, in_one_type, iterate

MakeFilter = Callable[[Tensor], Messages]  # features (N, D) to the sum over all pairs
CACHED_PAIRS = 2**25  # 128 MB of float32: so many are computed once and kept


def mean_field(
    unary: Float[Tensor, "C H W"],
    image: Float[Tensor, "K H W"],
    *,
    steps: int = 5,
    appearance: tuple[float, float, float] = (10.0, 80.0, 13 / 255),
    smoothness: tuple[float, float] = (3.0, 3.0),
    compatibility: Float[Tensor, "C C"] | None = None,
) -> Float[Tensor, "C H W"]:
    """Mean field in the fully connected CRF with Gaussian pairs, exactly over all pairs.

        k_ij = w_a k̂ᵃ_ij + w_s k̂ˢ_ij
        kᵃ_ij = exp(−‖p_i − p_j‖² / 2θ_xy² − ‖I_i − I_j‖² / 2θ_rgb²)    (appearance)
        kˢ_ij = exp(−‖p_i − p_j‖² / 2θ_xy²)                             (smoothness)

    with places p in pixels and colours I. Each kernel is normalised on both sides,
    k̂_ij = k_ij / √(n_i n_j) with n_i = Σ_j k_ij. The sums over j keep j = i, and all pixels are
    updated at once from Q = softmax(−U). The paper's formulas leave j = i out and do not
    normalise; this is what the authors' code does.

    Args:
        unary: U, negative log-probabilities of the labels.
        image: in any units, floats or whole numbers; ``theta_rgb`` is in the same. For values in
            [0, 1] the 13 that is usual for 0 … 255 is 13 / 255.
        steps: number of updates; 0 gives softmax(−U).
        appearance: (weight, theta_xy, theta_rgb). A weight of 0 leaves the kernel out.
        smoothness: (weight, theta_xy).
        compatibility: μ, the penalty of each pair of labels, symmetric; None is Potts.

    Returns:
        (C, H, W), probabilities. Differentiable in ``unary``, ``image`` and ``compatibility``.
        Time grows with (H·W)²; memory with H·W, but for small images (up to 2^25 pairs, where
        the kernel is kept), and under autograd.

    Raises:
        ValueError: sizes do not agree, a weight is negative or a theta not positive, ``steps`` is
            negative, ``unary`` is of whole numbers, or ``compatibility`` is not symmetric.

    Source: Krähenbühl and Koltun 2011, *Efficient inference in fully connected CRFs with Gaussian
    edge potentials*, equations 1 to 3 and algorithm 1; normalisation as in their densecrf code.
    """
    check_field(unary, image, steps, compatibility, appearance, smoothness)
    wide, image = in_one_type(unary, image)
    messages = _messages(image, appearance, smoothness, _exact)
    return iterate(wide, messages, steps, compatibility).to(unary.dtype)


def approximate_mean_field(
    unary: Float[Tensor, "C H W"],
    image: Float[Tensor, "K H W"],
    *,
    steps: int = 5,
    appearance: tuple[float, float, float] = (10.0, 80.0, 13 / 255),
    smoothness: tuple[float, float] = (3.0, 3.0),
    compatibility: Float[Tensor, "C C"] | None = None,
    spacing: float = 1.0,
) -> Float[Tensor, "C H W"]:
    """``mean_field`` for photos: the appearance kernel is applied on a bilateral grid.

    The smoothness kernel, one Gaussian along each axis, is exact here as there. See
    ``bilateral_grid_transform`` for ``spacing`` and for what is approximated. Time grows with
    H·W instead of its square.

    Args:
        unary, image, steps, appearance, smoothness, compatibility: as in ``mean_field``.
        spacing: between grid lines, in thetas; at most 1.

    Returns:
        (C, H, W), probabilities.

    Raises:
        ValueError: as ``mean_field``, and where the grid would be too large or ``spacing`` wrong.

    Source: Krähenbühl and Koltun 2011, section 3.2 (message passing is filtering); the filter of
    Chen, Paris and Durand 2007 in the place of their permutohedral lattice.
    """
    check_field(unary, image, steps, compatibility, appearance, smoothness)
    wide, image = in_one_type(unary, image)
    on_grid = partial(bilateral_grid, spacing=spacing)
    messages = _messages(image, appearance, smoothness, on_grid)
    return iterate(wide, messages, steps, compatibility).to(unary.dtype)


def bilateral_features(
    image: Float[Tensor, "K H W"], theta_xy: float, theta_rgb: float
) -> Float[Tensor, "N D"]:
    """Place and colour of each pixel in units of the thetas: ((H·W), 2 + K), rows first."""
    height, width = image.shape[1:]
    rows, columns = torch.arange(height).to(image), torch.arange(width).to(image)
    places = torch.cartesian_prod(rows, columns).reshape(-1, 2)  # (N, 2)
    return torch.cat([places / theta_xy, image.flatten(1).T / theta_rgb], dim=1)


def _messages(
    image: Tensor,
    appearance: tuple[float, float, float],
    smoothness: tuple[float, float],
    make_filter: MakeFilter,
) -> Messages:
    """Both kernels' filters, each normalised on both sides, weighted and summed."""
    filters: list[tuple[float, Messages]] = []
    if appearance[0] > 0:
        features = bilateral_features(image, *appearance[1:])
        filters.append((appearance[0], make_filter(features)))
    if smoothness[0] > 0:
        filters.append((smoothness[0], _spatial(image, smoothness[1])))
    ones = image.new_ones(image.shape[1:].numel(), 1)
    scales = [f(ones).rsqrt() for _, f in filters]  # 1/√n, (N, 1)

    def messages(q: Tensor) -> Tensor:
        parts = (w * n * f(n * q) for (w, f), n in zip(filters, scales, strict=True))
        return sum(parts, torch.zeros_like(q))

    return messages


def _exact(features: Tensor) -> Messages:
    """The Gauss transform; the kernel of a small image is kept from one step to the next."""
    if len(features) ** 2 > CACHED_PAIRS or not len(features):
        return partial(gauss_transform, features=features)
    kernel = torch.cat(list(gaussian_rows(features)))
    return lambda values: kernel @ values


def _spatial(image: Tensor, theta: float) -> Messages:
    """The smoothness kernel: a Gaussian down the columns times one along the rows, exactly."""
    down, along = (
        (-0.5 * ((line[:, None] - line) / theta).square()).exp()
        for line in (torch.arange(n).to(image) for n in image.shape[1:])
    )

    def transform(values: Tensor) -> Tensor:
        grid = values.unflatten(0, image.shape[1:])  # (H, W, C)
        grid = torch.einsum("yi,ijc->yjc", down, grid)  # one axis, then the other
        return torch.einsum("xj,yjc->yxc", along, grid).flatten(0, 1)

    return transform
