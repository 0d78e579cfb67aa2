"""The table of example arguments has every public function, and what it holds can be called."""

import pytest
import torch

from arguments import EXAMPLES, Draw, public_functions


def test_every_public_function_has_an_example_and_no_other_has():
    assert sorted(EXAMPLES) == sorted(public_functions())


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("size", [8, 13])
def test_an_example_is_ours_and_the_library_s(name, size):
    example = EXAMPLES[name]
    arguments = example.arguments(Draw(dtype=torch.float64, size=size))
    ours = example.ours(*arguments)
    if example.library is not None:
        library = example.library(*arguments)
        torch.testing.assert_close(ours, library, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_the_same_each_time_it_is_made(name):
    first, second = (EXAMPLES[name].arguments(Draw()) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        assert not isinstance(a, torch.Tensor) or torch.equal(a, b)
