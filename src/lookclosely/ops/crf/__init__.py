"""Conditional random fields over the labels of all pixels, and mean-field inference.

A labelling x, one class for each pixel, has the energy

    E(x) = Σ_i U_i(x_i) + Σ_{i<j} μ(x_i, x_j) k_ij,    P(x | image) = exp(−E(x)) / Z

with a unary term U (what a classifier says of one pixel), a compatibility μ of two labels (Potts:
1 where they differ, else 0) and a weight k_ij ≥ 0 of a pair of pixels. Mean field approximates P
by a product of one distribution for each pixel, improved by

    Q_i(l) ← softmax_l ( −U_i(l) − Σ_m μ(l, m) Σ_j k_ij Q_j(m) ).

Shapes
    C labels · H, W height and width of the image · K channels of it · N = H·W pixels.
"""

from .dense import approximate_mean_field, bilateral_features, mean_field
from .exact import crf_energy, crf_marginals, pair_weights
from .grid import grid_crf

__all__ = [
    "approximate_mean_field",
    "bilateral_features",
    "crf_energy",
    "crf_marginals",
    "grid_crf",
    "mean_field",
    "pair_weights",
]
