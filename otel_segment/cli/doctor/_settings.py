"""The settings, line by line."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from otel_segment._env import ROWS, Reading
from otel_segment.cli.doctor._findings import Finding, broken, fine, warning
from otel_segment.cli.doctor._setups import Setup
from otel_segment.cli.doctor._variables import renamed_to
from otel_segment.settings import OAuth, masked

__all__ = ["check_settings"]

_MASK = "***"
_CODE_ONLY = frozenset(row.name for row in ROWS if not row.variables)


def check_settings(setup: Setup) -> Iterator[Finding]:
    """Say of each setting what it is, and where from; wrong ones first."""
    for reading in setup.readings:
        if reading.problem:
            yield _wrong(setup, reading)
    for reading in setup.readings:
        if not reading.problem and reading.name not in _CODE_ONLY:
            yield fine(f"{reading.name} = {_shown(setup, reading)}", setup.source(reading.name))
    if setup.reading("disabled").value:
        yield warning(
            "disabled: events are converted and checked, and nothing is sent",
            "to send events, take away OTEL_EXPORTER_SEGMENT_DISABLED or the setting disabled",
            setup.source("disabled"),
        )


def _wrong(setup: Setup, reading: Reading) -> Finding:
    # What is wrong and what to write instead are parted where the text does so itself.
    cause, _, cure = reading.problem.rpartition("; ")
    if not cause:
        cause, _, cure = reading.problem.partition(": " if ": " in reading.problem else ". ")
    source = setup.source(reading.name)
    place = reading.name if source == "default" or reading.name == "oauth" else source
    cure = f"{place}: {setup.named(cure)}"
    if source == "default":
        row = next(row for row in ROWS if row.name == reading.name)
        cure = renamed_to(row.variables) or cure
    return broken(f"{reading.name}: {setup.named(cause)}", cure, source)


def _shown(setup: Setup, reading: Reading) -> str:
    value = reading.value
    settings = setup.settings
    if settings is not None and reading.name in {"endpoint", "path"}:
        value = getattr(settings, reading.name)
    if value is None:
        row = next(row for row in ROWS if row.name == reading.name)
        return "none" if row.default is None and row.missing == "required" else row.missing
    return _SHOWN.get(reading.name, _plain)(value)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _names(headers: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {_MASK}" for name in headers) or "none"


def _rules(mapping: object) -> str:
    return str(mapping) if isinstance(mapping, str) and not mapping.lstrip().startswith("{") else "(given in place)"


def _oauth(oauth: OAuth) -> str:
    return f"client_id {oauth.client_id}, key_id {oauth.key_id}, key {_MASK}"


_SHOWN: Mapping[str, Callable[[Any], str]] = {
    "write_key": lambda key: masked(key) or "none",
    "headers": _names,
    "privacy_salt": lambda _: _MASK,
    "mapping": _rules,
    "oauth": _oauth,
}
