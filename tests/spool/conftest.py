"""The fixtures of the tests of the spool."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from spooling import OpenSpool

from otel_segment import _log
from otel_segment.spool import Spool


@pytest.fixture(autouse=True)
def clean_log() -> None:
    """What another test has had said is said again."""
    _log._last_said.clear()
    _log._unsaid.clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for a spool, which is not there yet."""
    return tmp_path / "spool"


@pytest.fixture
def open_spool(folder: Path) -> Iterator[OpenSpool]:
    """Opens spools of this process, and closes them."""
    opener = OpenSpool(folder)
    yield opener
    opener.close()


@pytest.fixture
def spool(open_spool: OpenSpool) -> Spool:
    """The spool in the folder."""
    return open_spool()
