"""Fresh processes, each on its core: the sink on one, whatever is measured on the other."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from typing_extensions import Self

__all__ = [
    "CORES",
    "DISK",
    "Missing",
    "Sink",
    "environment",
    "import_ms",
    "run_cold_start",
    "run_worker",
    "spawning_on",
]

_ROOT = Path(__file__).resolve().parent.parent
_FOREIGN = ("OTEL_", "SEGMENT_", "PYTHON")
_PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}

Figures = dict[str, float]


class Missing(Exception):  # noqa: N818
    """A contender cannot run, because something that it needs is not there."""


def _cores() -> tuple[int, int] | None:
    if not hasattr(os, "sched_setaffinity"):
        return None
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else None


CORES = _cores()
"""The core of the contenders and that of the sink; None where processes cannot be told apart by core."""

_VAR_TMP = Path("/var/tmp")
DISK = str(_VAR_TMP) if _VAR_TMP.is_dir() else tempfile.gettempdir()
"""Where the folders of spools are made: ``/tmp`` may be memory, this should not."""


@contextlib.contextmanager
def spawning_on(which: int) -> Iterator[None]:
    """Let the processes started inside inherit one core."""
    if CORES is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CORES[which]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _folder() -> "tempfile.TemporaryDirectory[str]":
    """Make a folder that goes with the process for which it is made."""
    return tempfile.TemporaryDirectory(prefix="benchmark-", dir=DISK, ignore_cleanup_errors=True)


def environment(**more: str) -> dict[str, str]:
    """Return an environment in which nobody's settings or proxies favour anyone."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_FOREIGN) and name.lower() not in _PROXIES
    }
    return kept | {"PYTHONPATH": str(_ROOT)} | more


class Sink:
    """The local endpoint, in a process of its own; use it in a ``with`` block.

    Args:
        delay: Seconds before each answer.
        keep_ids: Count distinct messageIds too.
    """

    def __init__(self, delay: float = 0.0, *, keep_ids: bool = False) -> None:
        self._command = [sys.executable, "-m", "benchmarks.sink", "--delay", str(delay)]
        if keep_ids:
            self._command.append("--keep-ids")

    def __enter__(self) -> Self:
        with spawning_on(1):
            self._process = subprocess.Popen(
                self._command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        self.endpoint = f"http://127.0.0.1:{self._read()['port']}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def _read(self) -> dict[str, int]:
        assert self._process.stdout is not None
        return cast("dict[str, int]", json.loads(self._process.stdout.readline()))

    def counts(self) -> dict[str, int]:
        """Ask for what has arrived so far."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._read()


def run_worker(**order: object) -> dict[str, Any]:
    """Carry out one measurement in a fresh process and return its figures.

    Raises:
        Missing: The contender needs something that is not installed.
    """
    with _folder() as folder, spawning_on(0):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.worker", json.dumps(order)],
            env=environment(TMPDIR=folder),
            stdout=subprocess.PIPE,
            check=True,
        )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if "missing" in answer:
        raise Missing(answer["missing"])
    return answer


def _run_quietly(command: list[str]) -> str:
    with spawning_on(0):
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        if last.startswith(("ImportError", "ModuleNotFoundError")):
            raise Missing(last)
        sys.stderr.write(done.stderr)
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    return done.stdout


def run_cold_start(script: str) -> Figures:
    """Run the shortest program of a contender; count from its start to its event's arrival.

    Args:
        script: What follows ``with_`` in the name of a module of ``benchmarks.cold_start``.

    Raises:
        Missing: The program could not import what it needs.
    """
    path = _ROOT / "benchmarks" / "cold_start" / f"with_{script}.py"
    with Sink() as sink:
        start = time.monotonic_ns()
        _run_quietly([sys.executable, str(path), sink.endpoint])
        ended = time.monotonic_ns()
        counts = sink.counts()
    if counts["events"] != 1:
        message = f"{path.name} delivered {counts['events']} events instead of 1"
        raise RuntimeError(message)
    return {"first_event_ms": (counts["first_ns"] - start) / 1e6, "process_ms": (ended - start) / 1e6}


def import_ms(module: str) -> float:
    """Import a module in a fresh process and return the milliseconds that the import took.

    Raises:
        Missing: There is no such module.
    """
    code = f"from time import perf_counter as now; start = now(); import {module}; print((now() - start) * 1000)"
    return float(_run_quietly([sys.executable, "-c", code]))
