"""Compare otel_segment with Segment's own library, the bare SDK and the OTLP exporter, in one run."""

import argparse
import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.checks import CHECKS, ROWS, Check, Result, Rounds, evaluate
from benchmarks.contender import CONTENDERS
from benchmarks.event import SHAPES
from benchmarks.facts import machine_facts
from benchmarks.measurements import FULL, MEASUREMENTS, QUICK, Measurement, Missing, Sizes
from benchmarks.processes import Sink, run_worker
from benchmarks.report import figures_table, ratios_table, warnings

Round = dict[str, dict[str, dict[str, float]]]
"""Measurement, contender, figure."""

_TRIES = 8
"""A sample taken in the middle of a call can crash the interpreter, about once in four profiles."""

_METHOD = "Ratios are medians of the ratios of interleaved rounds; benchmarks/README.md says how each is taken."


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, help="interleaved rounds (default 5, with --quick 1)")
    parser.add_argument("--quick", action="store_true", help="small sizes, for a first look")
    parser.add_argument("--only", action="append", choices=ROWS, help="only this row; may be repeated")
    parser.add_argument("--event", choices=SHAPES, default="flat", help="the shape of the event")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured to a file")
    parser.add_argument("--profile", choices=CONTENDERS, help="show where a contender's burst spends its time")
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _take(measurement: Measurement, contender: str, sizes: Sizes, missing: dict[str, str]) -> dict[str, float] | None:
    where = f"{measurement.name}: {contender}"
    if where in missing:
        return None
    _say(f"  {where}")
    try:
        return measurement.take(contender, sizes)
    except Missing as error:
        missing[where] = str(error)
        _say(f"  {where} is left out: {error}")
        return None


def _take_round(names: list[str], sizes: Sizes, missing: dict[str, str], *, backwards: bool) -> Round:
    taken: Round = {}
    for name in names:
        measurement = MEASUREMENTS[name]
        contenders = measurement.contenders[::-1] if backwards else measurement.contenders
        for contender in contenders:
            figures = _take(measurement, contender, sizes, missing)
            if figures is not None:
                taken.setdefault(name, {})[contender] = figures
    return taken


def _take_profile(contender: str, sizes: Sizes) -> str | None:
    order = {"task": "profile", "contender": contender, "events": sizes.burst, "event": sizes.event}
    try:
        with Sink() as sink:
            return str(run_worker(**order, endpoint=sink.endpoint)["report"])
    except Missing as error:
        sys.exit(f"{contender} cannot run: {error}")
    except subprocess.CalledProcessError as error:
        _say(f"once more: {error}")
        return None


def _profile(contender: str, sizes: Sizes) -> None:
    tries = (_take_profile(contender, sizes) for _ in range(_TRIES))
    print(next(filter(None, tries), "no profile could be taken"))


def _show(facts: dict[str, str], rounds: Rounds, names: list[str], results: list[Result]) -> None:
    for name, fact in facts.items():
        print(f"{name}: {fact}")
    print(f"\n{_METHOD}\n")
    if results:
        print(ratios_table(results) + "\n")
    for name in names:
        print(figures_table(rounds, name) + "\n")


def _as_json(results: list[Result]) -> list[dict[str, Any]]:
    return [dataclasses.asdict(result) | {"passed": result.passed} for result in results]


def _wanted(only: list[str] | None) -> tuple[list[Check], list[str]]:
    checks = [check for check in CHECKS if not only or check.row in only]
    return checks, list(dict.fromkeys(check.measurement for check in checks))


def main() -> None:
    """Measure, and print what was measured."""
    arguments = _arguments()
    sizes = dataclasses.replace(QUICK if arguments.quick else FULL, event=arguments.event)
    if arguments.profile:
        _profile(arguments.profile, sizes)
        return
    facts = machine_facts() | {
        "event": sizes.event,
        "sizes": "quick: for a first look only" if arguments.quick else "full",
    }
    checks, names = _wanted(arguments.only)
    missing: dict[str, str] = {}
    rounds: list[Round] = []
    count = arguments.rounds or (1 if arguments.quick else 5)
    for number in range(count):
        _say(f"round {number + 1} of {count}")
        rounds.append(_take_round(names, sizes, missing, backwards=number % 2 == 1))
    results = evaluate(checks, rounds)
    _show(facts, rounds, names, results)
    for where, reason in missing.items():
        print(f"left out: {where}: {reason}")
    for warning in warnings(rounds):
        print(f"doubtful: {warning}")
    if arguments.json:
        content = {
            "facts": facts,
            "sizes": dataclasses.asdict(sizes),
            "rounds": rounds,
            "missing": missing,
            "results": _as_json(results),
        }
        arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
