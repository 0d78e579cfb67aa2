"""Demos are live by default; pages in a browser remember what went wrong on them."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def no_static_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOOKCLOSELY_STATIC", raising=False)


@pytest.fixture
def static(monkeypatch: pytest.MonkeyPatch, no_static_by_default: None) -> None:
    monkeypatch.setenv("LOOKCLOSELY_STATIC", "1")


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that remembers what went wrong and what it asked for."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.problems, page.requests = [], []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)
    page.on("request", lambda request: page.requests.append(request.url))
    yield page
    context.close()
