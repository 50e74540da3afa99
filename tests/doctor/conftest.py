"""The doctor as a test calls it: in an environment that holds nothing but what the test puts there."""

import os
from collections.abc import Iterator

import msgspec
import pytest
from surroundings import Diagnosis, Doctor

from otel_segment.cli import main
from otel_segment.cli.doctor._report import Report
from otel_segment.inspector import LocalEndpoint

KEY = "0123456789abcdef0123456789abf3a1"


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Take out of the environment what would be read."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "SEGMENT_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def sound(clean: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set what is needed, but for an endpoint."""
    clean.setenv("SEGMENT_WRITE_KEY", KEY)
    clean.setenv("OTEL_LOGS_EXPORTER", "segment")
    clean.setenv("OTEL_TRACES_EXPORTER", "none")
    clean.setenv("OTEL_METRICS_EXPORTER", "none")
    return clean


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Doctor:
    """Call the doctor; returns what it says."""

    def call(*arguments: str) -> Diagnosis:
        code = main(["doctor", "--json", *arguments])
        out, err = capsys.readouterr()
        assert err == ""
        report = msgspec.json.decode(out, type=Report)
        assert code == report.exit_code
        return Diagnosis(code, report, out)

    return call


@pytest.fixture(scope="session")
def listening() -> Iterator[LocalEndpoint]:
    """An endpoint for all tests."""
    with LocalEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(listening: LocalEndpoint, sound: pytest.MonkeyPatch) -> Iterator[LocalEndpoint]:
    """A sound endpoint, which the environment names."""
    sound.setenv("OTEL_EXPORTER_SEGMENT_ENDPOINT", listening.url)
    yield listening
    listening.behave(None)
    listening.received.clear()
