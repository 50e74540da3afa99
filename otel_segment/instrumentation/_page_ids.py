"""What a page is named to its browser: its id, when it was made, and a proof that it was made here.

All processes that agree on the salt of the day know one another's, so nothing needs to be kept of a page that was sent.
"""

import re
from hashlib import sha256
from hmac import compare_digest, digest
from typing import NamedTuple

from otel_segment.instrumentation._salts import Salts

__all__ = ["PageId", "PageIds"]

_FORM = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{1,12})\.([0-9a-f]{32})", re.ASCII)


class PageId(NamedTuple):
    """A page that was made here.

    Attributes:
        uid: Its event's id.
        age: Seconds since it was made.
    """

    uid: str
    age: float


class PageIds:
    """Names pages, and knows them again until the salt changes at midnight UTC.

    Args:
        salts: The secret.
    """

    def __init__(self, salts: Salts) -> None:
        self._salts = salts

    def name(self, uid: str, now: float) -> str:
        """Return what the browser is told.

        Args:
            uid: The id of the page's event: 32 hexadecimal digits.
            now: Seconds since 1970.
        """
        text = f"{uid}.{int(now * 1_000):x}"
        return f"{text}.{self._proof(text, now)}"

    def read(self, name: object, now: float) -> PageId | None:
        """Return the page that a browser names; None where it was not made here, or not today."""
        found = _FORM.fullmatch(name) if isinstance(name, str) else None
        if found is None:
            return None
        uid, moment, proof = found.groups()
        if not compare_digest(proof, self._proof(f"{uid}.{moment}", now)):
            return None
        return PageId(uid, now - int(moment, 16) / 1_000)

    def _proof(self, text: str, now: float) -> str:
        # A key of its own: what pseudonyms are made with proves nothing here, nor the other way round.
        key = sha256(b"otel_segment page id:" + self._salts.today(now)).digest()
        return digest(key, text.encode(), "sha256").hex()[:32]
