"""The spools of this process: one for each folder."""

import os
import threading
from pathlib import Path

from otel_segment.spool._store import Spool

__all__ = ["spool_for"]

_lock = threading.Lock()
_spools: dict[tuple[int, Path], Spool] = {}


def spool_for(folder: Path | str, max_bytes: int) -> Spool:
    """Return this process's spool in a folder; nothing is opened yet.

    Args:
        folder: The folder.
        max_bytes: Bytes that its database may have; the last to ask has the say.
    """
    key = (os.getpid(), Path(folder).absolute())
    with _lock:
        spool = _spools.get(key)
        if spool is None:
            _spools[key] = spool = Spool(key[1], max_bytes)
    spool.max_bytes = max_bytes
    return spool
