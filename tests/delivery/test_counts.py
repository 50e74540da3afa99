"""The counts: every event is in one state at any moment, whoever has it."""

import json
from pathlib import Path

import pytest
from doors import MakeDoor, run_program, wait_until
from ports import free_port

from otel_segment import DropReason, Stats
from otel_segment.inspector import LocalEndpoint

SHARED = """
import json, time
import otel_segment
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from otel_segment.inspector import LocalEndpoint

doors, providers = [], []
for _ in range(2):
    door = otel_segment.SegmentLogRecordProcessor(endpoint=f"http://127.0.0.1:{PORT}", spool=SPOOL, flush_interval=0.01)
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(door)
    doors.append(door)
    providers.append(provider)

def emit(provider, count):
    for _ in range(count):
        attributes = {"analytics.type": "track", "user.id": "u-1"}
        provider.get_logger("program").emit(LogRecord(event_name="Ping", attributes=attributes))

negative = []
def look():
    stats = otel_segment.stats()
    negative.extend([stats] if stats.unaccounted or min(stats.spooled, stats.recovered) < 0 else [])
    return stats

emit(providers[0], 30)
emit(providers[1], 20)
while look().spooled < 50:
    time.sleep(0.005)
with LocalEndpoint(port=PORT) as server:
    deadline = time.monotonic() + 40
    while look().delivered < 50 and time.monotonic() < deadline:
        time.sleep(0.001)
    stats = look()
    print(json.dumps([stats.accepted, stats.delivered, stats.spooled, stats.recovered, len(negative)]))
"""


def test_two_exporters_on_one_spool(tmp_path: Path) -> None:
    """What one exporter leaves in the spool and another of the same process takes up is counted once."""
    given = f"SPOOL, PORT = {str(tmp_path / 'spool')!r}, {free_port()}\n"

    ended = run_program(given + SHARED, "")

    assert ended.returncode == 0, ended.stderr
    counts = json.loads(ended.stdout)
    assert counts == [50, 50, 0, 0, 0]


def test_taken_over_by_another() -> None:
    """Of two exporters, one may know that it took events up before the other is seen to have left them."""
    left, took = Stats(accepted=5, spooled=5), Stats(recovered=5, taken_over=5, delivered=5)

    assert (left + took).reconciled() == Stats(accepted=5, delivered=5)
    early = (Stats(accepted=5, in_flight=5) + took).reconciled()
    assert (early.spooled, early.unaccounted) == (0, 0)


def test_other_processes_still_count() -> None:
    """What comes from other processes stays counted as recovered."""
    assert Stats(recovered=7, delivered=7).reconciled() == Stats(recovered=7, delivered=7)


@pytest.mark.parametrize("disabled", [False, True])
def test_unaccounted(endpoint: LocalEndpoint, make_door: MakeDoor, disabled: bool) -> None:
    """Nothing is unaccounted for, whatever becomes of events: sent, withheld, dropped, or late."""
    door = make_door(disabled=disabled, flush_interval=0.01)
    door.emit(3)
    door.emit(1, **{"user.id": ""})
    wait_until(lambda: door.stats.delivered + door.stats.withheld == 3)
    door.ours.shutdown()
    door.emit(1)

    assert door.stats.unaccounted == 0
    assert door.stats.dropped == {DropReason.MISSING_IDENTITY: 1, DropReason.SHUTDOWN: 1}
    assert (Stats(accepted=2, delivered=1).unaccounted, Stats(delivered=1).unaccounted) == (1, -1)
