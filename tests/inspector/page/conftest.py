"""An inspector and a browser for each module, a tab for each test."""

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
pytest.importorskip("playwright.sync_api")

from page_browsing import CHROMIUM, browser, opened
from playwright.sync_api import expect

from otel_segment.inspector.live import Inspector

expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser where there is none."""
    if CHROMIUM is None:
        for item in items:
            if "chromium" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip(reason="needs chromium"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser."""
    with browser() as running:
        yield running


@pytest.fixture(scope="module")
def listening() -> Iterator[Inspector]:
    """An inspector, whatever it has seen already."""
    with Inspector() as inspector:
        yield inspector


@pytest.fixture
def inspector(listening: Inspector) -> Inspector:
    """An inspector that remembers nothing."""
    listening.archive.clear()
    return listening


@pytest.fixture
def tab(chromium: Any, inspector: Inspector) -> Iterator[Any]:
    """A tab in which nothing goes wrong."""
    with opened(chromium, inspector.url) as tab:
        yield tab
