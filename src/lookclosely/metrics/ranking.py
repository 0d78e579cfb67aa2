"""Do two scores put the same things in the same order? Kendall's rank correlation."""

import torch
from jaxtyping import Float, Real
from torch import Tensor

from lookclosely.ops._arguments import comparable


def kendall_tau(
    x: Real[Tensor, "*#batch n"],
    y: Real[Tensor, "*#batch n"],
    *,
    group: Real[Tensor, " n"] | None = None,
) -> Float[Tensor, "*batch"]:
    """Kendall's τ of two lists of scores: 1 for the same order, −1 for the reverse.

    A pair of things is concordant if both scores prefer the same one, discordant if they differ:

        τ_b = (concordant − discordant) / √(pairs without a tie in x · pairs without a tie in y)

    Without ties, two scores disagree on (1 − τ) / 2 of the pairs. Every pair is looked at, so time
    and memory grow with n².

    Args:
        x, y: scores of n things. Leading dimensions are broadcast: ``kendall_tau(s, s[:, None])``
            of m scores s (m, n) is the table of all pairs (m, m).
        group: take only pairs of things with the same number here; all pairs if not given.

    Returns:
        float64; NaN where no pair is without a tie, or a score is NaN.

    Raises:
        ValueError: if x and y (and group) are not equally many, or one is a single number.

    Source: Kendall 1938; with ties 1945 (τ_b). As ``scipy.stats.kendalltau(x, y).statistic``.
    """
    if not (x.ndim and y.ndim):
        raise ValueError(f"x has shape {tuple(x.shape)} and y {tuple(y.shape)}: give (..., n)")
    x, y, n = comparable(x), comparable(y), x.shape[-1]
    if y.shape[-1] != n or (group is not None and len(group) != n):
        others = f"{y.shape[-1]}" if group is None else f"{y.shape[-1]} and {len(group)}"
        raise ValueError(f"x has {n} scores, but y (and group) {others}: give one for each thing")
    pairs = torch.ones(n, n, dtype=torch.bool, device=x.device).triu(1)
    if group is not None:
        pairs &= group == group[:, None]
    a, b = _prefers(x, pairs), _prefers(y, pairs)  # (*batch, pairs), each -1, 0 or 1
    return (a * b).sum(-1) / (a.abs().sum(-1) * b.abs().sum(-1)).sqrt()


def _prefers(scores: Tensor, pairs: Tensor) -> Tensor:
    """1 where the first of a pair scores higher, −1 where the second does, 0 for a tie."""
    first, second = scores[..., :, None], scores[..., None, :]
    # Compared, not subtracted: 1 − 2 is 255 among unsigned numbers.
    sign = (first > second).double() - (first < second).double()  # (*batch, n, n)
    return sign.masked_fill(first.isnan() | second.isnan(), torch.nan)[..., pairs]
