"""Every public function of ops, losses and metrics × every condition that can be put to it.

A function is here by its entry in ``arguments.py``: nothing else is to be written for it. What a
condition asks is in ``properties.py``.
"""

from collections import Counter

import pytest

from arguments import EXAMPLES
from properties import asked

ENTRY = """
{name} does not hold "{condition}".
It must be right there, or raise a ValueError that names the argument.
Asked were the arguments of its entry in tests/arguments.py, Example(function, make, library,
timed_at, rows): make(draw) returns positional arguments that are accepted at draw.size 8 and in
float64, made with nothing but draw's methods, so that two calls give the same ones; settings given
by keyword go into partial(function, …); library is the function that must give the same, or None;
timed_at is a size at which it takes milliseconds; rows the places of arguments whose rows (images,
boxes) each have a result of their own, along the result's first axis.
"""
PAIRS = [(name, condition) for name, example in EXAMPLES.items() for condition in asked(example)]


@pytest.mark.parametrize(("name", "condition"), PAIRS)
def test_a_function_is_right_or_refuses(name: str, condition: str, unchecked):
    try:
        asked(EXAMPLES[name])[condition](EXAMPLES[name])
    except AssertionError as error:
        entry = ENTRY.format(name=name, condition=condition)
        raise AssertionError(f"{error}\n{entry}") from error


def test_every_function_is_asked():
    """Functions × conditions: ``pytest tests/test_properties.py -rP`` prints how many."""
    print(f"{len(EXAMPLES)} functions × their conditions: {len(PAIRS)}")
    count = Counter(name for name, _ in PAIRS)
    assert set(count) == set(EXAMPLES) and min(count.values()) >= 2
    assert len(PAIRS) > 18 * len(EXAMPLES)
