"""The summary at the end of the demonstration."""

from collections.abc import Iterable, Iterator, Sequence

from otel_segment.cli._rows import LETTERS
from otel_segment.demo import Tally

__all__ = ["report"]

_MOST_LINES = 10
_REASONS = {
    "ignored_by_rule": "ignored by a rule",
    "no_consent": "without consent",
    "sampled_out": "of people who are not in the sample",
}


def report(tally: Tally, failures: Sequence[str], complaint: str) -> str:
    """Put the outcome into words.

    Args:
        tally: What was told against what arrived.
        failures: What went wrong for the visitors.
        complaint: The last line that the shop wrote on its standard error.
    """
    return "\n".join(["", *_counts(tally), *_faults(tally, failures, complaint), "", _verdict(tally, failures)])


def _counts(tally: Tally) -> Iterator[str]:
    types = ", ".join(f"{tally.types.get(kind, 0)} {kind}" for kind in LETTERS)
    yield f"calls       {types}"
    yield f"visitors    {tally.people} people in {tally.arrived} events"
    yield f"refused     {tally.refused}"
    yield f"dropped     {len(tally.dropped)} that Segment would have dropped or altered in silence"
    yield f"duplicates  {tally.duplicates}"
    if tally.delays:
        half = tally.delays[len(tally.delays) // 2]
        yield f"delivery    p50 {half * 1_000:.0f} ms, max {tally.delays[-1] * 1_000:.0f} ms from event to arrival"
    if tally.viewed is not None:
        yield f"pages       {tally.viewed} viewed in the visitors' browsers, {tally.pages} told of by the framework"
    arrived = tally.due - len(tally.missing)
    yield f"told        {tally.emitted} events by the shop, of which {tally.due} were to leave and {arrived} arrived"
    if tally.withheld:
        counts = sorted(tally.withheld.items())
        reasons = ", ".join(f"{count} {_REASONS.get(reason, reason)}" for reason, count in counts)
        yield f"withheld    {tally.emitted - tally.due} by the mapping: {reasons}"


def _faults(tally: Tally, failures: Sequence[str], complaint: str) -> Iterator[str]:
    yield from _some("dropped", tally.dropped)
    yield from _some("missing", [f"{each.event} {each.uid}" for each in tally.missing])
    yield from _some("untold", tally.strangers)
    yield from _some("changed", tally.changed)
    yield from _some("pages", tally.miscounted)
    yield from _some("visitors", failures)
    if complaint and (tally.missing or failures):
        yield f"  shop: {complaint}"


def _some(what: str, lines: Sequence[str]) -> Iterable[str]:
    rest = [f"  {what}: and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []
    return [f"  {what}: {line}" for line in lines[:_MOST_LINES]] + rest


def _verdict(tally: Tally, failures: Sequence[str]) -> str:
    if not tally.emitted:
        return "The shop told nothing."
    if tally.complete and not failures:
        return "Everything that was to leave arrived exactly once and valid."
    return "Not everything that was to leave arrived exactly once and valid."
