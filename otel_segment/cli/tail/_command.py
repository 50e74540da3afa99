"""``otel-segment tail``: what arrives at an inspector, in a terminal."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from otel_segment.cli._command import Command, CommandError
from otel_segment.cli._local_inspector import INSPECTOR_URL
from otel_segment.cli._numbers import whole_number
from otel_segment.cli._rows import listed
from otel_segment.cli._views import open_view
from otel_segment.cli.tail._following import Following, Wanted
from otel_segment.cli.tail._inspector import Inspector, NotThereError, address_of

__all__ = ["TAIL"]

_STATES = ("ok", "altered", "duplicate", "dropped", "refused")
_MOST = 500

_DESCRIPTION = """\
Shows what arrives at an inspector ("otel-segment inspect") as it arrives: time, type, name, person, and what Segment
would do with it. When the inspector is restarted it goes on. On a terminal the rows are coloured, if rich is installed,
and not under NO_COLOR; elsewhere they are plain lines, FORCE_COLOR or not.

examples:
  otel-segment tail
  otel-segment tail --type track --type page --state dropped
  otel-segment tail --person u-1 --last 100
  otel-segment tail --url http://10.0.0.5:8765 --token T --json | jq .name

exit codes: 130 ended by Ctrl-C, 1 there is no inspector, or it wants another token, 2 wrong command line
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", default=INSPECTOR_URL, help=f"the inspector's address ({INSPECTOR_URL})")
    parser.add_argument("--token", metavar="TOKEN", help="the inspector's token, where it has one")
    parser.add_argument(
        "--type", action="append", metavar="TYPE", default=[], help="only these calls; may be given several times"
    )
    parser.add_argument(
        "--state", action="append", choices=_STATES, default=[], help="only these; may be given several times"
    )
    parser.add_argument("--person", metavar="ID", default="", help="only of this userId or anonymousId")
    parser.add_argument(
        "--last",
        type=whole_number(f"0 to {_MOST}", 0, _MOST),
        default=10,
        metavar="N",
        help="how many earlier ones to show first (10)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object for each event, for programs")


def _run(arguments: argparse.Namespace) -> int:
    address = address_of(arguments.url, arguments.token)
    wanted = Wanted(arguments.type, arguments.state, arguments.person)
    following = Following(Inspector(address), wanted, _say)
    try:
        if arguments.json:
            return _follow(following, arguments.last, _print_objects)
        with open_view() as view:
            return _follow(following, arguments.last, lambda rows: view.show([listed(row) for row in rows]))
    except NotThereError as error:
        msg = f"there is no inspector at {address}: {error}; start one with: otel-segment inspect"
        raise CommandError(msg) from error


def _follow(following: Following, last: int, show: Callable[[Sequence[dict[str, Any]]], None]) -> int:
    for rows in following.rows(last):
        if rows:
            show(rows)
    raise AssertionError  # pragma: no cover - only Ctrl-C ends it


def _print_objects(rows: Sequence[dict[str, Any]]) -> None:
    print("\n".join(map(json.dumps, rows)), flush=True)


def _say(text: str) -> None:
    print(f"otel-segment: {text}", file=sys.stderr, flush=True)


TAIL = Command("tail", "show in a terminal what arrives at an inspector", _DESCRIPTION, _add_arguments, _run)
