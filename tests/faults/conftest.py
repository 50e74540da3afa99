"""What holds in every test under faults: the counts of every program add up, while it runs and at its end."""

from collections.abc import Generator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def counts(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Have all programs of the test watched."""
    told = tmp_path_factory.mktemp("counts") / "told"
    monkeypatch.setenv("WATCH_COUNTS", str(told))
    return told


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """See after each test that programs were watched, and that no event was nowhere or in two places."""
    result = yield
    lines = pyfuncitem.funcargs["counts"].read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("wrong")] == []
    assert any(line.startswith("watched") for line in lines)
    return result
