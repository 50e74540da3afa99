"""The one table of settings, with environment variables, defaults and parsers."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from otel_segment import _endpoint, _parsers
from otel_segment._headers import parse_headers, show_headers
from otel_segment._oauth_settings import VARIABLES, join_oauth, parse_oauth, show_oauth
from otel_segment._parsers import Parser
from otel_segment._write_key import parse_write_key, show_write_key

__all__ = ["KEY_VARIABLES", "ROWS", "Row"]

_PREFIX = "OTEL_EXPORTER_SEGMENT_"
_HOUR = 3_600
_MONTH = 30 * 24 * _HOUR
_YEAR = 365 * 24 * _HOUR
_MIB = 2**20
KEY_VARIABLES = (_PREFIX + "WRITE_KEY", "SEGMENT_WRITE_KEY")


class Row(NamedTuple):
    """One setting.

    Attributes:
        name: The keyword.
        variables: The environment variables, the first that is not empty counts.
        default: What stands where nothing is given, as a user would write it.
        parse: Makes the setting's value from what was given.
        doc: What it means, in a line.
        show: How a wrong value appears in the error.
        switch: Whether the environment can switch it on against the argument.
        missing: What the documentation calls a default of ``None``.
        join: Makes one value of the argument and the environment, for a setting of several parts, each of which has
            its variable.
    """

    name: str
    variables: tuple[str, ...]
    default: object
    parse: Parser
    doc: str
    show: Callable[[object], str] = _parsers.show
    switch: bool = False
    missing: str = "none"
    join: Callable[[object, Mapping[str, str]], object] | None = None


ROWS: tuple[Row, ...] = (
    Row(
        "write_key",
        KEY_VARIABLES,
        None,
        parse_write_key,
        "write key of the Segment source",
        show=show_write_key,
        missing="required",
    ),
    Row(
        "endpoint",
        (_PREFIX + "ENDPOINT",),
        None,
        _parsers.endpoint,
        "base URL of the Tracking API, in any spelling; wins over `region`",
        show=_parsers.show_url,
        missing="by region",
    ),
    Row("region", (_PREFIX + "REGION",), "us", _parsers.choice(*_endpoint.REGIONS), "`us` or `eu`: picks `endpoint`"),
    Row(
        "path",
        (_PREFIX + "PATH",),
        "/v1/batch",
        _parsers.path,
        "path of the batch call",
        show=_parsers.show_url,
    ),
    Row("timeout", (_PREFIX + "TIMEOUT",), 10, _parsers.seconds(_HOUR), "seconds for one HTTP request"),
    Row("compression", (_PREFIX + "COMPRESSION",), "none", _parsers.choice("none", "gzip"), "`none` or `gzip`"),
    Row(
        "headers",
        (_PREFIX + "HEADERS",),
        {},
        parse_headers,
        "extra headers: a map, or `name=value,name=value` with percent-encoded values",
        show=show_headers,
    ),
    Row(
        "certificate",
        (_PREFIX + "CERTIFICATE",),
        None,
        _parsers.certificate,
        "file or folder of certificate authorities; proxies come from the usual variables",
        missing="system",
    ),
    Row(
        "max_retry_time",
        (_PREFIX + "MAX_RETRY_TIME",),
        1800,
        _parsers.seconds(_MONTH, zero=True),
        "seconds that one batch is retried for before it is given up (never, with a spool)",
    ),
    Row(
        "concurrency",
        (_PREFIX + "CONCURRENCY",),
        8,
        _parsers.whole(1, 64),
        "requests in flight at the same time, at most; the one that drains a spool comes on top",
    ),
    Row(
        "flush_interval",
        (_PREFIX + "FLUSH_INTERVAL",),
        1,
        _parsers.seconds(60),
        "seconds that an event may wait for company (processor)",
    ),
    Row(
        "max_queue_bytes",
        (_PREFIX + "MAX_QUEUE_BYTES",),
        "64MiB",
        _parsers.size(_MIB),
        "bytes of encoded events that may wait in memory",
    ),
    Row("spool", (_PREFIX + "SPOOL",), None, _parsers.folder, "folder of the durable spool"),
    Row(
        "spool_max_bytes",
        (_PREFIX + "SPOOL_MAX_BYTES",),
        "512MiB",
        _parsers.size(_MIB),
        "bytes that the spool's database may have",
    ),
    Row(
        "spool_max_age",
        (_PREFIX + "SPOOL_MAX_AGE",),
        7 * 24 * _HOUR,
        _parsers.seconds(_YEAR),
        "seconds that an event is kept in the spool: 7 days",
    ),
    Row(
        "durable",
        (_PREFIX + "DURABLE",),
        False,
        _parsers.boolean,
        "each event is in the spool when its `emit()` returns (processor)",
    ),
    Row(
        "dead_letter",
        (_PREFIX + "DEAD_LETTER",),
        None,
        _parsers.file,
        "file for events that can never be delivered",
    ),
    Row(
        "dead_letter_max_bytes",
        (_PREFIX + "DEAD_LETTER_MAX_BYTES",),
        "64MiB",
        _parsers.size(_MIB),
        "bytes after which the dead-letter file is set aside and a new one begun; nine are kept",
    ),
    Row(
        "mapping",
        (_PREFIX + "MAPPING",),
        None,
        _parsers.rules,
        "mapping rules: a path, or the mapping itself",
    ),
    Row(
        "privacy_salt",
        (_PREFIX + "PRIVACY_SALT",),
        None,
        _parsers.secret,
        "secret for the mapping's hashes and pseudonyms; required where it makes any",
        show=_parsers.show_secret,
    ),
    Row(
        "disabled",
        (_PREFIX + "DISABLED",),
        False,
        _parsers.boolean,
        "convert and validate, send nothing; the variable switches it on for all",
        switch=True,
    ),
    Row(
        "auth",
        (_PREFIX + "AUTH",),
        "basic",
        _parsers.choice("basic", "header", "body"),
        "where the write key goes: `basic`, `header` (`X-Write-Key`, besides Basic) or `body`",
    ),
    Row(
        "oauth",
        tuple(VARIABLES.values()),
        None,
        parse_oauth,
        "OAuth 2.0 instead of Basic authorization: a map of `client_id`, `key_id`, and `key` or `key_file`",
        show=show_oauth,
        join=join_oauth,
    ),
    Row(
        "shutdown_timeout",
        (_PREFIX + "SHUTDOWN_TIMEOUT",),
        5,
        _parsers.seconds(_HOUR, zero=True),
        "seconds that exit may take",
    ),
    Row("on_delivered", (), None, _parsers.hook, "code only: called with the messages that arrived"),
    Row("on_dropped", (), None, _parsers.hook, "code only: called with the reason and the messages dropped"),
    Row(
        "before_send",
        (),
        None,
        _parsers.hook,
        "code only: a last look that may edit or drop a message, before it is stored",
    ),
)
