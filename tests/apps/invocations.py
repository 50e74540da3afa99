"""Handles one invocation for each line of its input: emits events, flushes the SDK, and says that it is done.

So AWS Lambda runs a function: between two invocations the process stands still.
"""

import sys

from emitting import emit, set_up
from opentelemetry._logs import get_logger_provider

set_up()
number = 0
for line in sys.stdin:
    emit("function", int(line), number)
    number += int(line)
    flushed = get_logger_provider().force_flush(30_000)  # type: ignore[attr-defined]
    sys.stdout.write(f"{number} {flushed}\n")
    sys.stdout.flush()
