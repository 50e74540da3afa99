"""3,000 events a second for ten seconds, answers after 100 ms, default settings: is anything lost?

``python -m benchmarks.sustained [--rate N] [--seconds N] [--delay SECONDS] [contender ...]``
"""

import argparse
import sys

from benchmarks.processes import Missing, Sink, run_worker


def run(contender: str, rate: float, seconds: float, delay: float) -> bool:
    """Run one contender and print what was emitted and what arrived; return whether nothing was lost."""
    events = int(rate * seconds)
    with Sink(delay, keep_ids=True) as sink:
        figures = run_worker(task="sustained", contender=contender, endpoint=sink.endpoint, events=events, rate=rate)
        counts = sink.counts()
    lost = events - counts["distinct"]
    print(
        f"{contender}: emitted {events:,} in {figures['emit_seconds']:.2f} s, arrived {counts['events']:,}, "
        f"distinct {counts['distinct']:,}, settled {figures['settle_seconds']:.2f} s later: "
        f"{f'{lost:,} lost' if lost else 'nothing lost'}"
    )
    return lost == 0


def _run_or_leave_out(contender: str, arguments: argparse.Namespace) -> bool:
    try:
        return run(contender, arguments.rate, arguments.seconds, arguments.delay)
    except Missing as error:
        print(f"{contender} cannot run: {error}")
        return False


def main() -> None:
    """Run the contenders one after another; exit with 1 when one of them lost an event or could not run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sustained", description=__doc__)
    parser.add_argument("contenders", nargs="*", help="any of the benchmark's; default: A-default B")
    parser.add_argument("--rate", type=float, default=3_000, help="events a second")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--delay", type=float, default=0.1, help="seconds before each answer")
    arguments = parser.parse_args()
    kept = [_run_or_leave_out(contender, arguments) for contender in arguments.contenders or ["A-default", "B"]]
    sys.exit(not all(kept))


if __name__ == "__main__":
    main()
