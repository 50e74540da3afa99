"""The outcome of a call, in lines for a person."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from otel_segment.cli.send._outcome import Outcome
from otel_segment.settings import Settings, masked, scrubbed

__all__ = ["lines"]

_SEGMENT = (".segment.io", ".segmentapis.com")
_NOT_PROVEN = """\
An answer of 200 says that Segment has taken the event in, not that it has kept it: look for the messageId in Segment
under Connections > Sources > (your source) > Debugger."""


def lines(outcome: Outcome, settings: Settings, *, dry_run: bool) -> Iterator[str]:
    """Yield what became of a call.

    Args:
        outcome: The outcome.
        settings: The settings that it was sent with.
        dry_run: Whether nothing was to be sent.
    """
    if dry_run:
        yield from (json.dumps(message, ensure_ascii=False, indent=2) for message in outcome.messages)
    for message in outcome.messages:
        yield f"{_title(message)}\n  messageId  {message['messageId']}"
    key = f", write key {masked(settings.write_key)}" if settings.write_key else ""
    yield f"  endpoint   {scrubbed(settings.url, settings.write_key)}{key}"
    yield from _fate(outcome, dry_run=dry_run)
    if outcome.delivered and (urlsplit(settings.url).hostname or "").endswith(_SEGMENT):
        yield _NOT_PROVEN


def _fate(outcome: Outcome, *, dry_run: bool) -> Iterator[str]:
    if outcome.delivered or outcome.requests:
        answers = ", ".join(str(status) if status else "no answer" for status in sorted(outcome.requests))
        yield f"  answer     {answers} in {outcome.seconds * 1_000:,.0f} ms"
    for each in outcome.dropped:
        which = f" {each.message_id}" if len(outcome.messages) > 1 and each.message_id else ""
        yield f"  dropped   {which} {each.reason}: {each.why}"
    if outcome.dropped:
        return
    word = outcome.word(dry_run=dry_run)
    more = {"would be sent": "; nothing was sent", "not selected": ": the mapping takes it for no event of analytics"}
    yield f"  outcome    {word}{more.get(word, '')}"


def _title(message: dict[str, Any]) -> str:
    name = message.get("event") or message.get("name") or message.get("groupId") or message.get("previousId")
    person = message.get("userId") or message.get("anonymousId")
    shown = f" {json.dumps(name, ensure_ascii=False)}" if name else ""
    return f"{message.get('type')}{shown} for {json.dumps(person, ensure_ascii=False)}"
