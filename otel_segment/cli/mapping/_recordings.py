"""Recorded events from a file of JSON Lines."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from otel_segment.cli._command import UNUSABLE, CommandError
from otel_segment.cli.mapping._otlp import SIGNALS, otlp_events
from otel_segment.exporters import RecordedEvent

__all__ = ["Line", "lines_of", "read_json_lines"]

_KEYS = (
    "event_name",
    "timestamp",
    "observed_timestamp",
    "trace_id",
    "span_id",
    "severity_number",
    "body",
    "attributes",
    "resource",
    "scope",
)
_SPAN_KEYS = ("name", "kind", "start", "end", "trace_id", "span_id", "attributes", "resource", "scope")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_SECOND = 1_000_000_000


class Line(NamedTuple):
    """What one line holds."""

    number: int
    events: list[RecordedEvent]
    problem: str = ""
    """Why it holds none that can be used."""


def lines_of(path: str) -> Iterator[Line]:
    """Read recorded events, in either form: one event a line, or OTLP/JSON as collectors write it.

    Args:
        path: The file; ``-`` is the standard input.

    Raises:
        CommandError: It cannot be read.
    """
    for number, document in read_json_lines(path):
        if isinstance(document, ValueError):
            yield Line(number, [], f"is not JSON: {document}")
            continue
        try:
            yield Line(number, _events(document))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            reason = error if isinstance(error, ValueError) else f"is not of a known form ({error!r})"
            yield Line(number, [], str(reason))


def read_json_lines(path: str) -> Iterator[tuple[int, Any]]:
    """Yield the number and the content of each line that is not empty; an error where it is no JSON.

    Raises:
        CommandError: The file cannot be read.
    """
    try:
        with _opened(path) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, _parsed(line)
    except (OSError, UnicodeDecodeError) as error:
        msg = f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}"
        raise CommandError(msg, UNUSABLE) from error


@contextmanager
def _opened(path: str) -> Iterator[TextIO]:
    if path == "-":
        yield sys.stdin
        return
    with Path(path).open(encoding="utf-8-sig") as file:
        yield file


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        return error


def _events(document: Any) -> list[RecordedEvent]:
    if not isinstance(document, dict):
        msg = "is no JSON object"
        raise ValueError(msg)  # noqa: TRY004 - of the line's content, like all others
    if any(signal in document for signal in SIGNALS):
        return list(otlp_events(document))
    noun, keys = ("span", _SPAN_KEYS) if "kind" in document else ("event", _KEYS)
    strangers = [key for key in document if key not in keys]
    if strangers:
        msg = f'has the key "{strangers[0]}", which no {noun} has; there are {", ".join(keys)}'
        raise ValueError(msg)
    known = {key: value for key, value in document.items() if value is not None}
    if noun == "span":
        return [_span(known)] if known.get("kind") == "SERVER" else []
    return [_event(known)]


def _event(document: dict[str, Any]) -> RecordedEvent:
    timestamp = _nanoseconds(document.get("timestamp", 0))
    return replace(
        _base(document),
        name=document.get("event_name"),
        body=document.get("body"),
        timestamp=timestamp,
        # The SDK notes a time of its own, which would be another each time.
        observed_timestamp=_nanoseconds(document.get("observed_timestamp", timestamp)),
        severity=int(document.get("severity_number", 0)),
    )


def _span(document: dict[str, Any]) -> RecordedEvent:
    start = _nanoseconds(document.get("start", 0))
    return replace(
        _base(document),
        span_name=document.get("name"),
        timestamp=start,
        observed_timestamp=_nanoseconds(document.get("end", start)),
        is_server_span=True,
    )


def _base(document: dict[str, Any]) -> RecordedEvent:
    scope = _map(document, "scope")
    return RecordedEvent(
        attributes=_map(document, "attributes"),
        trace_id=int(document.get("trace_id", "0"), 16),
        span_id=int(document.get("span_id", "0"), 16),
        resource=_map(document, "resource"),
        scope_name=scope.get("name", ""),
        scope_version=scope.get("version"),
        scope_attributes=_map(scope, "attributes"),
    )


def _map(document: dict[str, Any], key: str) -> dict[str, Any]:
    found = document.get(key, {})
    if not isinstance(found, dict):
        msg = f'has no map under "{key}"'
        raise ValueError(msg)  # noqa: TRY004
    return found


def _nanoseconds(time: Any) -> int:
    """Return a time as nanoseconds since 1970: it is that already, or a text by ISO 8601 with up to nine digits."""
    if isinstance(time, int):
        return time
    found = _TIME.fullmatch(time)
    if found is None:
        msg = f"has the time {time!r}; write 2026-01-02T03:04:05.678Z, or nanoseconds since 1970 as a number"
        raise ValueError(msg)
    date, moment, fraction, zone = found.groups()
    seconds = int(datetime.fromisoformat(f"{date}T{moment}{zone.replace('Z', '+00:00')}").timestamp())
    return seconds * _SECOND + int((fraction or "").ljust(9, "0"))
