"""The fixtures that pytest finds by itself. It imports next to nothing until one of them is used.

Every run of pytest loads it where the package is installed, whatever its version: what is new in pytest would break it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import pytest

if TYPE_CHECKING:
    from otel_segment.testing._capture import Capture
    from otel_segment.testing._events import SegmentEvents
    from otel_segment.testing._server import SegmentServer
    from otel_segment.testing._surroundings import Changes

__all__ = ["segment_events", "segment_server", "segment_settings"]

_captures: WeakKeyDictionary[pytest.Config, Capture] = WeakKeyDictionary()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Tell of the setting."""
    parser.addini(
        "segment_disabled",
        "otel_segment sends nothing during the whole run, and needs no write key: OTEL_EXPORTER_SEGMENT_DISABLED=true",
        type="bool",
        default=False,
    )


def pytest_configure(config: pytest.Config) -> None:
    """Tell of the marker, and switch sending off where that is wanted, before any module is imported."""
    config.addinivalue_line(
        "markers", "segment(**settings): settings of otel_segment for segment_events, such as mapping and before_send"
    )
    if config.getini("segment_disabled"):
        import os

        os.environ["OTEL_EXPORTER_SEGMENT_DISABLED"] = "true"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin before all other fixtures, which may set the application up."""
    if "segment_events" in getattr(item, "fixturenames", ()):
        _begin(item)


@pytest.hookimpl(hookwrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Iterator[None]:
    """Have what fixtures of a wider scope set up stay for as long as they do: it is no one test's."""
    if fixturedef.scope == "function":
        yield
        return
    changes = _pause(request.config)
    # Of its finalizers this is the last, and the one below the first.
    fixturedef.addfinalizer(lambda: _resume(request.config, changes))
    yield
    if changes is not None:
        changes.end()
    _resume(request.config, None)
    fixturedef.addfinalizer(lambda: _pause(request.config))


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """End after all other fixtures."""
    yield
    capture = _captures.pop(item.config, None)
    if capture is not None:
        capture.stop()


@pytest.fixture
def segment_settings() -> dict[str, Any]:
    """Settings of otel_segment for segment_events; to be overridden."""
    return {}


@pytest.fixture
def segment_events(request: pytest.FixtureRequest, segment_settings: dict[str, Any]) -> SegmentEvents:
    """The events that the test has emitted so far, as they would have been sent to Segment."""
    item: pytest.Item = request.node
    capture = _captures.get(item.config) or _begin(item)
    if segment_settings:
        with _brief_errors():
            capture.use({**segment_settings, **_marked(item)})  # type: ignore[typeddict-item]
    return capture.events


@pytest.fixture
def segment_server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[SegmentServer]:
    """A Segment-compatible endpoint on this machine, which the environment names for the test."""
    from otel_segment.testing._server import served

    if "segment_events" in request.fixturenames:
        pytest.fail(
            "segment_events sees events instead of having them sent: use segment_server alone, with its .events"
        )
    with served(monkeypatch.setenv, lambda name: monkeypatch.delenv(name, raising=False)) as server:
        yield server


def _begin(item: pytest.Item) -> Capture:
    from otel_segment.testing._capture import Capture

    capture = Capture(_marked(item))  # type: ignore[arg-type]
    with _brief_errors():
        capture.start()
    _captures[item.config] = capture
    return capture


def _pause(config: pytest.Config) -> Changes | None:
    """Pause the test that uses segment_events, where one does, and begin to note what is changed meanwhile."""
    if (capture := _captures.get(config)) is None:
        return None
    capture.pause()
    from otel_segment.testing._surroundings import Changes

    return Changes()


def _resume(config: pytest.Config, changes: Changes | None) -> None:
    """Undo changes, and go on with the test."""
    if changes is not None:
        changes.undo()
    if (capture := _captures.get(config)) is not None:
        capture.resume()


@contextmanager
def _brief_errors() -> Iterator[None]:
    """Have wrong settings said, and not the environment that they were looked for in."""
    try:
        yield
    except ValueError as error:
        pytest.fail(f"wrong settings by @pytest.mark.segment or segment_settings: {error}", pytrace=False)


def _marked(item: pytest.Item) -> dict[str, Any]:
    """Return the settings of all markers; the one that is nearest to the test has the last word."""
    settings: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("segment"))):
        if marker.args:
            pytest.fail("@pytest.mark.segment takes settings by name, such as segment(mapping=...)", pytrace=False)
        settings.update(marker.kwargs)
    return settings
