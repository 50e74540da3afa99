"""``otel-segment demo``: a shop, a crowd, and what arrives at a local endpoint."""

import argparse
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from otel_segment.cli._command import FAILED, INTERRUPTED, OK, Command, CommandError, require
from otel_segment.cli._numbers import port, whole_number
from otel_segment.cli._report import report
from otel_segment.cli._views import Follower, View, open_view
from otel_segment.demo import MAPPING, Crowd, ShopError, ShopProcess, expect, record, tally

if TYPE_CHECKING:
    from otel_segment.inspector import Inspector

__all__ = ["DEMO"]

_WRITE_KEY = "demo-key"
_ARRIVAL_SECONDS = 15.0
_MODULES = (
    *("flask", "waitress", "rich", "yaml", "opentelemetry.distro", "opentelemetry.instrumentation"),
    *("starlette", "uvicorn"),
)
_TERMINATED = 143

_DESCRIPTION = """\
Starts a local endpoint that speaks Segment's HTTP API and a small web shop that is instrumented with
OpenTelemetry alone, sends a crowd of visitors through the shop, and shows the Segment calls as they arrive: here, and
on a page whose address is named at the start.
The shop speaks its own words; a mapping file, which is named at the start, makes Segment's calls of them. Its page
views are told of by the instrumentation of its framework, Flask.
Afterwards the shop stays up for your own browser, until Ctrl-C. Nothing leaves this machine.

examples:
  otel-segment demo
  otel-segment demo --visitors 50 --port 8000
  otel-segment demo --once
  otel-segment demo --once --visitors 1 --record events.jsonl

exit codes: with --once 0 when everything that was to arrive did, exactly once and valid, else 1; without it 0 for a
Ctrl-C after the crowd has gone; 130 for a Ctrl-C before; 2 when a package is missing
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="end after the crowd, and check that nothing was lost")
    parser.add_argument(
        "--visitors", type=whole_number("at least 1", 1), default=12, metavar="N", help="how many visitors come (12)"
    )
    parser.add_argument("--port", type=port, default=0, help="the shop's port (any free one)")
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="write the shop's events to FILE, for otel-segment mapping test"
    )
    parser.add_argument("--seed", type=int, default=1, help="what the visitors do depends on it (1)")


def _run(arguments: argparse.Namespace) -> int:
    require("demo", _MODULES)
    # It needs starlette and uvicorn, which no other command but inspect does.
    from otel_segment.cli._inspecting import Inspector

    with _ending_on_sigterm(), Inspector(write_key=_WRITE_KEY) as endpoint:
        try:
            with ShopProcess(endpoint.url, _WRITE_KEY, arguments.port) as shop:
                return _show(endpoint, shop, arguments)
        except ShopError as error:
            raise CommandError(str(error)) from error


def _show(endpoint: "Inspector", shop: ShopProcess, arguments: argparse.Namespace) -> int:
    crowd = Crowd(shop.url, arguments.visitors, arguments.seed)
    with open_view() as view, Follower(endpoint.archive, view):
        view.say(f"endpoint  {endpoint.url}\nshop      {shop.url}\npage      {endpoint.url}/\nmapping   {MAPPING}\n")
        code = _visit(endpoint, shop, crowd, view, once=arguments.once)
        ledger = _final_ledger(shop, 5.0 if arguments.once and code == OK else 0.5)
        # Whatever the exporter still holds is sent now, and repeats would show.
        shop.stop()
    if arguments.record:
        print(f"\nrecorded  {record(ledger, arguments.record)} events in {arguments.record}")
    # The crowd's alone: in your own browser, pages are viewed that nobody counts.
    viewed = crowd.viewed if arguments.once and code == OK else None
    result = tally(expect(ledger, MAPPING), endpoint.archive, viewed)
    print(report(result, crowd.failures, shop.complaints()))
    if code == OK and arguments.once and (crowd.failures or not result.complete):
        return FAILED
    return code


def _visit(endpoint: "Inspector", shop: ShopProcess, crowd: Crowd, view: View, *, once: bool) -> int:
    try:
        crowd.run()
        if once:
            due = [told.uid for told in expect(shop.ledger(), MAPPING) if told.calls]
            endpoint.archive.wait_for(lambda seen: all(map(seen.find, due)), _ARRIVAL_SECONDS)
            return OK
    except KeyboardInterrupt:
        crowd.stop()
        return INTERRUPTED
    try:
        view.say(f"\nThe crowd has gone. The shop is yours: {shop.url}  (Ctrl-C ends it)\n")
        _wait_for_end(shop)
    except KeyboardInterrupt:
        return OK


def _final_ledger(shop: ShopProcess, timeout: float) -> list[dict[str, Any]]:
    try:
        return shop.ledger(timeout)
    except ShopError:
        return []


def _wait_for_end(shop: ShopProcess) -> NoReturn:
    pause = threading.Event()
    while shop.running():
        pause.wait(0.5)
    msg = f"the shop ended by itself: {shop.complaints()}"
    raise ShopError(msg)


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(*_: object) -> NoReturn:
    raise SystemExit(_TERMINATED)


DEMO = Command("demo", "show the whole way of an event, on this machine", _DESCRIPTION, _add_arguments, _run)
