"""What the tests of the spool share: destinations, messages, other processes."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from otel_segment.spool import Destination, Row, Spool, spool_for

KEY = "wk-0123456789abcdef-f3a1"
HERE = Destination.of("http://here.example/v1/batch", KEY)
THERE = Destination.of("http://there.example/v1/batch", KEY)
FOREIGN = Destination.of("http://here.example/v1/batch", "another-key-0123456789")
MUCH = 1 << 30

_PRELUDE = """
import ctypes, os, signal, sys, threading, time
from otel_segment.spool import *
folder = sys.argv[1]
HERE, THERE, FOREIGN = (Destination(*each) for each in {destinations!r})
spool = spool_for(folder, 1 << 28)
def tell(*words):
    print(*words, flush=True)
"""


class OpenSpool:
    """Opens the spools of a test, and closes them in the end.

    Args:
        folder: Where to, unless told otherwise.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._spools: list[Spool] = []

    def __call__(self, max_bytes: int = 1 << 28) -> Spool:
        """Return the spool of the folder."""
        self._spools.append(spool_for(self._folder, max_bytes))
        return self._spools[-1]

    def close(self) -> None:
        """Close all."""
        for spool in self._spools:
            spool.close()


def message(number: int, size: int = 0) -> bytes:
    """Return an encoded message with a number in it."""
    return b'{"n":%d,"pad":"%s"}' % (number, b"x" * size)


def take(spool: Spool, destination: Destination = HERE, now: float | None = None) -> list[Row]:
    """Claim all that can be."""
    return spool.claim(destination, MUCH, MUCH, time.time() if now is None else now)


def messages(rows: list[Row]) -> list[bytes]:
    """Return all messages of rows."""
    return [message for row in rows for message in row.messages]


@contextmanager
def process(source: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run a program beside the test; it is killed at the end of the block if it is still there."""
    program = _PRELUDE.format(destinations=[tuple(each) for each in (HERE, THERE, FOREIGN)]) + source
    with subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def run(source: str, folder: Path) -> str:
    """Run a program to its end; return what it has printed."""
    with process(source, folder) as running:
        output, _ = running.communicate(timeout=180)
        assert running.returncode == 0, output
        return output


def hear(running: "subprocess.Popen[str]", word: str) -> list[str]:
    """Wait for a line that begins with a word; return the rest of it."""
    assert running.stdout is not None
    said = []
    for line in running.stdout:
        said.append(line)
        first, *rest = line.split()
        if first == word:
            return rest
    raise AssertionError("".join(said))


def go(running: "subprocess.Popen[str]") -> None:
    """Let a program go on that waits for a line."""
    assert running.stdin is not None
    running.stdin.write("\n")
    running.stdin.flush()
