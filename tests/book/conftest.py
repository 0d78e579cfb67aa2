"""What the tests of the built site share: the address where it is served."""

from collections.abc import Iterator

import pytest

from built_site import served


@pytest.fixture(scope="session")
def root() -> Iterator[str]:
    with served() as address:
        yield address
