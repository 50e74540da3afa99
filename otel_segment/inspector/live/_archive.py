"""The archive: everything that arrived, in SQLite, the oldest forgotten when there is too much."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from otel_segment.inspector._intake import Event
from otel_segment.inspector._received import Received
from otel_segment.inspector._rules import Problem
from otel_segment.inspector.live._counts import Counts
from otel_segment.inspector.live._database import ArchiveError, open_database
from otel_segment.inspector.live._reader import Reader
from otel_segment.inspector.live._row import Request, Row, describe, shortened, state_of

__all__ = ["Archive"]

_KEEP_BYTES: Final = 1 << 30
_FORGET_REQUESTS_EVERY: Final = 1_000
_LONGEST_TYPE: Final = 100


class Archive:
    """The events and requests that came, the newest so many; for many threads.

    Iterating gives the events that were accepted, without repeats. An event counts as a repeat as long as one with
    its ``messageId`` is in the archive.

    Attributes:
        keep: How many events it holds at most.
        version: Another number after each change.
        reader: What looks into it.
    """

    def __init__(self, path: Path | None = None, keep: int = 100_000, keep_bytes: int = _KEEP_BYTES) -> None:
        """Open the archive.

        Args:
            path: The file; it is made where there is none. ``None`` keeps everything in memory.
            keep: How many events it holds at most.
            keep_bytes: How many bytes its events have at most, as they were sent.

        Raises:
            ArchiveError: If the file cannot be used.
        """
        self.keep = keep
        self.version = 0
        self._path = path
        self._keep_bytes = keep_bytes
        self._changed = threading.Condition(threading.RLock())
        self._listeners: list[Callable[[list[Row]], None]] = []
        self._connection = open_database(path)
        self.reader = Reader(self._connection, self._changed)
        try:
            self._counts = Counts(self._connection)
            self._last, self._last_request = map(self._highest, ("events", "requests"))
            self._last_accepted = self._last
            ((self._began,),) = self._connection.execute("SELECT sum(value) FROM numbers WHERE name = 'began'")
            with self._transaction():
                gone = self._forget([])
            self._counts.remove(gone)
        except (sqlite3.Error, ArchiveError):
            self._connection.close()
            raise

    def __len__(self) -> int:
        with self._changed:
            return self._counts.events

    def __iter__(self) -> Iterator[Received]:
        return iter(self.events)

    @property
    def last(self) -> int:
        """The number of the last event, 0 when none ever came."""
        return self._last

    @property
    def events(self) -> list[Received]:
        """The events that were accepted, in the order of their arrival, without repeats."""
        return [event for event in self.reader.received(0) if not event.duplicate]

    @property
    def duplicates(self) -> int:
        """How many of the events are repeats."""
        with self._changed:
            return self._counts.states.get("duplicate", 0)

    @property
    def refused(self) -> int:
        """How many of the events were refused."""
        with self._changed:
            return self._counts.states.get("refused", 0)

    def find(self, message_id: str) -> Received | None:
        """Give the accepted event with this ``messageId``, the first where it came more than once."""
        return self.reader.find(message_id)

    def after(self, number: int, timeout: float | None = None) -> list[Received]:
        """Give what was accepted after the event of that number, repeats included.

        Args:
            number: The ``number`` of the last event already seen; 0 for none.
            timeout: Seconds to wait for at least one; ``None`` waits for ever.

        Returns:
            The events in the order of their arrival; none when the time has passed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._last_accepted > number, timeout)
        return self.reader.received(number)

    def wait_for(self, predicate: Callable[["Archive"], object], timeout: float) -> bool:
        """Wait until something holds.

        Args:
            predicate: Is given this archive after each change, and says whether it holds.
            timeout: Seconds to wait at most.

        Returns:
            Whether it holds.
        """
        with self._changed:
            return bool(self._changed.wait_for(lambda: predicate(self), timeout))

    def listen(self, listener: Callable[[list[Row]], None]) -> None:
        """Have the rows of all events told from now on, in their order, on the thread that takes them in."""
        self._listeners.append(listener)

    def summary(self) -> dict[str, Any]:
        """Say how much there is of what."""
        with self._changed:
            return {
                "events": self._counts.events,
                "kept": self.keep,
                "seen": self._last,
                "forgotten": self._last - self._counts.events,
                "began": self._began,
                "types": self._counts.types,
                "states": self._counts.states,
                "requests": self._last_request,
                "rates": self._counts.rates(int(time.time())),
            }

    def take(self, request: Request, events: Sequence[Event], problems: tuple[Problem, ...] = ()) -> int:
        """Take in a request.

        Args:
            request: The request; it is given a number here.
            events: Its events.
            problems: What is wrong with all of them.

        Returns:
            The number of the request.

        Raises:
            ArchiveError: If it cannot be written.
        """
        with self._changed:
            number = self._last_request + 1
            with self._transaction():
                rows = self._rows(request, events, problems)
                self._write(number, request, rows, events)
                gone = self._forget(rows)
            self._last_request = number
            self._last += len(rows)
            if any(row.state != "refused" for row in rows):
                self._last_accepted = self._last
            self._counts.add(rows)
            self._counts.remove(gone)
            self.version += 1
            for listener in self._listeners if rows else ():
                listener(rows)
            self._changed.notify_all()
            return number

    def settle(self, number: int, status: int, body: str) -> None:
        """Note what another endpoint answered when a request was passed on to it."""
        with self._changed, self._transaction():
            self._connection.execute(
                "UPDATE requests SET forward_status = ?, forward_body = ? WHERE number = ?", (status, body, number)
            )

    def clear(self) -> None:
        """Forget everything; numbers go on."""
        with self._changed:
            with self._transaction():
                for table in ("events", "payloads", "requests"):
                    self._connection.execute(f"DELETE FROM {table}")  # noqa: S608
                self._note_numbers()
            self._counts.clear()
            self.version += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Close the database."""
        with self._changed:
            try:
                with self._transaction():
                    self._note_numbers()
            finally:
                self._connection.close()

    def _rows(self, request: Request, events: Sequence[Event], problems: tuple[Problem, ...]) -> list[Row]:
        refused = request.status is None or not 200 <= request.status < 300  # noqa: PLR2004
        own = [shortened(event.message_id) for event in events]
        ids = set() if refused else self.reader.known({*own} - {""})
        rows = []
        for number, (event, message_id) in enumerate(zip(events, own, strict=True), self._last + 1):
            found = (*event.problems, *problems)
            if not refused and message_id:
                if message_id in ids:
                    found = (*found, Problem.DUPLICATE)
                ids.add(message_id)
            name, person, user, trace = describe(event.raw, event.type)
            row = Row(
                number,
                request.arrived,
                shortened(event.type, _LONGEST_TYPE),
                name,
                person,
                user,
                state_of(found, refused=refused),
                tuple(map(str, found)),
                len(event.raw),
                message_id,
                trace,
            )
            rows.append(row)
        return rows

    def _write(self, number: int, request: Request, rows: Sequence[Row], events: Sequence[Event]) -> None:
        self._connection.execute(
            "INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)", request.as_row(number)
        )
        self._connection.executemany(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [row.as_row(number) for row in rows]
        )
        self._connection.executemany(
            "INSERT INTO payloads VALUES (?, ?)",
            [(row.number, event.raw.decode(errors="replace")) for row, event in zip(rows, events, strict=True)],
        )

    def _forget(self, rows: Sequence[Row]) -> list[tuple[str, str, int]]:
        """Delete the oldest events that are too many, once those rows are there; give type, state and size of each."""
        events = self._counts.events + len(rows) - self.keep
        size = self._counts.bytes + sum(row.size for row in rows) - self._keep_bytes
        gone: list[tuple[str, str, int]] = []
        last = 0
        if events > 0 or size > 0:
            oldest = self._connection.execute("SELECT number, type, state, size FROM events ORDER BY number")
            while (len(gone) < events or size > 0) and (row := oldest.fetchone()):
                last, *(kind, state, its_size) = row
                gone.append((kind, state, its_size))
                size -= its_size
            oldest.close()
            for table in ("events", "payloads"):
                self._connection.execute(f"DELETE FROM {table} WHERE number <= ?", (last,))  # noqa: S608
            # The oldest event is of the oldest request; to look for the least would be to look at all.
            oldest_request = "SELECT request FROM events ORDER BY number LIMIT 1"
            self._connection.execute(f"DELETE FROM requests WHERE number < ({oldest_request})")  # noqa: S608
        if self._last_request % _FORGET_REQUESTS_EVERY == 0:
            self._connection.execute(
                "DELETE FROM requests WHERE number < ? AND number NOT IN (SELECT request FROM events)",
                (self._last_request - self.keep,),
            )
        return gone

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                # Some errors have ended it already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            msg = f"the archive {self._path or 'in memory'} cannot be written: {error}"
            raise ArchiveError(msg) from error

    def _highest(self, table: str) -> int:
        (number,) = self._connection.execute(
            f"SELECT max(ifnull((SELECT max(number) FROM {table}), 0), "  # noqa: S608
            "ifnull((SELECT value FROM numbers WHERE name = ?), 0))",
            (table,),
        ).fetchone()
        return int(number)

    def _note_numbers(self) -> None:
        numbers = (("events", self._last), ("requests", self._last_request))
        self._connection.executemany("INSERT OR REPLACE INTO numbers VALUES (?, ?)", numbers)
