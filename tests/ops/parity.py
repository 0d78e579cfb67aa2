"""Ours against the library: the same values, and the same gradients."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

CASES = 200
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
DTYPES = tuple(TOLERANCE)


def assert_close(ours: Tensor, reference: Tensor) -> None:
    """Equal in shape, type and (to the tolerance of its type) value; NaN equals NaN."""
    tolerance = TOLERANCE.get(ours.dtype, 0)
    torch.testing.assert_close(
        ours, reference, rtol=tolerance, atol=tolerance, equal_nan=True, check_device=False
    )


def assert_parity(
    ours: Callable[..., Tensor], library: Callable[..., Tensor], inputs: Sequence[Tensor]
) -> None:
    """Both functions give the same output, and the same gradient with respect to every input."""
    results = []
    for function in (ours, library):
        leaves = [x.detach().clone().requires_grad_() for x in inputs]
        out = function(*leaves)
        generator = torch.Generator().manual_seed(0)
        weights = torch.rand(out.shape, generator=generator).to(
            out
        )  # each output counts differently
        gradients = torch.autograd.grad((out * weights).sum(), leaves)
        results.append((out.detach(), *gradients))
    for mine, theirs in zip(*results, strict=True):
        assert_close(mine, theirs)
