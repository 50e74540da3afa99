"""A real WSGI server for the shop, until it is told to end."""

import argparse
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

from waitress.server import create_server  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["serve"]


def serve(application: "WSGIApplication") -> None:
    """Serve as the command line says; print the address first."""
    parser = argparse.ArgumentParser(description="Run the demo shop.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--end-with-stdin", action="store_true", help="end when the standard input is closed")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    listener = socket.create_server((arguments.host, arguments.port))
    server = create_server(application, sockets=[listener], threads=8)
    if arguments.end_with_stdin:
        threading.Thread(target=_watch_stdin, daemon=True).start()
    host, port = listener.getsockname()[:2]
    sys.stdout.write(f"http://{host}:{port}\n")
    sys.stdout.flush()
    server.run()


def _end(*_: object) -> None:
    # An ordinary exit: the handlers of atexit run, and OpenTelemetry's sends what is still waiting. A second signal
    # must not break into that.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(0)


def _watch_stdin() -> None:
    # Not through sys.stdin: its lock, held by this thread for ever, would break the interpreter's exit.
    while os.read(0, 1_024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
