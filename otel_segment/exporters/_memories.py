"""The memories of this process: one for all doors that say the same to the same endpoint."""

import os
from threading import RLock
from typing import Any, NamedTuple
from weakref import ReferenceType, WeakSet, ref

from otel_segment.exporters._seen import Seen
from otel_segment.mapping import Mapping
from otel_segment.settings import Settings

__all__ = ["leave_memory", "memory_for"]


class _Shared(NamedTuple):
    url: str
    write_key: str
    mapping: Mapping
    memory: "ReferenceType[Seen]"
    holders: "WeakSet[Any]"
    """The doors that are open."""


_shared: list[_Shared] = []
# Each process has a lock of its own: a fork could leave the parent's locked.
_locks: dict[int, Any] = {}


def memory_for(settings: Settings, mapping: Mapping, holder: object) -> Seen:
    """Return the memory that a door shares with all open ones of the same endpoint, write key and mapping.

    With the last of them it is gone, so that who comes later begins afresh.

    Args:
        settings: The settings.
        mapping: The mapping, which says how much is remembered, and for how long.
        holder: What is the door's own: it has the memory until it leaves it, or is no more.
    """
    with _locks.setdefault(os.getpid(), RLock()):
        _clear()
        for shared in _shared:
            memory = shared.memory()
            is_alike = (shared.url, shared.write_key, shared.mapping) == (settings.url, settings.write_key, mapping)
            if memory is not None and is_alike:
                shared.holders.add(holder)
                return memory
        memory = Seen(mapping.seen.limit, mapping.seen.time_to_live)
        _shared.append(_Shared(settings.url, settings.write_key, mapping, ref(memory), WeakSet([holder])))
        return memory


def leave_memory(holder: object) -> None:
    """Have no part in a memory any more, for a door that is shut down; again is no harm."""
    with _locks.setdefault(os.getpid(), RLock()):
        for shared in _shared:
            shared.holders.discard(holder)
        _clear()


def _clear() -> None:
    """Let go of the memories that nobody holds."""
    _shared[:] = [shared for shared in _shared if shared.holders and shared.memory() is not None]
