"""The fixtures of the tests of the testing kit."""

import os

import pytest


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine has a say."""
    for name in [name for name in os.environ if name.startswith(("OTEL_", "SEGMENT_"))]:
        monkeypatch.delenv(name)
