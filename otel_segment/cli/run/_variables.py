"""What ``opentelemetry-instrument`` needs in the environment, beside what is there."""

import re
from collections.abc import Iterator, Mapping

from otel_segment.cli._local_inspector import is_local
from otel_segment.settings import scrubbed

__all__ = ["CONFIG_FILE", "OURS", "additions", "doubts", "is_set", "shown"]

CONFIG_FILE = "OTEL_CONFIG_FILE"
OURS = ("OTEL_", "SEGMENT_")
"""How the names of the variables begin that matter here."""

_ENDPOINT = "OTEL_EXPORTER_SEGMENT_ENDPOINT"
_WRITE_KEY = "OTEL_EXPORTER_SEGMENT_WRITE_KEY"
_WRITE_KEYS = (_WRITE_KEY, "SEGMENT_WRITE_KEY")
_OTLP = "OTEL_EXPORTER_OTLP"
_LOGS, _TRACES, _METRICS = (f"OTEL_{signal}_EXPORTER" for signal in ("LOGS", "TRACES", "METRICS"))

_LOCAL_KEY = "local"
"""Any will do where nobody checks it."""

_SECRET = re.compile(r"KEY|SECRET|TOKEN|SALT|HEADERS|PASSWORD")
_USER_INFO = re.compile(r"(?:(?<=://)|^)(?!\w+://)\S*@")
_QUERY = re.compile(r"(?<=[?#])\S+")
_MASK = "***"


def additions(environ: Mapping[str, str], endpoint: str | None) -> dict[str, str]:
    """Return the variables that are to be set; none of them is there, but for the endpoint.

    Args:
        environ: The environment as it is; a variable that is empty is as one that is not there.
        endpoint: The address to send to; ``None`` for the one that is set.
    """
    found: dict[str, str] = {}
    if not is_set(environ, CONFIG_FILE):
        found.update(_exporters(environ))
    if endpoint is not None:
        found[_ENDPOINT] = endpoint
        if is_local(endpoint) and not any(is_set(environ, name) for name in _WRITE_KEYS):
            found[_WRITE_KEY] = _LOCAL_KEY
    return found


def doubts(environ: Mapping[str, str], endpoint: str | None) -> Iterator[str]:
    """Yield why nothing may go to Segment, or not where it was meant to.

    Args:
        environ: The environment, with what is added.
        endpoint: The address that was given with the command.
    """
    if is_set(environ, CONFIG_FILE):
        if endpoint is not None:
            yield f"--endpoint counts only where the file in {CONFIG_FILE} names no endpoint itself"
        return
    if not any("segment" in _names(environ, signal) for signal in (_LOGS, _TRACES)):
        yield f"{_LOGS}={environ[_LOGS]} does not name segment, so nothing goes there; set {_LOGS}=segment,…"


def shown(name: str, value: str, environ: Mapping[str, str]) -> str:
    """Return the value of a variable as it may be printed.

    Args:
        name: The variable.
        value: Its value.
        environ: The environment, whose secrets may stand in the value as well.
    """
    if _SECRET.search(name):
        return _MASK
    for other, secret in environ.items():
        if _SECRET.search(other) and other.startswith(OURS):
            value = scrubbed(value, secret.strip())
    return _QUERY.sub(_MASK, _USER_INFO.sub(f"{_MASK}@", value))


def is_set(environ: Mapping[str, str], name: str) -> bool:
    """Tell whether a variable is there, and not empty."""
    return bool(environ.get(name, "").strip())


def _exporters(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield an exporter for each signal that has none: where an OTLP endpoint is set, OTLP is meant."""
    if not is_set(environ, _LOGS):
        yield _LOGS, "segment,otlp" if _has_otlp(environ, "LOGS") else "segment"
    for variable, signal in ((_TRACES, "TRACES"), (_METRICS, "METRICS")):
        if not is_set(environ, variable):
            yield variable, "otlp" if _has_otlp(environ, signal) else "none"


def _has_otlp(environ: Mapping[str, str], signal: str) -> bool:
    return any(is_set(environ, name) for name in (f"{_OTLP}_ENDPOINT", f"{_OTLP}_{signal}_ENDPOINT"))


def _names(environ: Mapping[str, str], variable: str) -> list[str]:
    return [name.strip() for name in environ.get(variable, "").split(",")]
