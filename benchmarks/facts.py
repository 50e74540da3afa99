"""On what a benchmark ran."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.processes import CORES, DISK

__all__ = ["machine_facts"]

_PACKAGES = (
    "otel-segment",
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp-proto-http",
    "segment-analytics-python",
    "msgspec",
    "requests",
    "urllib3",
    "opentelemetry-instrumentation",
    "flask",
    "django",
    "starlette",
    "fastapi",
    "gunicorn",
    "uvicorn",
    "httptools",
    "uvloop",
)


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _pinning() -> str:
    if CORES is None:
        return "none possible here: contenders and sink share the cores"
    return f"contenders on core {CORES[0]}, sink on core {CORES[1]}"


def _file_system(folder: str) -> str:
    """Return what kind of file system a folder is on."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return "file system unknown"
    _, kind = max((len(where), kind) for _, where, kind, *_ in mounts if Path(folder).is_relative_to(where))
    return kind


def machine_facts() -> dict[str, str]:
    """Name the interpreter, the machine, how busy it was, and the versions that were compared."""
    facts = {
        "python": f"{platform.python_implementation()} {sys.version.split()[0]}",
        "system": platform.platform(terse=True),
        "cpu": f"{os.cpu_count()} x {_cpu()}",
        "pinning": _pinning(),
        "spools": f"in {DISK}, {_file_system(DISK)}",
    }
    if hasattr(os, "getloadavg"):
        facts["load before"] = f"{os.getloadavg()[0]:.2f}"
    return facts | {package: _version(package) for package in _PACKAGES}
