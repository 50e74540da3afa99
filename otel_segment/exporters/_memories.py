"""The memories of this process: one for all doors that say the same to the same endpoint."""

import os
from threading import RLock
from typing import Any, NamedTuple, Protocol
from weakref import ReferenceType, WeakSet, ref

from otel_segment.exporters._seen import Seen
from otel_segment.mapping import Mapping
from otel_segment.settings import Settings

__all__ = ["leave_memory", "memory_for"]


class Holder(Protocol):
    """What a door has behind it."""

    @property
    def component(self) -> str:
        """The kind of door."""
        ...


class _Shared(NamedTuple):
    way: tuple[str, str, bool]
    """Where messages go, for which source, and whether they go at all."""
    mapping: Mapping
    memory: "ReferenceType[Seen]"
    holders: "WeakSet[Any]"
    """The doors that are open."""


_shared: list[_Shared] = []
# Each process has a lock of its own: a fork could leave the parent's locked.
_locks: dict[int, Any] = {}


def memory_for(settings: Settings, mapping: Mapping, holder: Holder) -> Seen:
    """Return the memory that a door shares with open ones of other kinds, for the same endpoint, key and mapping.

    A second door of one kind begins afresh, as does whoever comes when the last is gone.

    Args:
        settings: The settings.
        mapping: The mapping, which says how much is remembered, and for how long.
        holder: What is the door's own: it has the memory until it leaves it, or is no more.
    """
    way = (settings.url, settings.write_key, settings.disabled)
    with _locks.setdefault(os.getpid(), RLock()):
        _clear()
        for shared in reversed(_shared):
            memory: Seen | None = shared.memory()
            is_alike = (shared.way, shared.mapping) == (way, mapping)
            has_kind = any(other.component == holder.component for other in shared.holders)
            if memory is not None and is_alike and not has_kind:
                shared.holders.add(holder)
                return memory
        made = Seen(mapping.seen.limit, mapping.seen.time_to_live)
        _shared.append(_Shared(way, mapping, ref(made), WeakSet([holder])))
        return made


def leave_memory(holder: Holder) -> None:
    """Have no part in a memory any more, for a door that is shut down; again is no harm."""
    with _locks.setdefault(os.getpid(), RLock()):
        for shared in _shared:
            shared.holders.discard(holder)
        _clear()


def _clear() -> None:
    """Let go of the memories that nobody holds."""
    _shared[:] = [shared for shared in _shared if shared.holders and shared.memory() is not None]
