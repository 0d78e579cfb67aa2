"""What every test gets: checked type annotations, one thread, fixed seeds, each device there is."""

import os
import random

from jaxtyping import config, install_import_hook

# Before the first import of lookclosely: every annotation in the package is enforced while testing.
install_import_hook("lookclosely", "typecheck.checked")

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "agg")

import hypothesis  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)  # the same sums in the same order, on any machine
torch.backends.cudnn.allow_tf32 = False  # on CUDA too, float32 means 24 bits

# The same examples in every run, and no time limit for one of them on a busy machine.
hypothesis.settings.register_profile("book", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("book")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a module share its fixtures, so one worker runs them: ``--dist loadgroup``.

    Those marked ``spread`` are long and share nothing: they go to any worker, one by one.
    """
    for item in items:
        if item.get_closest_marker("spread") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.fixture(autouse=True)
def trained_here(tmp_path, monkeypatch) -> None:
    """Trainings are kept for the test that made them, and found by no other."""
    monkeypatch.setenv("LOOKCLOSELY_TRAINED", str(tmp_path / "trained"))


@pytest.fixture(autouse=True)
def seed() -> None:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 – scikit-image and others draw from it
    torch.manual_seed(0)


@pytest.fixture(
    params=[
        "cpu",
        pytest.param(
            "cuda",
            marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
        ),
    ]
)
def device(request: pytest.FixtureRequest) -> torch.device:
    return torch.device(request.param)


@pytest.fixture
def unchecked():
    """Calls as a reader makes them, without the type checks of testing.

    For tests of our own ValueErrors: with the checks on, an argument of a wrong shape would raise
    jaxtyping's error before it reached them.
    """
    before = config.jaxtyping_disable
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", before)


@pytest.fixture(scope="session")
def browser():
    """The one browser of all tests."""
    from chromium import chromium

    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def at_hand():
    """``at_hand(source)``: its path. Skips without the data, but fails where it was promised."""

    from lookclosely.data import fetch

    def path_of(source):
        path = fetch.find(source)
        if path is None:
            if os.environ.get("LOOKCLOSELY_DATA"):
                pytest.fail(f"LOOKCLOSELY_DATA has no {source.file}")
            pytest.skip(f"{source.file} is not here; set LOOKCLOSELY_DATA to test with real data")
        return path

    return path_of
