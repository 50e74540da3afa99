"""axe-core, which finds what keeps people from using a page; from the npm registry, kept outside of the repository."""

import fcntl
import os
import shutil
import subprocess
import tarfile
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

__all__ = ["findings"]

PACKAGE = "axe-core"
VERSION = "4.14.1"
SECONDS = 120

_RUN = """async (rules) => {
  const only = rules.length ? {runOnly: {type: "rule", values: rules}} : {};
  const found = await axe.run(document, {resultTypes: ["violations"], ...only});
  return found.violations.map(({id, impact, nodes}) => ({id, impact, where: nodes.map((node) => node.html)}));
}"""


def findings(tab: Any, *rules: str) -> list[dict[str, Any]]:
    """Return the serious and critical findings of a page as it is now; skip where axe-core cannot be had.

    Args:
        tab: Where the page is.
        rules: The only rules to look at; none for all.
    """
    tab.evaluate(_script())
    return [each for each in tab.evaluate(_RUN, list(rules)) if each["impact"] in {"serious", "critical"}]


@cache
def _script() -> str:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "otel-segment-tests"
    file = folder / f"{PACKAGE}-{VERSION}.min.js"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "axe.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            _fetch(file)
    return file.read_text(encoding="utf-8")


def _fetch(file: Path) -> None:
    if shutil.which("npm") is None:
        _lack("needs npm")
    with TemporaryDirectory() as folder:
        command = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--pack-destination", folder, "--loglevel=error"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            _lack(f"npm did not bring {PACKAGE} within {SECONDS} s: is its registry out of reach?")
        if done.returncode:
            _lack(f"npm could not bring {PACKAGE}; is its registry out of reach? {done.stderr.strip()[-500:]}")
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as packed:
            member = packed.extractfile("package/axe.min.js")
            assert member is not None
            script = member.read()
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_bytes(script)
    unfinished.rename(file)


def _lack(reason: str) -> None:
    if os.environ.get("CLIENTS") == "required":
        pytest.fail(reason)
    pytest.skip(reason)
