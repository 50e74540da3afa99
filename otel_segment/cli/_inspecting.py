"""The inspector as the commands start it; this needs the packages of the extra."""

import argparse
import errno
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

from otel_segment.cli._command import OK, UNUSABLE, CommandError
from otel_segment.inspector import ArchiveError, FaultError, Inspector

__all__ = ["Inspector", "inspect"]

_LOOK_SECONDS = 0.1
_FILES = 4_096

_WELCOME = """\
page      {page}
endpoint  {url}
{more}
Send a first event:
  curl -u {key}: {url}/v1/track -H 'Content-Type: application/json' \\
      -d '{{"event": "Hello", "userId": "u-1", "messageId": "1"}}'
or have your application send here:
  OTEL_EXPORTER_SEGMENT_ENDPOINT={url} OTEL_EXPORTER_SEGMENT_WRITE_KEY={key} ...

Ctrl-C ends it.
"""


def inspect(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C; what is wrong with the options is said in one line."""
    _admit_many()
    with _ending() as ended, _open(arguments) as inspector:
        print(_welcome(inspector, arguments), flush=True)
        while not ended():
            time.sleep(_LOOK_SECONDS)
    return OK


def _open(arguments: argparse.Namespace) -> Inspector:
    try:
        return Inspector(
            arguments.host,
            arguments.port,
            arguments.write_key,
            store=arguments.store,
            keep=arguments.keep,
            faults="; ".join(arguments.fault),
            forward=arguments.forward,
            token=arguments.token,
        )
    except (ArchiveError, FaultError, ValueError) as error:
        raise CommandError(str(error), UNUSABLE) from error
    except OSError as error:
        raise CommandError(_no_address(arguments, error), UNUSABLE) from error


def _no_address(arguments: argparse.Namespace, error: OSError) -> str:
    where = f"{arguments.host} port {arguments.port}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is taken, by another inspector perhaps: give another --port, or --port 0 for any free one"
    if error.errno == errno.EACCES:
        return f"{where} is not yours to listen on: give a --port above 1023"
    return f"cannot listen on {where}: {error.strerror or error}; give an address of this machine with --host"


def _welcome(inspector: Inspector, arguments: argparse.Namespace) -> str:
    summary = inspector.summary()
    page = f"{inspector.url}/"
    facts = {
        "store": f"{arguments.store}, {summary['events']} events so far" if arguments.store else "",
        "faults": summary["faults"],
        "forward": summary["forward"],
    }
    more = "".join(f"{name:<10}{fact}\n" for name, fact in facts.items() if fact)
    token = f"?token={quote(arguments.token, safe='')}" if arguments.token else ""
    key = "YOUR_WRITE_KEY" if summary["write_key_needed"] else "my-key"
    return _WELCOME.format(page=page + token, url=inspector.url, more=more, key=key)


@contextmanager
def _ending() -> Iterator[Callable[[], bool]]:
    """Give what tells whether there was a first Ctrl-C; the second one is at once."""
    # Nothing with a lock, which the signal could find taken by the very thread that it interrupts.
    signals: list[object] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def end(number: int, _: object) -> None:
        for each, handler in handlers.items():
            signal.signal(each, handler)
        signals.append(number)

    for number in handlers:
        signal.signal(number, end)
    try:
        yield lambda: bool(signals)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _admit_many() -> None:
    """Have room for a thousand viewers, where the system allows it."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
