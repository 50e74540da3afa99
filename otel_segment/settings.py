"""The settings, as values: what users may give, and the frozen result of reading and checking it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from otel_segment._oauth_settings import OAuth
from otel_segment.reasons import DropReason

if TYPE_CHECKING:
    from otel_segment.mapping import Mapping as MappingDocument

__all__ = ["BeforeSend", "OAuth", "OnDelivered", "OnDropped", "Settings", "SettingsArguments", "masked", "scrubbed"]

OnDelivered: TypeAlias = Callable[[list[dict[str, Any]]], None]
"""Called with the messages that arrived."""

OnDropped: TypeAlias = Callable[[DropReason, list[dict[str, Any]]], None]
"""Called with the reason and the messages that were dropped for it."""

BeforeSend: TypeAlias = Callable[[dict[str, Any]], dict[str, Any] | None]
"""Called with one message before it is stored anywhere; returns it, edited or not, or ``None`` to drop it."""

_MASK = "***"
_SHOWN_CHARACTERS = 4
_SHORT_SECRET = 12


class SettingsArguments(TypedDict, total=False):
    """The settings as keyword arguments: all optional, as plain values that a YAML file can hold too.

    ``None`` is the same as not given. What each setting means is said at :class:`Settings`.
    """

    write_key: str | None
    endpoint: str | None
    region: str | None
    path: str | None
    timeout: float | str | None
    compression: str | None
    headers: Mapping[str, str] | str | None
    certificate: str | os.PathLike[str] | None
    max_retry_time: float | str | None
    concurrency: int | str | None
    flush_interval: float | str | None
    max_queue_bytes: int | str | None
    spool: str | os.PathLike[str] | None
    spool_max_bytes: int | str | None
    spool_max_age: float | str | None
    durable: bool | str | None
    dead_letter: str | os.PathLike[str] | None
    dead_letter_max_bytes: int | str | None
    mapping: "str | os.PathLike[str] | Mapping[str, Any] | MappingDocument | None"
    privacy_salt: str | None
    disabled: bool | str | None
    auth: str | None
    oauth: Mapping[str, Any] | None
    shutdown_timeout: float | str | None
    on_delivered: OnDelivered | None
    on_dropped: OnDropped | None
    before_send: BeforeSend | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Settings:
    """Settings that were read, checked and brought into one form; nothing changes them afterwards.

    Attributes:
        write_key: The write key of the Segment source; empty only when ``disabled``.
        endpoint: Scheme, host and port of the Tracking API, without a path.
        region: ``us`` or ``eu``; chose ``endpoint`` when none was given.
        path: The path of the batch call, with the prefix that ``endpoint`` was given with.
        timeout: Seconds for one HTTP request.
        compression: ``none`` or ``gzip``.
        headers: Extra headers of each request.
        certificate: A file or folder of certificate authorities; ``None`` for the system's.
        max_retry_time: Seconds that one request body is retried for; what is in the spool is retried as long as it is.
        concurrency: Requests in flight at the same time, at most.
        flush_interval: Seconds that an event may wait for company.
        max_queue_bytes: Bytes of encoded events that may wait in memory.
        spool: The folder of the durable spool, absolute; ``None`` for none.
        spool_max_bytes: Bytes that the spool's database may have.
        spool_max_age: Seconds that an event is kept in the spool.
        durable: Whether each event is in the spool when its ``emit()`` returns (processor).
        dead_letter: The file for events that can never be delivered, absolute; ``None`` for none.
        dead_letter_max_bytes: Bytes after which the dead-letter file is set aside and a new one begun.
        mapping: The mapping rules or the path to them, unread; ``None`` for none.
        privacy_salt: The secret for the mapping's hashes and pseudonyms; ``None`` for none.
        disabled: Whether everything is done but the sending.
        auth: Where the write key goes: ``basic``, ``header`` or ``body``.
        oauth: OAuth 2.0 client credentials, whose access token is sent instead of Basic authorization; ``None`` for
            none.
        shutdown_timeout: Seconds that exit may take.
        on_delivered: See :data:`OnDelivered`.
        on_dropped: See :data:`OnDropped`.
        before_send: See :data:`BeforeSend`.
    """

    write_key: str
    endpoint: str
    region: str
    path: str
    timeout: float
    compression: str
    headers: Mapping[str, str]
    certificate: str | None
    max_retry_time: float
    concurrency: int
    flush_interval: float
    max_queue_bytes: int
    spool: str | None
    spool_max_bytes: int
    spool_max_age: float
    durable: bool
    dead_letter: str | None
    dead_letter_max_bytes: int
    mapping: "str | os.PathLike[str] | Mapping[str, Any] | MappingDocument | None"
    privacy_salt: str | None
    disabled: bool
    auth: str
    oauth: OAuth | None
    shutdown_timeout: float
    on_delivered: OnDelivered | None
    on_dropped: OnDropped | None
    before_send: BeforeSend | None

    @property
    def url(self) -> str:
        """The address that batches are posted to."""
        return self.endpoint + self.path

    @property
    def shown_url(self) -> str:
        """The same, as it may be written: some put their write key into the address."""
        return scrubbed(self.url, self.write_key)

    @property
    def key_in_body(self) -> bool:
        """Whether the write key stands in the body of each request."""
        return self.auth == "body" or self.oauth is not None

    def __repr__(self) -> str:
        shown = {field.name: getattr(self, field.name) for field in fields(self)}
        shown["write_key"] = masked(self.write_key)
        shown["headers"] = dict.fromkeys(self.headers, _MASK)
        shown["privacy_salt"] = _MASK if self.privacy_salt else None
        if self.mapping is not None and not isinstance(self.mapping, str | os.PathLike):
            shown["mapping"] = ...
        text = ", ".join(f"{name}={value!r}" for name, value in shown.items())
        return scrubbed(f"{type(self).__name__}({text})", self.write_key)


def masked(secret: str) -> str:
    """A secret as it may be printed: its last four characters at most, and none of a short one."""
    tail = secret[-_SHOWN_CHARACTERS:]
    if len(secret) < _SHORT_SECRET or not (tail.isascii() and tail.isprintable()):
        return _MASK if secret else ""
    return _MASK + tail


def scrubbed(text: str, secret: str) -> str:
    """A text with a secret masked that may stand in it by mistake, as it is or as ``repr`` writes it."""
    if len(secret) < _SHORT_SECRET:  # it would be found in innocent words
        return text
    return text.replace(repr(secret)[1:-1], masked(secret)).replace(secret, masked(secret))
