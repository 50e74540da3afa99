"""What was expected of a mapping, against what it makes."""

import json
from collections.abc import Iterator
from typing import Any

from otel_segment.cli._command import UNUSABLE, CommandError
from otel_segment.cli.mapping._recordings import read_json_lines

__all__ = ["differences", "read_expected"]

_LONGEST = 120
_ABSENT = object()


def read_expected(path: str) -> list[dict[str, Any]]:
    """Read what ``--json`` wrote, or payloads alone, one a line.

    Raises:
        CommandError: The file cannot be read, or a line is neither.
    """
    expected: list[dict[str, Any]] = []
    for number, document in read_json_lines(path):
        if not isinstance(document, dict) or not ("payloads" in document or "type" in document):
            msg = f"{path} line {number}: neither a payload nor an outcome as --json writes it"
            raise CommandError(msg, UNUSABLE)
        expected.append(document)
    if len({"payloads" in document for document in expected}) > 1:
        msg = f"{path}: some lines are payloads and some are outcomes; let all be of one kind"
        raise CommandError(msg, UNUSABLE)
    return expected


def differences(expected: list[dict[str, Any]], outcomes: list[dict[str, Any]]) -> Iterator[str]:
    """Say in lines where outcomes differ from what is expected; message ids and the library's version do not count."""
    if not expected or "payloads" in expected[0]:
        yield from _of_outcomes(expected, outcomes)
        return
    made = [(outcome["line"], payload) for outcome in outcomes for payload in outcome["payloads"]]
    for position, payload in enumerate(expected, 1):
        if position > len(made):
            yield f"payload {position}: {_title(payload)} is expected, and is not there"
        else:
            line, found = made[position - 1]
            yield from _of_payloads(payload, found, f"payload {position}, of line {line}")
    for line, payload in made[len(expected) :]:
        yield f"line {line}: {_title(payload)} is not expected"


def _of_outcomes(expected: list[dict[str, Any]], outcomes: list[dict[str, Any]]) -> Iterator[str]:
    for outcome, wanted in zip(outcomes, expected, strict=False):
        place = f"line {outcome['line']}, {_shown(outcome['event'])}"
        fates = _fate(wanted), _fate(outcome)
        if fates[0] != fates[1]:
            yield f"{place}: expected {fates[0]}, got {fates[1]}"
            continue
        for number, (payload, found) in enumerate(zip(wanted["payloads"], outcome["payloads"], strict=True), 1):
            yield from _of_payloads(payload, found, place if len(outcome["payloads"]) == 1 else f"{place}, {number}.")
    if len(expected) != len(outcomes):
        yield f"expected {len(expected)} events, got {len(outcomes)}"


def _fate(outcome: dict[str, Any]) -> str:
    """Say what became of an event: its calls by their types, and the reasons of drops."""
    calls = [str(payload.get("type")) for payload in outcome["payloads"]]
    reasons = [f"a drop for {drop.get('reason')}" for drop in outcome.get("dropped", ())]
    return ", ".join(calls + reasons) or "nothing"


def _of_payloads(expected: Any, found: Any, place: str) -> Iterator[str]:
    for path, wanted, got in _compare(_stable(expected), _stable(found), ""):
        if wanted is _ABSENT:
            yield f"{place}: {path}: not expected, got {_shown(got)}"
        elif got is _ABSENT:
            yield f"{place}: {path}: expected {_shown(wanted)}, and it is not there"
        else:
            yield f"{place}: {path}: expected {_shown(wanted)}, got {_shown(got)}"


def _compare(expected: Any, found: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in {**expected, **found}:
            inner = f"{path}.{key}" if path else key
            yield from _compare(expected.get(key, _ABSENT), found.get(key, _ABSENT), inner)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for position, (wanted, got) in enumerate(zip(expected, found, strict=True)):
            yield from _compare(wanted, got, f"{path}[{position}]")
    elif expected != found or isinstance(expected, bool) is not isinstance(found, bool):
        yield path, expected, found


def _stable(payload: dict[str, Any]) -> dict[str, Any]:
    """Return a payload without what is another in each version of the library, or may be."""
    stable = {key: value for key, value in payload.items() if key != "messageId"}
    context = stable.get("context")
    if isinstance(context, dict) and isinstance(context.get("library"), dict):
        library = {key: value for key, value in context["library"].items() if key != "version"}
        stable["context"] = {**context, "library": library}
    return stable


def _title(payload: dict[str, Any]) -> str:
    name = payload.get("event") or payload.get("name")
    return f"{payload.get('type')} {_shown(name)}" if name else str(payload.get("type"))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
