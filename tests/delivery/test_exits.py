"""The end of a process: bounded, with a word about what is left, and silent where all is well."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from doors import BlackHole, run_program, start_program
from ports import free_port

from otel_segment.inspector import Answer, LocalEndpoint

DOORS = {
    "processor": """
import otel_segment
otel_segment.configure()
""",
    "exporter": """
import otel_segment
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
provider = LoggerProvider()
provider.add_log_record_processor(BatchLogRecordProcessor(otel_segment.SegmentLogRecordExporter()))
set_logger_provider(provider)
""",
}
EMIT = """
import atexit, sys, threading, time
from opentelemetry._logs import LogRecord, get_logger

def emit(count, **properties):
    for number in range(count):
        attributes = {"analytics.type": "track", "user.id": "u-1", "number": number}
        get_logger("program").emit(LogRecord(event_name="Ping", attributes=attributes | properties))
"""
TROUBLES = ("black hole", "refused", "unresolvable", "asked to wait", "errors")
BOUND = 12.0
"""Seconds after the last line of a program: its shutdown_timeout of one, and much for a slow machine."""


class Ending:
    """A program that ends in trouble, and how it did."""

    def __init__(self, program: "subprocess.Popen[str]") -> None:
        self._program = program
        self.seconds = 0.0
        self.out = self.err = ""
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def _follow(self) -> None:
        self.out, self.err = self._program.communicate()
        ended = time.time()
        # The program's last words are the time at which it had nothing more to do.
        self.seconds = ended - float(self.out or 0)

    def join(self, seconds: float) -> None:
        """Wait until it has ended."""
        self._thread.join(seconds)
        self._program.kill()
        self._thread.join()


@pytest.fixture(scope="module")
def endings() -> Iterator[dict[tuple[str, str], Ending]]:
    """Programs at each door, ending in each kind of trouble, all at the same time."""
    source = "emit(3)\ntime.sleep(0.2)\nprint(time.time(), flush=True)\n"
    with LocalEndpoint() as waiting, LocalEndpoint() as failing:
        hole = BlackHole()
        waiting.behave(lambda _: Answer(429, {"Retry-After": "3600"}))
        failing.behave(lambda _: Answer(500))
        where = {
            "black hole": hole.url,
            "refused": f"http://127.0.0.1:{free_port()}",
            "unresolvable": "http://events.invalid",
            "asked to wait": waiting.url,
            "errors": failing.url,
        }
        settings = {
            "OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT": "1",
            "OTEL_EXPORTER_SEGMENT_FLUSH_INTERVAL": "0.05",
            "OTEL_BLRP_SCHEDULE_DELAY": "50",
        }
        started = {
            (door, trouble): Ending(start_program(DOORS[door] + EMIT + source, where[trouble], **settings))
            for door in DOORS
            for trouble in TROUBLES
        }
        for ending in started.values():
            ending.join(60)
        yield started
        hole.close()


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("door", DOORS)
def test_end_in_trouble(endings: dict[tuple[str, str], Ending], door: str, trouble: str) -> None:
    """A process ends in time whatever the network does, and says how many events were not delivered."""
    ending = endings[door, trouble]
    assert ending.seconds < BOUND
    assert "shut down with 3 event(s) not delivered to http://" in ending.err
    assert "Traceback" not in ending.err


@pytest.mark.parametrize("door", DOORS)
def test_end_when_all_is_well(endpoint: LocalEndpoint, door: str) -> None:
    """A process that flushes nothing by hand has delivered everything when it ends, without a word."""
    source = DOORS[door] + EMIT + "emit(500)\nsys.exit(3)\n"
    ended = run_program(source, endpoint.url, OTEL_EXPORTER_SEGMENT_FLUSH_INTERVAL="60")
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "", "")
    assert len(endpoint.received) == 500


@pytest.mark.parametrize("door", DOORS)
def test_events_of_exit_handlers(endpoint: LocalEndpoint, door: str) -> None:
    """What exit handlers emit arrives too, though no thread can be started any more from Python 3.12 on."""
    source = DOORS[door] + EMIT + "atexit.register(emit, 5)\n"
    ended = run_program(source, endpoint.url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(endpoint.received) == 5


@pytest.mark.parametrize("door", DOORS)
def test_events_of_the_last_thread(endpoint: LocalEndpoint, door: str) -> None:
    """What a thread emits after the main program has ended arrives."""
    source = """
def late():
    threading.main_thread().join()
    emit(5)
threading.Thread(target=late).start()
"""
    ended = run_program(DOORS[door] + EMIT + source, endpoint.url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(endpoint.received) == 5


def test_events_after_the_end(endpoint: LocalEndpoint) -> None:
    """What is emitted when everything has been shut down is dropped with a word, and no error."""
    source = EMIT + "atexit.register(lambda: emit(5))\n" + DOORS["processor"] + "emit(2)\n"
    ended = run_program(source, endpoint.url)
    assert ended.returncode == 0
    assert ended.stderr.splitlines() == [
        "dropped 1 event(s), shutdown: 'Ping' (emitted after the exporter was shut down)"
    ]
    assert len(endpoint.received) == 2


@pytest.mark.parametrize("door", DOORS)
def test_emitting_to_the_very_end(endpoint: LocalEndpoint, door: str) -> None:
    """Daemon threads that emit while the interpreter ends neither hang nor crash it."""
    source = """
def emit_on():
    while True:
        emit(10)
for _ in range(3):
    threading.Thread(target=emit_on, daemon=True).start()
time.sleep(0.3)
"""
    ended = run_program(DOORS[door] + EMIT + source, endpoint.url, OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT="5")
    assert ended.returncode == 0, ended.stderr
    assert "Fatal" not in ended.stderr
    assert len(endpoint.received) > 100


def test_flush_that_ran_out_of_time(black_hole: BlackHole) -> None:
    """A flush that kept its time leaves nothing behind that would hold up the end of the process."""
    source = "emit(3)\nprint(otel_segment.flush(0.3))\nprint(time.time(), flush=True)\n"
    ended = run_program(DOORS["exporter"] + EMIT + source, black_hole.url, OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT="1")
    flushed, last = ended.stdout.split()
    assert flushed == "False"
    assert time.time() - float(last) < BOUND
    assert "shut down with 3 event(s) not delivered" in ended.stderr


@pytest.mark.parametrize("call", ["flush", "shutdown"])
@pytest.mark.parametrize("door", DOORS)
def test_time_of_a_flush_in_an_exit_handler(black_hole: BlackHole, door: str, call: str) -> None:
    """A flush and a shutdown keep their time in an exit handler too, though they may have no thread to help them."""
    source = f"""
def last():
    emit(3)
    print(time.time(), flush=True)
    print(otel_segment.{call}(0.5), flush=True)
atexit.register(last)
"""
    ended = run_program(DOORS[door] + EMIT + source, black_hole.url, OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT="1")
    last, flushed = ended.stdout.split()
    assert flushed == "False"
    assert time.time() - float(last) < BOUND
    assert "shut down with 3 event(s) not delivered" in ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent another way there")
def test_interrupted(black_hole: BlackHole) -> None:
    """Ctrl-C during a flush ends the process in time."""
    source = """
import signal, os
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
emit(3)
try:
    otel_segment.flush()
except KeyboardInterrupt:
    print(time.time(), flush=True)
"""
    ended = run_program(DOORS["processor"] + EMIT + source, black_hole.url, OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT="1")
    assert time.time() - float(ended.stdout) < BOUND
    assert "shut down with 3 event(s) not delivered" in ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent another way there")
@pytest.mark.parametrize("door", DOORS)
def test_interrupted_at_the_end(black_hole: BlackHole, door: str, tmp_path: Path) -> None:
    """Ctrl-C while the process waits for its last events ends the waiting; what is left is said and kept."""
    source = """
import os, signal
is_ending = threading.Event()

def interrupt():
    is_ending.wait()
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
emit(3)
atexit.register(is_ending.set)
print(time.time(), flush=True)
"""
    dead_letter = tmp_path / "dead.jsonl"
    ended = run_program(
        DOORS[door] + EMIT + source,
        black_hole.url,
        OTEL_EXPORTER_SEGMENT_SHUTDOWN_TIMEOUT="120",
        OTEL_EXPORTER_SEGMENT_DEAD_LETTER=str(dead_letter),
    )

    assert time.time() - float(ended.stdout) < 100
    assert "shut down with 3 event(s) not delivered" in ended.stderr
    assert len(dead_letter.read_text(encoding="utf-8").splitlines()) == 3
