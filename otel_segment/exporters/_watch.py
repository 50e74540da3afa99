"""Watching what the doors of a process make of events, in the place of sending it."""

from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

from otel_segment.delivery import Watcher
from otel_segment.settings import SettingsArguments

if TYPE_CHECKING:
    from otel_segment.exporters._door import Door

__all__ = ["Watch", "current_watch", "forget_door", "known", "watch_doors"]


class Watch(Watcher, Protocol):
    """Whoever sees all that comes to the doors, while it is set."""

    @property
    def settings(self) -> SettingsArguments:
        """The settings that go before those of any door."""
        ...


_doors: "WeakSet[Door]" = WeakSet()
_watches: list[Watch] = []


def known(door: "Door") -> None:
    """Note that there is a door."""
    _doors.add(door)


def forget_door(door: "Door") -> None:
    """Let go of a door that nobody will use again."""
    _doors.discard(door)
    door.end()


def current_watch() -> Watch | None:
    """Return who watches now; None where nobody does, and events are sent."""
    return _watches[-1] if _watches else None


def watch_doors(watch: Watch | None) -> Watch | None:
    """Let somebody see all that comes to the doors, those that are made from now on included; nothing is sent then.

    Each door begins afresh, as if nothing had ever been emitted, and goes on as it was when nobody watches any more.

    Args:
        watch: Who watches; None for nobody.

    Returns:
        Who watched before.

    Raises:
        ConfigurationError: If one of its settings is wrong, in which case all stays as it was.
    """
    before = current_watch()
    if watch is None:
        _watches.clear()
    else:
        prepared = [(door, door.prepared_for(watch)) for door in list(_doors)]
        _watches[:] = [watch]
        for door, pipeline in prepared:
            door.show(pipeline)
        return before
    for door in list(_doors):
        door.show(None)
    return before
