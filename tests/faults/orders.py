"""A program that does what a test tells it, and says what has become of its events and of its spool."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from running import APPS, environment

__all__ = ["Answer", "Told", "program", "wait_for"]


class Answer(NamedTuple):
    """What the program says of itself.

    Attributes:
        lines: What the library has logged: levels and texts.
        failures: The metric ``otel_segment.spool.failures``.
        stats: Where its events are.
    """

    lines: list[tuple[str, str]]
    failures: int
    stats: dict[str, int]

    def said(self, words: str) -> bool:
        """Tell whether it was logged."""
        return any(words in text for _, text in self.lines)

    def troubles(self, word: str = "spool") -> list[str]:
        """Return the lines about the spool that a person should be worried by."""
        return [text for level, text in self.lines if level in {"WARNING", "ERROR"} and word in text]


class Told:
    """A running program.

    Args:
        process: The process.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid

    def __call__(self, order: str) -> Answer:
        """Let it do something; return what it says afterwards."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{order}\n")
        stdin.flush()
        line = stdout.readline()
        assert line, self._process.communicate()
        said = json.loads(line)
        lines = [(level, text) for level, text in said["lines"]]
        return Answer(lines, said["failures"], said["stats"])

    def wait(self, condition: Callable[[Answer], object]) -> Answer:
        """Wait until something holds for what it says."""
        return wait_for(lambda: self("flush 0.1"), condition)


@contextmanager
def program(url: str, spool: Path, **variables: str) -> Iterator[Told]:
    """Run the program until the end of the block."""
    settings = {"OTEL_EXPORTER_SEGMENT_SPOOL": str(spool), "OTEL_EXPORTER_SEGMENT_FLUSH_INTERVAL": "0.1"}
    process = subprocess.Popen(
        [sys.executable, str(APPS / "told.py")],
        env=environment(url, **(settings | variables)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        told = Told(process)
        told("flush 0")  # it has begun
        yield told
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    finally:
        process.kill()
        process.communicate()


def wait_for(look: Callable[[], Answer], condition: Callable[[Answer], object], seconds: float = 60) -> Answer:
    """Look until something holds."""
    deadline = time.monotonic() + seconds
    while not condition(answer := look()):
        assert time.monotonic() < deadline, answer
    return answer
