"""``otel-segment inspect``: a local endpoint, and a page that shows what it is sent."""

import argparse
from pathlib import Path

from otel_segment.cli._command import UNUSABLE, Command, CommandError, require
from otel_segment.cli._local_inspector import INSPECTOR_PORT, is_local
from otel_segment.cli._numbers import port, whole_number

__all__ = ["INSPECT"]

_MODULES = ("starlette", "uvicorn")
_KEEP = 100_000
_MOST_KEPT = 10_000_000

_DESCRIPTION = """\
Serves a Segment-compatible endpoint and a web page that shows each event as it arrives: what is wrong with it by
Segment's rules, the request that it came in, and the other events of the same person. Nothing leaves this machine,
unless --forward says so.

examples:
  otel-segment inspect
  otel-segment inspect --store events.db --keep 1000000
  otel-segment inspect --fault status=503,share=0.1 --fault latency=200ms
  otel-segment inspect --fault outage=10s
  otel-segment inspect --forward https://api.segment.io
  otel-segment inspect --host 0.0.0.0 --token "$(openssl rand -hex 16)"

A fault is made of status=503, retry_after=5 (with a status), latency=200ms, reset (the connection), outage=10s (from
the start) and share=0.1 (of the requests), with commas in between.

exit codes: 0 ended by Ctrl-C, 2 wrong command line, missing package, or a port or file that cannot be used
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="listen on ADDRESS (127.0.0.1)")
    parser.add_argument(
        "--port", type=port, default=INSPECTOR_PORT, help=f"listen on PORT, 0 for any free one ({INSPECTOR_PORT})"
    )
    parser.add_argument("--token", help="show what arrived only to who has TOKEN; needed for other hosts than this")
    parser.add_argument("--write-key", metavar="KEY", help="let in this write key alone (any)")
    parser.add_argument("--store", type=Path, metavar="FILE", help="keep the events in FILE (in memory)")
    parser.add_argument(
        "--keep",
        type=whole_number(f"1 to {_MOST_KEPT} events", 1, _MOST_KEPT),
        default=_KEEP,
        metavar="N",
        help=f"keep the newest N events ({_KEEP})",
    )
    parser.add_argument(
        "--fault", action="append", default=[], metavar="SPEC", help="have this fault; may be given more than once"
    )
    parser.add_argument("--forward", default="", metavar="URL", help="pass on to URL what is accepted")


def _run(arguments: argparse.Namespace) -> int:
    require("inspector", _MODULES)
    for option in ("token", "write_key"):
        if getattr(arguments, option) == "":
            msg = f"the {option.replace('_', ' ')} is empty: give --{option.replace('_', '-')} a text, or leave it out"
            raise CommandError(msg, UNUSABLE)
    if not is_local(_as_host(arguments.host)) and not arguments.token:
        msg = f"--host {arguments.host} lets others see what arrives: give --token SECRET as well"
        raise CommandError(msg, UNUSABLE)
    # It needs starlette and uvicorn.
    from otel_segment.cli._inspecting import inspect

    return inspect(arguments)


def _as_host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


INSPECT = Command("inspect", "see what is sent, in a browser", _DESCRIPTION, _add_arguments, _run)
