"""Forks under gevent, which takes its green threads across a fork; the child outlives the wait for company."""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402
import time  # noqa: E402

from emitting import emit, set_up  # noqa: E402

import otel_segment  # noqa: E402

set_up()
emit("parent", 20)
time.sleep(0)  # lets a sender begin to wait
if child := os.fork():
    os.waitpid(child, 0)
else:
    emit("child", 20)
    time.sleep(1)
    os._exit(0 if otel_segment.flush(20) else 1)
