"""Real data for the tests of its loaders."""

import os

import pytest

from lookclosely.data import _fetch


@pytest.fixture(scope="session")
def at_hand():
    """``at_hand(source)``: its path. Skips without the data, but fails where it was promised."""

    def path_of(source):
        path = _fetch.find(source)
        if path is None:
            if os.environ.get("LOOKCLOSELY_DATA"):
                pytest.fail(f"LOOKCLOSELY_DATA has no {source.file}")
            pytest.skip(f"{source.file} is not here; set LOOKCLOSELY_DATA to test with real data")
        return path

    return path_of
