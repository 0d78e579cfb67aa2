"""Checkpoints put in order by several metrics.

A checkpoint is a dictionary with a score for each metric, its training ``step``, and in ``halves``
the same scores on one and on the other half of the test images.
"""

from collections.abc import Iterable

import torch

from lookclosely import metrics


def trained(checkpoints: list[dict]) -> list[dict]:
    """Of each variant, the checkpoint at the end of its training."""
    last = max(row["step"] for row in checkpoints)
    return [row for row in checkpoints if row["step"] == last]


def agreement(
    checkpoints: list[dict], names: Iterable[str], *, same_step: bool = False
) -> dict[str, dict[str, float]]:
    """Kendall's τ between each two metrics, over all pairs of checkpoints or those of one step."""
    names = list(names)
    table = torch.tensor([[row[name] for row in checkpoints] for name in names]).double()
    group = torch.tensor([float(row["step"]) for row in checkpoints]) if same_step else None
    tau = metrics.kendall_tau(table, table[:, None], group=group).nan_to_num(0.0)
    return {a: dict(zip(names, row)) for a, row in zip(names, tau.tolist())}


def reliability(checkpoints: list[dict], name: str) -> float:
    """τ of a metric with itself, measured on one and on the other half of the test images."""
    halves = torch.tensor([[half[name] for half in row["halves"]] for row in checkpoints])
    return float(metrics.kendall_tau(*halves.double().T).nan_to_num(0.0))


def disagreement(checkpoints: list[dict], a: str, b: str) -> tuple[int, int]:
    """The pair of checkpoints over which two metrics disagree most: a prefers the first, b the
    second. What counts is the smaller of the two differences, each in its standard deviations."""
    scores = [torch.tensor([row[name] for row in checkpoints]).double() for name in (a, b)]
    first, second = (x / x.std().clamp(min=1e-9) for x in scores)
    gaps = torch.minimum(first[:, None] - first, second - second[:, None])  # (n, n)
    best = int(gaps.argmax())
    return best // len(checkpoints), best % len(checkpoints)
