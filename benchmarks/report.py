"""The tables that a person reads."""

import statistics
from collections.abc import Mapping, Sequence

from benchmarks.checks import Result, Rounds
from benchmarks.measurements import MEASUREMENTS

__all__ = ["figures_table", "ratios_table", "warnings"]

_FIGURES = {
    "cpu_us": "CPU µs/event",
    "events_per_second": "events/s",
    "emit_p50_us": "emit p50 µs",
    "emit_p99_us": "emit p99 µs",
    "emit_max_us": "emit max µs",
    "idle_mib": "MiB before",
    "peak_mib": "MiB peak",
    "first_event_ms": "first event ms",
    "process_ms": "whole process ms",
    "conversion_us": "µs/record",
    "unmapped_us": "µs without",
    "against_unmapped": "ratio",
    "bytes_per_user": "bytes/person",
    "import_ms": "import ms",
    "bare_per_second": "pages/s bare",
    "ours_per_second": "ours",
    "contrib_per_second": "traced",
    "silent_per_second": "not sent",
    "against_bare": "ours/bare",
    "bare_us": "CPU µs/page bare",
    "ours_added_us": "ours adds",
    "contrib_added_us": "traced",
    "silent_added_us": "not sent",
    "record_added_us": "one record",
    "record_against_bare": "one record/bare",
    "event_added_us": "one event",
    "event_against_bare": "one event/bare",
    "cpu_against_bare": "ours/bare",
    "added_against_contrib": "of traced",
    "added_against_silent": "of not sent",
    "busy": "busy",
    "told_per_second": "told/s",
    "skipped": "not told",
    "told_p50_ms": "told p50 ms",
    "told_p95_ms": "told p95 ms",
    "told_max_ms": "told max ms",
    "first_page_ms": "rows after load ms",
    "navigated_ms": "after request ms",
    "visible_p50_ms": "visible p50 ms",
    "visible_p95_ms": "visible p95 ms",
    "visible_max_ms": "visible max ms",
    "events_per_request": "events/request",
    "bytes_per_event": "bytes/event",
    "sink_cpu_us": "sink µs/event",
}
_BUSY = 0.8
_IDLE = 0.85


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.1f}"


def _ratio(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[column]) for line in (head, *lines)) for column in range(len(head))]

    def text(line: Sequence[str]) -> str:
        first, *rest = (
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        return "  ".join((first, *rest)).rstrip()

    return "\n".join((text(head), text(["-" * width for width in widths]), *(text(line) for line in lines)))


def _result_line(result: Result) -> list[str]:
    check = result.check
    sign = "≥" if check.at_least else "≤"
    figures = _number(result.figure)
    if result.reference is not None:
        figures += f" / {_number(result.reference)}"
    return [
        check.title,
        check.contender,
        check.against or "",
        _ratio(result.median),
        f"{_ratio(result.least)} to {_ratio(result.greatest)}",
        f"{sign} {check.limit:g}",
        "pass" if result.passed else "MISS",
        figures,
    ]


def ratios_table(results: Sequence[Result]) -> str:
    """Show each target with its ratio: the median of the rounds' ratios, and their range."""
    head = ("quantity", "of", "against", "ratio", "range", "target", "", "medians")
    return _table(head, [_result_line(result) for result in results])


def _medians(rounds: Rounds, measurement: str, contender: str) -> dict[str, float]:
    taken = [each[measurement][contender] for each in rounds if contender in each.get(measurement, {})]
    if not taken:
        return {}
    return {figure: statistics.median(each[figure] for each in taken) for figure in taken[0]}


def figures_table(rounds: Rounds, measurement: str) -> str:
    """Show the medians of all figures of one measurement, a line to a contender."""
    contenders = MEASUREMENTS[measurement].contenders
    medians = {contender: found for contender in contenders if (found := _medians(rounds, measurement, contender))}
    shown = [figure for figure in _FIGURES if any(figure in found for found in medians.values())]
    lines = [
        [contender, *(_number(found[figure]) if figure in found else "" for figure in shown)]
        for contender, found in medians.items()
    ]
    return _table([measurement, *(_FIGURES[figure] for figure in shown)], lines)


def _doubts(where: str, figures: Mapping[str, float]) -> list[str]:
    doubts = []
    if figures.get("lost"):
        doubts.append(f"{where}: {figures['lost']:,.0f} events did not arrive; its figures mean nothing")
    busy = figures.get("sink_cpu_us", 0) * figures.get("events_per_second", 0) / 1e6
    if busy > _BUSY:
        doubts.append(f"{where}: the sink was busy {busy:.0%} of the time and may have held it up")
    if figures.get("busy", 1) < _IDLE:
        doubts.append(f"{where}: a server had its core {figures['busy']:.0%} of the time only; look at CPU alone")
    return doubts


def warnings(rounds: Rounds) -> list[str]:
    """Name the measurements that should not be trusted."""
    return [
        doubt
        for number, each in enumerate(rounds, 1)
        for measurement, contenders in each.items()
        for contender, figures in contenders.items()
        for doubt in _doubts(f"round {number}, {measurement}, {contender}", figures)
    ]
