"""What is installed, and whether it goes together."""

import platform
import re
import ssl
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version

from otel_segment._version import __version__
from otel_segment.cli.doctor._findings import Finding, broken, fine, unknown, warning

__all__ = ["check_versions", "installed"]

_SHOWN = (
    *("opentelemetry-api", "opentelemetry-sdk", "opentelemetry-instrumentation", "opentelemetry-distro"),
    *("opentelemetry-configuration", "msgspec", "requests", "urllib3", "wrapt"),
)
_EXTRAS = {
    "auto": ("opentelemetry-distro",),
    "oauth": ("PyJWT", "cryptography"),
    "yaml": ("opentelemetry-configuration", "PyYAML"),
    "inspector": ("starlette", "uvicorn"),
    "completion": ("shtab",),
    "demo": ("flask", "opentelemetry-distro", "PyYAML", "rich", "starlette", "uvicorn", "waitress"),
}
_BETA = re.compile(r"0\.(\d+)b\d+")
_STABLE = re.compile(r"1\.(\d+)\.")
_BETA_AHEAD = 21
"""OpenTelemetry releases 1.x together with 0.(x+21)b."""


@cache
def installed(package: str) -> str | None:
    """Return the version of a package; ``None`` where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def check_versions() -> Iterator[Finding]:
    """Say the versions of all that matters."""
    yield fine(f"Python {platform.python_version()} on {platform.system()}, {ssl.OPENSSL_VERSION}")
    yield fine(f"otel-segment {__version__}")
    found = {package: installed(package) for package in _SHOWN}
    yield fine(", ".join(f"{package} {number}" for package, number in found.items() if number))
    yield from _unmet()
    yield from _apart(found)
    for extra, packages in _EXTRAS.items():
        missing = [package for package in packages if installed(package) is None]
        if missing:
            yield unknown(f"extra [{extra}] is not installed ({', '.join(missing)})")
        else:
            yield fine(f"extra [{extra}]: " + ", ".join(f"{package} {installed(package)}" for package in packages))


def _unmet() -> Iterator[Finding]:
    """Name the requirements that are not met, as happens where another package pins what we need."""
    from packaging.requirements import Requirement

    try:
        texts = requires("otel-segment") or []
    except PackageNotFoundError:
        yield warning(
            "otel-segment is not installed, but run from a folder: there is no entry point by which it can be chosen",
            "pip install otel-segment",
        )
        return
    for text in texts:
        requirement = Requirement(text)
        if requirement.marker is not None:
            continue
        number = installed(requirement.name)
        wanted = f"{requirement.name}{requirement.specifier}"
        if number is None:
            yield broken(f"{requirement.name} is not installed", f"pip install '{wanted}'")
        elif not requirement.specifier.contains(number, prereleases=True):
            yield broken(f"{requirement.name} {number} is not what is needed ({wanted})", f"pip install '{wanted}'")


def _apart(found: dict[str, str | None]) -> Iterator[Finding]:
    """Name packages of OpenTelemetry that belong to different releases."""
    api, sdk, beta = (found[f"opentelemetry-{name}"] for name in ("api", "sdk", "instrumentation"))
    minor = _STABLE.match(sdk or "")
    if api and sdk and api.split(".")[:2] != sdk.split(".")[:2]:
        yield broken(
            f"opentelemetry-api {api} and opentelemetry-sdk {sdk} are of different releases",
            f"pip install opentelemetry-api=={sdk} opentelemetry-sdk=={sdk}",
        )
    number = _BETA.match(beta or "")
    if minor and number and int(number[1]) != int(minor[1]) + _BETA_AHEAD:
        wanted = f"0.{int(minor[1]) + _BETA_AHEAD}b0"
        yield warning(
            f"opentelemetry-instrumentation {beta} and opentelemetry-sdk {sdk} are of different releases",
            f"pip install 'opentelemetry-instrumentation>={wanted}' opentelemetry-sdk=={sdk}",
        )
