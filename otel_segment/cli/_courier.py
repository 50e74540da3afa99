"""Sending from the command line: with the settings of the environment, in a bounded amount of memory."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any

from typing_extensions import Self

from otel_segment._env import resolve
from otel_segment.cli._command import UNUSABLE, CommandError
from otel_segment.delivery import Delivery, Stats
from otel_segment.errors import ConfigurationError
from otel_segment.reasons import DropReason
from otel_segment.settings import Settings

__all__ = ["TICK", "Courier", "settings_of_environment"]

TICK = 0.2
"""Seconds between two looks at how far it has come."""

_QUEUE_BYTES = 256 * 2**20
"""More than can ever be under way: what is put at a time, and a request for each sender."""
_PUT_BYTES = 2 * 2**20


def settings_of_environment() -> Settings:
    """Read the settings.

    Raises:
        CommandError: They are wrong, or say that nothing is to be sent.
    """
    try:
        settings = resolve({})
    except ConfigurationError as error:
        raise CommandError(str(error), UNUSABLE) from error
    if settings.disabled:
        msg = "OTEL_EXPORTER_SEGMENT_DISABLED is set: nothing would be sent; take it out of the environment"
        raise CommandError(msg, UNUSABLE)
    return settings


class Courier:
    """Sends messages and waits for them; a context manager, of which the end gives up what is not settled.

    Args:
        settings: The settings; the spool is not used.
        tick: Called again and again while there is something to wait for.
    """

    def __init__(self, settings: Settings, tick: Callable[[Stats], None]) -> None:
        self.undelivered: Counter[DropReason] = Counter()
        """Messages that were given up, by reason."""
        alone = replace(
            settings, spool=None, durable=False, max_queue_bytes=_QUEUE_BYTES, on_dropped=self._note, on_delivered=None
        )
        self._delivery = Delivery(alone, "segment_replay", "log")
        self._tick = tick
        self._put = 0

    @property
    def stats(self) -> Stats:
        """What has become of the messages."""
        return self._delivery.stats()

    def send(self, message: bytes) -> None:
        """Hand over a message; wait while too much is under way."""
        self._delivery.put(message)
        self._put += len(message)
        if self._put >= _PUT_BYTES:
            self._put = 0
            while not self._delivery.wait_window(TICK):
                self._tick(self.stats)
            self._tick(self.stats)

    def finish(self) -> None:
        """Wait until every message is delivered or given up."""
        while not self._delivery.flush(TICK):
            self._tick(self.stats)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._delivery.shutdown()

    def _note(self, reason: DropReason, messages: list[dict[str, Any]]) -> None:
        self.undelivered[reason] += len(messages)
