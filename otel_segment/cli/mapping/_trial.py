"""``otel-segment mapping test``: what a mapping makes of recorded events."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from typing import Any

import msgspec

from otel_segment.cli._command import FAILED, OK, Command
from otel_segment.cli.mapping._expected import differences, read_expected
from otel_segment.cli.mapping._file import add_file, mapping_of
from otel_segment.cli.mapping._recordings import lines_of
from otel_segment.errors import ConfigurationError
from otel_segment.exporters import MappingFile, Outcome, RecordedEvent, Rehearsal
from otel_segment.mapping import show_place

__all__ = ["TEST"]

_SALT = "OTEL_EXPORTER_SEGMENT_PRIVACY_SALT"
_LONGEST_MATCH = 80

_DESCRIPTION = """\
Shows what becomes of recorded events under a mapping: which rule took each, and the payloads that Segment would get,
or why there are none. The events go through one exporter in their order, so that what it remembers, such as who was
identified, counts. Nothing is sent.

EVENTS has one JSON object a line, of event_name, timestamp, attributes, and where need be observed_timestamp, trace_id,
span_id, severity_number, body, resource, and scope (name, version, attributes); a time is a text such as
2026-01-02T03:04:05.678Z. A span has name, kind, start, end and attributes, and the same keys besides. Files of
OTLP/JSON, as a collector's file exporter writes them, will do as well: of these, log records, the events on spans, and
with pages_from_spans the spans of kind SERVER that are page views are taken.

With --expect the payloads are compared with those of a file, which is what --json wrote when they were right, or has
one payload a line. Message ids and the version of the library may differ.

examples:
  otel-segment mapping test mapping.yaml events.jsonl
  otel-segment mapping test mapping.yaml events.jsonl --json > expected.jsonl
  otel-segment mapping test mapping.yaml events.jsonl --expect expected.jsonl
  tail -n 100 logs.json | otel-segment mapping test mapping.yaml -

exit codes: 0 done, 1 the mapping has mistakes, a line is no event, or something is not as expected, 2 wrong command
line, file or missing package
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_file(parser)
    parser.add_argument("events", metavar="EVENTS", help="recorded events, one JSON object a line; - is standard input")
    parser.add_argument("--json", action="store_true", help="one JSON object for each event, for programs")
    parser.add_argument("--expect", metavar="FILE", help="compare with this, and say what differs")
    parser.add_argument("--salt", help=f"the setting privacy_salt; by default the variable {_SALT}")


def _run(arguments: argparse.Namespace) -> int:
    try:
        file = mapping_of(arguments)
        rehearsal = Rehearsal(file.mapping, arguments.salt or os.environ.get(_SALT) or None)
    except ConfigurationError as error:
        hint = "; here also as --salt" if _SALT in str(error) else ""
        print(f"{error}{hint}", file=sys.stderr)
        return FAILED
    expected = read_expected(arguments.expect) if arguments.expect else None
    if isinstance(sys.stdout, TextIOWrapper):
        # Names of events may hold what the terminal cannot show, or what no encoding has.
        sys.stdout.reconfigure(errors="backslashreplace")
    trial = _Trial(file, rehearsal, arguments.events)
    if expected is not None:
        return _compare(trial, expected)
    for outcome in trial.outcomes():
        print(json.dumps(outcome) if arguments.json else "\n".join(_told(outcome)))
    if not arguments.json:
        print(trial.summary())
    return FAILED if trial.bad_lines else OK


class _Trial:
    """The events of a file under a mapping."""

    def __init__(self, file: MappingFile, rehearsal: Rehearsal, events: str) -> None:
        self._file = file
        self._rehearsal = rehearsal
        self._events = events
        self._counts = {"event": 0, "payload": 0, "drop": 0, "not selected": 0}
        self.bad_lines = 0

    def outcomes(self) -> Iterator[dict[str, Any]]:
        """Yield what becomes of each event; lines that hold none are named on the standard error."""
        for line in lines_of(self._events):
            if line.problem:
                self.bad_lines += 1
                print(f"{self._events} line {line.number}: {line.problem}", file=sys.stderr)
            for event in filter(None, map(self._rehearsal.event_of, line.events)):
                yield self._facts(line.number, event, self._rehearsal.take(event))

    def summary(self) -> str:
        """Say how many there were of what."""
        events, payloads, drops, others = self._counts.values()
        return f"{events:,} events: {payloads:,} payloads, {drops:,} dropped, {others:,} not selected"

    def _facts(self, line: int, event: RecordedEvent, outcome: Outcome) -> dict[str, Any]:
        self._counts["event"] += 1
        self._counts["payload"] += len(outcome.messages)
        self._counts["drop"] += len(outcome.drops)
        self._counts["not selected"] += not outcome.is_selected
        return {
            "line": line,
            "event": event.name or event.attributes.get("event.name"),
            "rule": None if outcome.rule is None else self._rule(outcome.rule),
            "selected": outcome.is_selected,
            "payloads": outcome.messages,
            "dropped": [_drop(drop.reason, drop.detail) for drop in outcome.drops],
            "flaws": outcome.flaws,
        }

    def _rule(self, position: int) -> dict[str, Any]:
        place = ("rules", position)
        match = msgspec.to_builtins(self._file.mapping.rules[position].match)
        return {"place": show_place(place), "line": self._file.line_of(place), "match": match}


def _drop(reason: str, detail: str) -> dict[str, str]:
    return {"reason": str(reason), **({"detail": detail} if detail else {})}


def _told(outcome: dict[str, Any]) -> Iterator[str]:
    """Put what became of an event into lines for a person."""
    name = "no name" if outcome["event"] is None else json.dumps(outcome["event"], ensure_ascii=False)
    fate = _told_rule(outcome["rule"]) if outcome["selected"] else "not selected"
    yield f"line {outcome['line']}: {name}: {fate}"
    for drop in outcome["dropped"]:
        yield f"  dropped: {drop['reason']}{f' ({detail})' if (detail := drop.get('detail')) else ''}"
    for flaw in outcome["flaws"]:
        yield f"  warning: {flaw}"
    for payload in outcome["payloads"]:
        yield json.dumps(payload, ensure_ascii=False, indent=2)


def _told_rule(rule: dict[str, Any] | None) -> str:
    if rule is None:
        return "no rule"
    match = json.dumps(rule["match"], ensure_ascii=False)
    short = match if len(match) <= _LONGEST_MATCH else match[:_LONGEST_MATCH] + "…"
    line = f", line {rule['line']}" if rule["line"] else ""
    return f"{rule['place']}{line}, match: {short}"


def _compare(trial: _Trial, expected: list[dict[str, Any]]) -> int:
    found = list(differences(expected, list(trial.outcomes())))
    for line in found:
        print(line)
    if found or trial.bad_lines:
        return FAILED
    print(f"{trial.summary()}; all as expected")
    return OK


TEST = Command("test", "show what a mapping makes of events", _DESCRIPTION, _add_arguments, _run)
