"""A measured claim as a reader sees it."""

import pytest

from lookclosely.experiments.report import with_minus


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("-0.025", "−0.025"),
        ("-8.7 to -6.5 (-1)", "−8.7 to −6.5 (−1)"),
        ("FCN-8s, 3-4, a 2-D grid, 2026-11-25", "FCN-8s, 3-4, a 2-D grid, 2026-11-25"),
        ("±0.1, −2, --seeds", "±0.1, −2, --seeds"),
    ],
)
def test_negative_numbers_have_a_minus_sign(given, shown):
    assert with_minus(given) == shown
