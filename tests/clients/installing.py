"""The official clients in JavaScript: installed once for a lock file, outside of the repository."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["installed"]

HERE = Path(__file__).parent
FILES = ("package.json", "package-lock.json")
INSTALL = (
    *("npm", "ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"),
    *("--fetch-retries=3", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=3000"),
)
SECONDS = 240


def installed() -> Path:
    """Return the folder with ``node_modules``, and skip where there can be none; ``CLIENTS=required`` fails instead."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            _lack(f"needs {program}")
    contents = b"".join((HERE / name).read_bytes() for name in FILES)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "otel-segment-tests"
    folder = cache / hashlib.sha256(contents).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for name in FILES:
        shutil.copy(HERE / name, unfinished)
    try:
        done = subprocess.run(INSTALL, cwd=unfinished, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        _lack(f"npm did not install the clients within {SECONDS} s: is its registry out of reach?")
    if done.returncode:
        first = done.stderr.partition("\n")[0]
        _lack(f"npm could not install the clients: is its registry out of reach? {first}")
    unfinished.rename(folder)


def _lack(reason: str) -> None:
    if os.environ.get("CLIENTS") == "required":
        pytest.fail(reason)
    pytest.skip(reason)
