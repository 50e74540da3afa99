"""What was last said of each person, in as few bytes as will do.

For each person there is a record of 16 bytes, with a time to live of 22: hashes, and no text.

======  ==============================================================
Bytes   What
======  ==============================================================
1       Whether the person was seen since it was written
3       The occasion on which it was said, the last byte by its time alone
4       What was said
8       Of whom
6       When, in milliseconds since 1970, where there is a time to live
======  ==============================================================

Records lie in rows of some 16, the newest at the end of its row. So each step is one search or one copy in some
hundred bytes, and nothing but the bytes is kept: some 25 for each person, where a dictionary of two numbers takes about
150.

That any two of 100,000 people are taken for one has a probability of 1 in 4 billion, and so has a change of what is
said to go unseen.
"""

import math
import os
import sys
from collections.abc import Hashable
from struct import Struct
from threading import RLock

from otel_segment._types import JsonObject
from otel_segment.mapping import STAMPS, Knows, subject_of

__all__ = ["Seen"]

_pack = Struct("<iq").pack
_OCCASION, _SAID, _WHO, _TIME = 1, 4, 8, 16
"""Where in a record these begin; it begins with whether the person was seen."""
_NEW, _AGAIN = b"\0", 1
_MOMENT = 6
"""Bytes of a time."""

_MILLISECOND = 1_000_000
_LATE = 7 * 86_400_000
"""Milliseconds that an event may come after others that happened later."""

_IN_A_ROW = 16
_TO_SAID = sys.hash_info.width - 32
"""Bits of a hash to leave out, so that four bytes stay."""


class _Turn:
    """Who may change something now: a process has its own, since a fork could leave that of its parent taken."""

    def __init__(self) -> None:
        # A signal handler may emit while its own thread is here: it must not wait for it, and is told by the flag.
        self.lock = RLock()
        self.is_taken = False


class Seen:
    """Remembers what was last said of whom, for each kind of call.

    Where there is no more room, one who was not seen for long is forgotten. With a limit below 32 that is the one who
    was not seen for the longest time; else, of some 16, the eldest who was not seen again, while those who were count
    as new. A forked child goes on with what its parent knew.

    Args:
        limit: People, for each kind of call.
        time_to_live: Seconds after which what was said counts as never said; None for ever. They are counted by the
            times of the records.
    """

    def __init__(self, limit: int, time_to_live: float | None = None) -> None:
        self._limit = limit
        self._is_timed = time_to_live is not None
        self._most = math.inf if time_to_live is None else time_to_live * 1_000
        self._size = _TIME + _MOMENT if self._is_timed else _TIME
        self._width = max(1, limit // _IN_A_ROW)
        self._is_exact = self._width == 1
        self._is_strict = self._is_exact or self._is_timed
        self._rows: dict[str, list[bytearray]] = {}
        self._counts: dict[str, int] = {}
        self._turns: dict[int, _Turn] = {}

    def knows(self, kind: str) -> Knows:
        """Return what tells at the least cost whether a call of a kind surely says nothing new."""
        rows, width = self._rows_of(kind), self._width

        def knows(person: str, content: Hashable, time: int) -> bool:
            who = hash(person)
            row = rows[who % width]
            at = row.find(_pack(hash(content) >> _TO_SAID, who))
            try:
                # Nobody has to wait his turn for this.
                if at <= 0 or row[at - 1] == time % STAMPS:
                    return False
                # Where others change the row meanwhile, somebody else's record begins here.
                row[at - _SAID] = _AGAIN
            except IndexError:
                # Somebody else is changing the row.
                return False
            return True

        def knows_fresh(person: str, content: Hashable, time: int) -> bool:
            who = hash(person)
            row = rows[who % width]
            at = row.find(_pack(hash(content) >> _TO_SAID, who))
            return at > 0 and self._is_fresh(row[at - _SAID :], time) and knows(person, content, time)

        return knows_fresh if self._is_strict else knows

    def is_news(self, kind: str, person: str, content: Hashable, occasion: int, time: int) -> bool:
        """Tell whether a call says what was not the last that was said, and remember that it is said now.

        Args:
            kind: The kind of call.
            person: Of whom.
            content: What it says; empty where it says nothing, which is news of a person of whom nothing is known.
            occasion: Three bytes that stand for the record that it is for, the one that made a call makes it again.
                The last of them stands for its time alone, so that most calls are known without the others.
            time: The record's own time, in nanoseconds since 1970.
        """
        who = hash(person)
        said = _pack(hash(content) >> _TO_SAID, who)
        row = self._row(kind, who)
        record = _NEW + (occasion & 0xFFFFFF).to_bytes(_SAID - _OCCASION, "little") + said
        turn = self._turns.get(os.getpid()) or self._begin()
        with turn.lock:
            if turn.is_taken:
                return True
            turn.is_taken = True
            try:
                return self._remember(kind, row, record, time, says_nothing=not content)
            finally:
                turn.is_taken = False

    def forget(self, kind: str, person: str) -> None:
        """Let what was said of a person count as never said."""
        who = hash(person)
        row = self._row(kind, who)
        turn = self._turns.get(os.getpid()) or self._begin()
        with turn.lock:
            at = self._find(row, _pack(0, who)[_WHO - _SAID :])
            if at >= 0 and not turn.is_taken:
                del row[at : at + self._size]
                self._counts[kind] -= 1

    def forget_lost(self, message: JsonObject) -> None:
        """Let a call that has not arrived count as never made; other calls than those that are remembered are none."""
        subject = subject_of(message)
        if subject is not None:
            self.forget(*subject)

    def _row(self, kind: str, who: int) -> bytearray:
        return self._rows_of(kind)[who % self._width]

    def _rows_of(self, kind: str) -> list[bytearray]:
        self._counts.setdefault(kind, 0)
        return self._rows.get(kind) or self._rows.setdefault(kind, [bytearray() for _ in range(self._width)])

    def _remember(self, kind: str, row: bytearray, record: bytes, time: int, *, says_nothing: bool) -> bool:
        at = self._find(row, record[_WHO:])
        if at < 0:
            self._add(kind, row, record + self._moment(time))
            return True
        known = bytes(row[at : at + self._size])
        is_again = known[_OCCASION:_TIME] == record[_OCCASION:]
        is_news = not (says_nothing or known[_SAID:_WHO] == record[_SAID:_WHO]) or self._age(known, time) >= self._most
        if is_news and not is_again:
            known = record + self._moment(time)
        elif -self._age(known, time) >= self._most + _LATE:
            # Events may come late, but a time so far ahead must be wrong, and would be so for long.
            known = known[:_TIME] + self._moment(time)
        del row[at : at + self._size]
        row += known
        return is_again or is_news

    def _find(self, row: bytearray, who: bytes) -> int:
        """Return where the record of a person begins; -1 where there is none."""
        at = row.find(who)
        # The bytes may stand across two records by chance.
        while at >= 0 and at % self._size != _WHO:
            at = row.find(who, at + 1)
        return at - _WHO if at >= 0 else -1

    def _add(self, kind: str, row: bytearray, record: bytes) -> None:
        # Whatever breaks in here, the count is never less than what is there.
        self._counts[kind] += 1
        if self._counts[kind] > self._limit:
            self._drop_one(row or max(self._rows[kind], key=len))
            self._counts[kind] -= 1
        row += record

    def _drop_one(self, row: bytearray) -> None:
        """Drop the eldest who was not seen again; at the second look nobody was."""
        size = self._size
        while row[0] == _AGAIN:
            eldest = row[_OCCASION:size]
            del row[:size]
            row += _NEW + eldest
        del row[:size]

    def _moment(self, time: int) -> bytes:
        return (time // _MILLISECOND % 256**_MOMENT).to_bytes(_MOMENT, "little") if self._is_timed else b""

    def _age(self, record: "bytes | bytearray", time: int) -> float:
        """Return for how many milliseconds what was said is known, by the times of records, which may be wrong."""
        return time // _MILLISECOND - int.from_bytes(record[_TIME : _TIME + _MOMENT], "little") if self._is_timed else 0

    def _is_fresh(self, record: bytearray, time: int) -> bool:
        """Tell whether nothing has to be changed because a person was seen again."""
        return not self._is_exact and abs(self._age(record, time)) < self._most

    def _begin(self) -> _Turn:
        """Begin in this process: where it was forked in the middle of a change the count may be wrong."""
        me = os.getpid()
        turn = self._turns.setdefault(me, _Turn())
        with turn.lock:
            for other in set(self._turns) - {me}:
                self._turns.pop(other, None)
            for kind, rows in list(self._rows.items()):
                self._counts[kind] = sum(map(len, rows)) // self._size
        return turn
