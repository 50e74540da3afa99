"""The secret that pseudonyms are made with, a new one for each day.

Where no secret is given, all processes of one machine that use one folder agree on 32 random bytes in a file in it.
It outlives restarts, and is deleted by the first process that needs the next day's: from then on nobody, its owner
included, can tell whose pseudonym one of the past was.
"""

import logging
import os
import time
from hashlib import sha256
from hmac import digest

from otel_segment._log import say_once
from otel_segment.instrumentation import _salt_files

__all__ = ["Salts"]

_DAY = 86_400
_MOST_STEPS = 10_000


class Salts:
    """The salt of each day.

    A day begins at midnight UTC. Salts never go back: whoever's clock is behind by less than a day is given the salt
    of the day that others have reached already. All methods may be called from any thread, and after a fork.

    Args:
        given: A secret to derive all salts from, for machines that must agree on them. Such salts are *not* destroyed:
            who has the secret can make any day's again. Without one they are random.
        folder: Where the random salt is kept; made where it is missing. By default a private folder of this user's
            among the temporary files.
    """

    def __init__(self, given: str | None, folder: str | None) -> None:
        self._secret = given.encode("utf-8", "surrogatepass") if given else None
        self._folder = folder
        self._chain = _Chain(int(time.time() // _DAY))
        # From when until when, and which salt: replaced as a whole, so no lock is needed.
        self._held: tuple[float, float, bytes] = (0, 0, b"")

    def today(self, now: float) -> bytes:
        """Return the salt of the day; on all but the first call of a day this is a comparison.

        Args:
            now: The time in seconds since 1970.

        Returns:
            32 bytes.
        """
        since, until, salt = self._held
        return salt if since <= now < until else self._renewed(int(now // _DAY))

    def _renewed(self, day: int) -> bytes:
        day, salt = self._find(day)
        self._held = ((day - 1) * _DAY, (day + 1) * _DAY, salt)
        return salt

    def _find(self, day: int) -> tuple[int, bytes]:
        if self._secret is not None:
            date = time.strftime("%Y-%m-%d", time.gmtime(day * _DAY))
            return day, digest(self._secret, f"otel_segment visitor salt {date}".encode(), "sha256")
        try:
            folder = _salt_files.private_folder() if self._folder is None else _salt_files.given_folder(self._folder)
            found = _salt_files.agree(folder, day)
        except (OSError, ValueError, OverflowError) as error:
            say_once(
                "visitor salt",
                logging.WARNING,
                "the salt of visitors' pseudonyms cannot be kept in a file (%s), so one visitor is another one for each"
                " process that was started on its own; set salt_folder to a folder of this user's alone, or salt to a"
                " secret",
                error,
            )
            return self._chain.at(day)
        # What would still lead to a salt of the past is not kept either.
        self._chain.at(found[0])
        return found


class _Chain:
    """Salts in memory, which processes that were forked from one another make alike, and none can make again.

    Each day's key is a hash of the key of the day before.
    """

    def __init__(self, day: int) -> None:
        self._link = (day, os.urandom(32))

    def at(self, day: int) -> tuple[int, bytes]:
        """Return the day whose salt holds, which may be the one after, and its salt."""
        start, key = self._link
        if day + 1 == start:
            day = start
        if not 0 <= day - start <= _MOST_STEPS:
            start, key = day, _hash(b"leap %d" % day, key)
        for _ in range(day - start):
            key = _hash(b"next", key)
        self._link = (day, key)
        return day, _hash(b"salt", key)


def _hash(purpose: bytes, key: bytes) -> bytes:
    return sha256(purpose + b":" + key).digest()
