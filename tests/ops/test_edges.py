import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from parity import CASES, DTYPES

from lookclosely import ops


def slow_non_max_suppression_1d(values: list[float]) -> list[float]:
    out = []
    for i, value in enumerate(values):
        above_left = i == 0 or value > values[i - 1]
        not_below_right = i == len(values) - 1 or value >= values[i + 1]
        out.append(value if above_left and not_below_right else 0)
    return out


def slow_canny_nms(magnitude: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """By angle in degrees, with a table of the two neighbours, the first in reading order first."""
    neighbours = {
        0: ((0, -1), (0, 1)),
        45: ((-1, -1), (1, 1)),
        90: ((-1, 0), (1, 0)),
        135: ((-1, 1), (1, -1)),
    }
    height, width = magnitude.shape
    out = np.zeros_like(magnitude)
    for i, j in itertools.product(range(height), range(width)):
        angle = math.degrees(direction[i, j]) % 180
        nearest = min((0, 45, 90, 135, 180), key=lambda a: abs(a - angle)) % 180
        values = []
        for down, right in neighbours[nearest]:
            y, x = i + down, j + right
            inside = 0 <= y < height and 0 <= x < width
            values.append(magnitude[y, x] if inside else -math.inf)
        if magnitude[i, j] > values[0] and magnitude[i, j] >= values[1]:
            out[i, j] = magnitude[i, j]
    return out


rows = st.lists(st.integers(0, 6), max_size=15)


@given(rows)
def test_a_row_is_thinned_by_definition(values):
    for dtype in (torch.int64, torch.float32, torch.float64):
        ours = ops.non_max_suppression_1d(torch.tensor(values, dtype=dtype))
        assert ours.dtype == dtype
        assert ours.tolist() == slow_non_max_suppression_1d(values)


@given(rows)
def test_what_is_left_of_a_row_is_apart_and_holds_its_maximum(values):
    kept = ops.non_max_suppression_1d(torch.tensor(values, dtype=torch.int64))
    assert not ((kept[1:] > 0) & (kept[:-1] > 0)).any()
    assert max(kept.tolist(), default=0) == max(values, default=0)


def test_ties_and_ends_of_a_row():
    def thin(*values):
        return ops.non_max_suppression_1d(torch.tensor(values)).tolist()

    assert thin(2, 3, 5, 4, 6) == [0, 0, 5, 0, 6]  # an end may stay
    assert thin(4, 5, 7, 7, 7) == [0, 0, 7, 0, 0]  # of a flat top, its first
    assert thin(1, 2, 2, 3) == [0, 2, 0, 3]  # a step on the way up: no neighbour is greater
    assert thin(5) == [5]


def test_the_row_is_differentiable():
    values = torch.tensor([1.0, 3.0, 2.0, 5.0, 4.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(ops.non_max_suppression_1d, values)


def random_image(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(magnitude, direction): whole numbers with ties, directions all around."""
    rng = np.random.default_rng(seed)
    shape = rng.integers(0, 9, 2)
    magnitude = rng.integers(0, 5, shape).astype(np.float64)
    direction = rng.uniform(-3 * math.pi, 3 * math.pi, shape)
    if seed % 2:
        direction = (direction / (math.pi / 4)).round() * (math.pi / 4)
    return magnitude, direction


@pytest.mark.parametrize("dtype", DTYPES)
def test_edges_are_thinned_by_definition(dtype, device):
    for seed in range(CASES):
        magnitude, direction = random_image(seed)
        ours = ops.canny_nms(
            torch.tensor(magnitude, dtype=dtype, device=device),
            torch.tensor(direction, dtype=dtype, device=device),
        )
        assert ours.tolist() == slow_canny_nms(magnitude, direction).tolist()


def test_edges_are_opencv_s():
    """cv2.Canny with thresholds of 0 marks all that survives. No ties: on diagonals it differs."""
    cv2 = pytest.importorskip("cv2")
    for seed in range(CASES):
        rng = np.random.default_rng(seed)
        gx, gy = (rng.integers(-9999, 9999, (13, 17)).astype(np.int16) for _ in "xy")
        marked = cv2.Canny(gx, gy, 0, 0, L2gradient=True) > 0
        x, y = torch.tensor(gx).double(), torch.tensor(gy).double()
        ours = ops.canny_nms(torch.hypot(x, y), torch.atan2(y, x))
        assert (ours > 0).tolist() == marked.tolist()


def test_one_direction_is_the_row_in_every_row_or_column(device):
    magnitude = torch.randint(0, 5, (7, 9), device=device).float()
    across, down = torch.zeros_like(magnitude), torch.full_like(magnitude, math.pi / 2)
    by_rows = torch.stack([ops.non_max_suppression_1d(row) for row in magnitude])
    assert torch.equal(ops.canny_nms(magnitude, across), by_rows)
    assert torch.equal(ops.canny_nms(magnitude, across + math.pi), by_rows)  # the same line
    by_columns = torch.stack([ops.non_max_suppression_1d(row) for row in magnitude.T]).T
    assert torch.equal(ops.canny_nms(magnitude, down), by_columns)
    assert torch.equal(ops.canny_nms(magnitude, -down), by_columns)


@pytest.mark.parametrize(("degrees", "kept"), [(45, (0, 1, 2)), (135, (0, 1, 2))])
def test_diagonals_run_with_y_down(degrees, kept):
    """A ridge along a diagonal has its gradient across it, and stays whole."""
    ridge = torch.eye(3) if degrees == 135 else torch.eye(3).flip(1)
    blurred = ridge * 2 + torch.ones(3, 3)
    thin = ops.canny_nms(blurred, torch.full((3, 3), math.radians(degrees)))
    assert thin[ridge.bool()].tolist() == [3, 3, 3]


def test_of_two_equal_pixels_the_first_in_reading_order_stays():
    for degrees, first, second in (
        (0, (1, 0), (1, 1)),
        (45, (0, 0), (1, 1)),
        (90, (0, 1), (1, 1)),
        (135, (0, 2), (1, 1)),
    ):
        magnitude = torch.zeros(3, 3)
        magnitude[first] = magnitude[second] = 2.0
        thin = ops.canny_nms(magnitude, torch.full((3, 3), math.radians(degrees)))
        assert thin.nonzero().tolist() == [list(first)]


def test_thin_edges_pass_gradients_through():
    magnitude = torch.rand(4, 5, dtype=torch.float64, requires_grad=True)
    direction = torch.rand(4, 5, dtype=torch.float64) * 6
    assert torch.autograd.gradcheck(lambda m: ops.canny_nms(m, direction), magnitude)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: ops.non_max_suppression_1d(torch.zeros(2, 3)), "values"),
        (lambda: ops.canny_nms(torch.zeros(3), torch.zeros(3)), "gradient_magnitude"),
        (lambda: ops.canny_nms(torch.zeros(3, 4), torch.zeros(4, 3)), "gradient_direction"),
    ],
)
def test_errors_name_the_argument(call, named, unchecked):
    with pytest.raises(ValueError, match=named):
        call()
