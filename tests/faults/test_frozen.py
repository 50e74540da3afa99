"""Functions as AWS Lambda runs them: flushed at the end of each invocation, and frozen until the next."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from running import APPS, environment
from trials import Site, Variant, at_both_doors, judge, record, with_and_without_spool

from otel_segment.inspector import Action, Answer, Cut, IncomingRequest, Reset, Wait

INVOCATIONS = 20
EVENTS = 50
FROZEN_SECONDS = 0.15

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs SIGSTOP")


class Function:
    """A process that stands still between invocations."""

    def __init__(self, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(APPS / "invocations.py")],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def invoke(self, events: int) -> str:
        """Let it run until it says that it is done."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        os.kill(self._process.pid, signal.SIGCONT)
        stdin.write(f"{events}\n")
        stdin.flush()
        said = stdout.readline()
        os.kill(self._process.pid, signal.SIGSTOP)
        return said.strip()

    def kill(self) -> None:
        """End it as such functions end: without notice."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def function(env: dict[str, str]) -> Iterator[Function]:
    """Run a function until the end of the block."""
    started = Function(env)
    try:
        yield started
    finally:
        started.kill()


def faults(request: IncomingRequest) -> Action:
    """Have one fault after the other, with requests that are handled as usual between them."""
    found = {2: Answer(503), 4: Wait(0.5), 6: Reset(), 9: Answer(429, {"Retry-After": "1"}), 12: Cut(accept=False)}
    return found.get(request.number)


@with_and_without_spool
def test_frozen_between_invocations(tmp_path: Path, has_spool: bool) -> None:
    """What an invocation emits has arrived when its flush returns, whatever became of the connections meanwhile."""

    def attempt(variant: Variant) -> None:
        with Site(faults) as site, function(environment(site.url, **variant.variables(tmp_path))) as frozen:
            for invocation in range(1, INVOCATIONS + 1):
                assert frozen.invoke(EVENTS) == f"{invocation * EVENTS} True"
                assert len(site.numbers) == invocation * EVENTS
                if invocation % 3 == 0:
                    # The connections that it holds are gone when it wakes up.
                    site.close()
                time.sleep(FROZEN_SECONDS)
                if invocation % 3 == 0:
                    site.open(faults)
            frozen.kill()
            outcome = judge(site, INVOCATIONS * EVENTS)
        record("frozen between invocations", variant, outcome)
        assert (outcome.accepted, outcome.lost, outcome.doubled) == (INVOCATIONS * EVENTS, 0, 0)

    at_both_doors(attempt, has_spool=has_spool)
