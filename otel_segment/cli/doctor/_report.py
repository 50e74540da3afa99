"""What was found, for people and for programs."""

import os
import sys
from collections.abc import Iterator

import msgspec

from otel_segment.cli._command import FAILED, OK
from otel_segment.cli.doctor._findings import Finding, Section, State

__all__ = ["WARNED", "Report", "lines"]

WARNED = 3
"""Nothing is broken, but something is doubtful."""

_COLOURS = {State.OK: "32", State.UNKNOWN: "36", State.WARNING: "33", State.BROKEN: "31;1"}
_SIGNS = {State.OK: "ok", State.UNKNOWN: "?", State.WARNING: "warning", State.BROKEN: "BROKEN"}
_WIDTH = max(map(len, _SIGNS.values()))
_ORDER = (State.BROKEN, State.WARNING)


class Report(msgspec.Struct, frozen=True):
    """All that was found, as ``--json`` prints it.

    Attributes:
        version: The version of otel-segment.
        state: The worst of all findings but those that cannot be known.
        exit_code: The exit code.
        sections: What was found, by subject.
        cures: What to change, in the order in which to do it.
        message_ids: The ids of the test events that were sent.
    """

    version: str
    state: State
    exit_code: int
    sections: list[Section]
    cures: list[str]
    message_ids: list[str]

    @classmethod
    def of(cls, version: str, sections: list[Section], message_ids: list[str]) -> "Report":
        """Sum up findings."""
        states = {finding.state for section in sections for finding in section.findings}
        state = next((state for state in _ORDER if state in states), State.OK)
        code = {State.BROKEN: FAILED, State.WARNING: WARNED}.get(state, OK)
        return cls(version, state, code, sections, _cures(sections), message_ids)


def _cures(sections: list[Section]) -> list[str]:
    """Return the cures: of what is broken first, and each once."""
    found = [finding for section in sections for finding in section.findings]
    return list(dict.fromkeys(each.cure for state in _ORDER for each in found if each.state is state and each.cure))


def lines(report: Report) -> Iterator[str]:
    """Put a report into lines, with colours where somebody sees them."""
    is_coloured = _is_coloured()
    for section in report.sections:
        yield _bold(section.title, is_coloured)
        for finding in section.findings:
            yield from _lines_of(finding, is_coloured)
        yield ""
    if report.cures:
        yield _bold("To change, in this order", is_coloured)
        yield from (f"  {number}. {cure}" for number, cure in enumerate(report.cures, 1))
        yield ""
    yield _summary(report)


def _lines_of(finding: Finding, is_coloured: bool) -> Iterator[str]:
    sign = _SIGNS[finding.state].ljust(_WIDTH)
    if is_coloured:
        sign = f"\033[{_COLOURS[finding.state]}m{sign}\033[0m"
    source = f"  [{finding.source}]" if finding.source else ""
    yield f"  {sign}  {finding.what}{source}"
    if finding.cure:
        yield f"  {' ' * _WIDTH}  -> {finding.cure}"


def _summary(report: Report) -> str:
    if report.state is State.OK:
        return "Nothing is broken, as far as can be seen from here."
    found = [finding.state for section in report.sections for finding in section.findings]
    return f"{found.count(State.BROKEN)} broken, {found.count(State.WARNING)} doubtful."


def _bold(text: str, is_coloured: bool) -> str:
    return f"\033[1m{text}\033[0m" if is_coloured else text


def _is_coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
