"""What holds for all tests of the web instrumentation."""

import os
from collections.abc import Iterator

import pytest
from serving import Arrivals, arriving

from otel_segment import _log


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Arrivals]:
    """What arrives from this module's applications."""
    with arriving() as arrivals:
        yield arrivals


@pytest.fixture
def arrivals(endpoint: Arrivals, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arrivals]:
    """What arrives during one test, all of which it looks at."""
    monkeypatch.setattr(_log, "_last_said", {})
    yield endpoint
    assert endpoint.take() == []


@pytest.fixture(scope="module", autouse=True)
def unmeasured() -> Iterator[None]:
    """Start servers without what measures coverage, beside which each takes several times as long to begin."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
            patch.delenv(name)
        yield
