"""The shop's events as a file of JSON Lines, for trying mapping rules on them."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from otel_segment.demo._process import RESOURCE

__all__ = ["record"]

_SECOND = 1_000_000_000
_KINDS = ((bool, "boolValue"), (int, "intValue"), (float, "doubleValue"), (str, "stringValue"))


def record(ledger: Iterable[Mapping[str, Any]], path: Path) -> int:
    """Write down what the shop told, as ``otel-segment mapping test`` reads it.

    A log record is a line with the record's fields. An event on a span is a line of OTLP/JSON, where what belongs to
    the span stands at the span.

    Args:
        ledger: The shop's ledger.
        path: The file, which is written anew.

    Returns:
        The number of events.
    """
    lines = [json.dumps(_span(entry) if "span" in entry else _log(entry), ensure_ascii=False) for entry in ledger]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(lines)


def _log(entry: Mapping[str, Any]) -> dict[str, Any]:
    seconds, rest = divmod(entry["timestamp"], _SECOND)
    moment = datetime.fromtimestamp(seconds, tz=timezone.utc)
    return {
        "event_name": entry["event_name"],
        "timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z",
        "trace_id": entry["trace_id"],
        "span_id": entry["span_id"],
        "attributes": entry["attributes"],
        "scope": entry["scope"],
        "resource": RESOURCE,
    }


def _span(entry: Mapping[str, Any]) -> dict[str, Any]:
    moment = str(entry["timestamp"])
    event = {"timeUnixNano": moment, "name": entry["event_name"], "attributes": _attributes(entry["attributes"])}
    span = {
        "traceId": entry["trace_id"],
        "spanId": entry["span_id"],
        "name": entry["span"]["name"],
        "startTimeUnixNano": moment,
        "attributes": _attributes(entry["span"]["attributes"]),
        "events": [event],
    }
    scoped = {"scope": entry["scope"], "spans": [span]}
    return {"resourceSpans": [{"resource": {"attributes": _attributes(RESOURCE)}, "scopeSpans": [scoped]}]}


def _attributes(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value: Any) -> dict[str, Any]:
    # Attributes of spans are plain; 64 bits are texts in OTLP/JSON.
    kind = next(name for each, name in _KINDS if isinstance(value, each))
    return {kind: str(value) if kind == "intValue" else value}
