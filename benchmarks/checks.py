"""The targets: which figure of whom is held against which figure of whom."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["CHECKS", "ROWS", "Check", "Result", "Rounds", "evaluate"]

Rounds = Sequence[Mapping[str, Mapping[str, Mapping[str, float]]]]
"""For each round: measurement, contender, figure."""


@dataclass(frozen=True)
class Check:
    """One target."""

    row: str
    """Short name, for ``--only``."""
    title: str
    measurement: str
    figure: str
    contender: str
    against: str | None
    """The contender that the ratio is taken against; None for a limit on the figure itself."""
    limit: float
    at_least: bool = False


@dataclass(frozen=True)
class Result:
    """What came of one check: the median over the rounds, with the least and the greatest."""

    check: Check
    median: float
    least: float
    greatest: float
    figure: float
    reference: float | None

    @property
    def passed(self) -> bool:
        """Whether the target is met."""
        if self.check.at_least:
            return self.median >= self.check.limit
        return self.median <= self.check.limit


def _pair(row: str, title: str, where: tuple[str, str], against: str, limits: tuple[float, float]) -> list[Check]:
    return [Check(row, title, *where, contender, against, limit) for contender, limit in zip("AB", limits, strict=True)]


def _rates(row: str, title: str, measurement: str, against: str, limits: tuple[float, float]) -> list[Check]:
    return [
        Check(row, title, measurement, "events_per_second", contender, against, limit, at_least=True)
        for contender, limit in zip("AB", limits, strict=True)
    ]


def _spooled(row: str, title: str, figure: str, limit: float, *, at_least: bool = False) -> list[Check]:
    return [
        Check(row, title, row, figure, f"{contender}-spool", contender, limit, at_least=at_least) for contender in "AB"
    ]


def _web() -> list[Check]:
    frameworks = ("flask", "django", "starlette", "fastapi")
    return [
        *(Check("web", "pages/s against bare", "web", "against_bare", name, None, 0.92, True) for name in frameworks),
        *(
            Check("web", "CPU added, against tracing's", "web", "added_against_contrib", name, None, 0.5)
            for name in (*frameworks, "wsgi", "asgi")
        ),
    ]


CHECKS = (
    *_pair("cpu", "CPU per event, burst", ("burst", "cpu_us"), "segment", (0.45, 0.35)),
    *_pair("cpu", "CPU per event, burst", ("burst", "cpu_us"), "floor", (1.5, 1.1)),
    *_rates("rate", "events/s, answers at once", "burst", "segment", (2.3, 3)),
    *_rates("rate-100ms", "events/s, answers after 100 ms", "burst-100ms", "segment", (25, 30)),
    *_rates("rate-100ms", "events/s, answers after 100 ms", "burst-100ms", "segment-tuned", (2, 2.5)),
    *_pair("emit", "emit() p50, burst", ("burst", "emit_p50_us"), "segment", (0.55, 0.55)),
    *_pair("emit", "emit() p99, burst", ("burst", "emit_p99_us"), "segment", (0.1, 0.1)),
    *_pair("emit", "emit() max, burst", ("burst", "emit_max_us"), "segment", (1, 0.5)),
    *_pair("steady", "emit() p99, 500 events/s", ("steady", "emit_p99_us"), "segment", (1, 1)),
    *_pair("memory", "peak memory, burst, at once", ("burst", "peak_mib"), "segment", (1, 1)),
    *_pair("memory-100ms", "peak memory, burst, 100 ms", ("burst-100ms", "peak_mib"), "segment", (1, 1)),
    *_pair("start", "process start to first event", ("start", "first_event_ms"), "segment", (0.3, 0.3)),
    Check("conversion", "conversion alone, µs", "conversion", "conversion_us", "ours", None, 4),
    Check("conversion", "conversion alone", "conversion", "conversion_us", "ours", "otlp", 0.15),
    Check("mapping", "1,000 rules against none", "mapping", "against_unmapped", "rules", None, 1.3),
    Check("mapping", "100,000 people known against none", "mapping", "against_unmapped", "identify", None, 1.15),
    Check("mapping", "the same, bytes a person", "mapping", "bytes_per_user", "identify", None, 32),
    Check("track", "analytics.track() p50, burst", "burst", "emit_p50_us", "track", "segment", 0.8),
    *_spooled("spool", "events/s, answers at once", "events_per_second", 0.8, at_least=True),
    *_spooled("spool", "CPU per event, burst", "cpu_us", 1.25),
    *_spooled("spool", "peak memory, burst, at once", "peak_mib", 1.25),
    *_spooled("spool-100ms", "events/s, answers after 100 ms", "events_per_second", 0.8, at_least=True),
    Check("durable", "emit() p50, burst, µs", "spool", "emit_p50_us", "B-durable", None, 60),
    Check("durable", "emit() p50, burst", "spool", "emit_p50_us", "B-durable", "B", 2.5),
    Check("durable", "CPU per event, burst", "spool", "cpu_us", "B-durable", "B", 2.5),
    Check("durable", "peak memory, burst, at once", "spool", "peak_mib", "B-durable", "B", 1.25),
    Check("durable", "emit() p50, 500 events/s", "steady-spool", "emit_p50_us", "B-durable", "B", 2.5),
    Check("import", "import of the calls", "import", "import_ms", "ours", "segment", 0.5),
    *_web(),
    Check(
        "inspector",
        "batches of 100, a viewer on, events/s",
        "inspector",
        "events_per_second",
        "endpoint",
        None,
        5_000,
        at_least=True,
    ),
    Check("inspector", "request to frame p95, 200 events/s, ms", "inspector", "told_p95_ms", "endpoint", None, 50),
    Check(
        "inspector-page",
        "100,000 stored, first rows after load, ms",
        "inspector-page",
        "first_page_ms",
        "chromium",
        None,
        200,
    ),
    Check(
        "inspector-page",
        "arrival to visible p95, 200 events/s, ms",
        "inspector-page",
        "visible_p95_ms",
        "chromium",
        None,
        100,
    ),
)

ROWS = tuple(dict.fromkeys(check.row for check in CHECKS))


def _figures(rounds: Rounds, measurement: str, contender: str, figure: str) -> list[float]:
    return [
        each[measurement][contender][figure]
        for each in rounds
        if figure in each.get(measurement, {}).get(contender, {})
    ]


def _evaluate(check: Check, rounds: Rounds) -> Result | None:
    ours = _figures(rounds, check.measurement, check.contender, check.figure)
    if not ours:
        return None
    if check.against is None:
        return Result(check, statistics.median(ours), min(ours), max(ours), statistics.median(ours), None)
    theirs = _figures(rounds, check.measurement, check.against, check.figure)
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=False)]
    if not ratios:
        return None
    return Result(
        check,
        statistics.median(ratios),
        min(ratios),
        max(ratios),
        statistics.median(ours),
        statistics.median(theirs),
    )


def evaluate(checks: Sequence[Check], rounds: Rounds) -> list[Result]:
    """Hold the rounds against the targets: a ratio for each round, and the median of the ratios."""
    results = (_evaluate(check, rounds) for check in checks)
    return [result for result in results if result is not None]
