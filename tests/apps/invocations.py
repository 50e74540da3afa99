"""Handles one invocation for each line of its input: emits events, flushes the SDK, and says that it is done.

So AWS Lambda runs a function: between two invocations the process stands still. Every second invocation takes so long
that the SDK's worker has its events before the flush.
"""

import os
import sys
import time

from emitting import emit, set_up
from opentelemetry._logs import get_logger_provider

LONG = 2 * float(os.environ["OTEL_BLRP_SCHEDULE_DELAY"]) / 1_000

set_up()
number = 0
for invocation, line in enumerate(sys.stdin):
    emit("function", int(line), number)
    number += int(line)
    time.sleep(LONG if invocation % 2 else 0)
    flushed = get_logger_provider().force_flush(30_000)  # type: ignore[attr-defined]
    sys.stdout.write(f"{number} {flushed}\n")
    sys.stdout.flush()
