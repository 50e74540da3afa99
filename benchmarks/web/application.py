"""What the servers load: the site that an environment variable asks for, instrumented before it is made.

It goes to its core once it is loaded, so that sites start on all cores at once.
"""

import importlib
import json
import os
import time
from pathlib import Path
from typing import Any

from benchmarks.processes import CORES
from benchmarks.web.frameworks import FRAMEWORKS
from benchmarks.web.variants import instrument

__all__ = ["application"]


def _make(framework: str, variant: str, endpoint: str) -> Any:
    site = importlib.import_module(f"benchmarks.web.sites.{framework}")
    if hasattr(site, "prepare"):
        site.prepare()
    settle, wrap = instrument(variant, FRAMEWORKS[framework], endpoint)

    def settled() -> str:
        settle()
        return str(time.process_time_ns())

    return wrap(site.make(settled))


def _stay_on(core: int) -> None:
    """Put all threads of this process on one core; those to come inherit it."""
    for thread in Path("/proc/self/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


application = _make(**json.loads(os.environ["BENCHMARK_SITE"]))
if CORES is not None:
    _stay_on(CORES[0])
