"""The one table of settings, with environment variables, defaults and parsers; and how it is read."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from otel_segment import _endpoint, _parsers
from otel_segment._headers import parse_headers, show_headers
from otel_segment._parsers import Parser
from otel_segment._version import __version__
from otel_segment._write_key import parse_write_key, show_write_key
from otel_segment.errors import ConfigurationError
from otel_segment.settings import Settings, scrubbed

__all__ = ["ROWS", "Row", "resolve", "table"]

_PREFIX = "OTEL_EXPORTER_SEGMENT_"
_HOUR = 3_600
_MONTH = 30 * 24 * _HOUR
_YEAR = 365 * 24 * _HOUR
_MIB = 2**20
_KEY_VARIABLES = (_PREFIX + "WRITE_KEY", "SEGMENT_WRITE_KEY")
_LONGEST_SHOWN = 120


class Row(NamedTuple):
    """One setting.

    Attributes:
        name: The keyword.
        variables: The environment variables, the first that is not empty counts.
        default: What stands where nothing is given, as a user would write it.
        parse: Makes the setting's value from what was given.
        doc: What it means, in a line.
        show: How a wrong value appears in the error.
        switch: Whether the environment can switch it on against the argument.
        missing: What the documentation calls a default of ``None``.
    """

    name: str
    variables: tuple[str, ...]
    default: object
    parse: Parser
    doc: str
    show: Callable[[object], str] = _parsers.show
    switch: bool = False
    missing: str = "none"


ROWS: tuple[Row, ...] = (
    Row(
        "write_key",
        _KEY_VARIABLES,
        None,
        parse_write_key,
        "write key of the Segment source",
        show=show_write_key,
        missing="required",
    ),
    Row(
        "endpoint",
        (_PREFIX + "ENDPOINT",),
        None,
        _parsers.endpoint,
        "base URL of the Tracking API, in any spelling; wins over `region`",
        show=_parsers.show_url,
        missing="by region",
    ),
    Row("region", (_PREFIX + "REGION",), "us", _parsers.choice(*_endpoint.REGIONS), "`us` or `eu`: picks `endpoint`"),
    Row(
        "path",
        (_PREFIX + "PATH",),
        "/v1/batch",
        _parsers.path,
        "path of the batch call",
        show=_parsers.show_url,
    ),
    Row("timeout", (_PREFIX + "TIMEOUT",), 10, _parsers.seconds(_HOUR), "seconds for one HTTP request"),
    Row("compression", (_PREFIX + "COMPRESSION",), "none", _parsers.choice("none", "gzip"), "`none` or `gzip`"),
    Row(
        "headers",
        (_PREFIX + "HEADERS",),
        {},
        parse_headers,
        "extra headers: a map, or `name=value,name=value` with percent-encoded values",
        show=show_headers,
    ),
    Row(
        "certificate",
        (_PREFIX + "CERTIFICATE",),
        None,
        _parsers.certificate,
        "file or folder of certificate authorities; proxies come from the usual variables",
        missing="system",
    ),
    Row(
        "max_retry_time",
        (_PREFIX + "MAX_RETRY_TIME",),
        1800,
        _parsers.seconds(_MONTH, zero=True),
        "seconds that one batch is retried for before it is given up (never, with a spool)",
    ),
    Row(
        "concurrency",
        (_PREFIX + "CONCURRENCY",),
        8,
        _parsers.whole(1, 64),
        "requests in flight at the same time, at most",
    ),
    Row(
        "flush_interval",
        (_PREFIX + "FLUSH_INTERVAL",),
        1,
        _parsers.seconds(60),
        "seconds that an event may wait for company (processor)",
    ),
    Row(
        "max_queue_bytes",
        (_PREFIX + "MAX_QUEUE_BYTES",),
        "64MiB",
        _parsers.size(_MIB),
        "bytes of encoded events that may wait in memory",
    ),
    Row("spool", (_PREFIX + "SPOOL",), None, _parsers.folder, "folder of the durable spool"),
    Row(
        "spool_max_bytes",
        (_PREFIX + "SPOOL_MAX_BYTES",),
        "512MiB",
        _parsers.size(_MIB),
        "bytes that the spool's database may have",
    ),
    Row(
        "spool_max_age",
        (_PREFIX + "SPOOL_MAX_AGE",),
        7 * 24 * _HOUR,
        _parsers.seconds(_YEAR),
        "seconds that an event is kept in the spool: 7 days",
    ),
    Row(
        "durable",
        (_PREFIX + "DURABLE",),
        False,
        _parsers.boolean,
        "each event is in the spool when its `emit()` returns (processor)",
    ),
    Row(
        "dead_letter",
        (_PREFIX + "DEAD_LETTER",),
        None,
        _parsers.file,
        "file for events that can never be delivered",
    ),
    Row(
        "dead_letter_max_bytes",
        (_PREFIX + "DEAD_LETTER_MAX_BYTES",),
        "64MiB",
        _parsers.size(_MIB),
        "bytes after which the dead-letter file is set aside and a new one begun; nine are kept",
    ),
    Row(
        "mapping",
        (_PREFIX + "MAPPING",),
        None,
        _parsers.rules,
        "mapping rules: a path, or the mapping itself",
    ),
    Row(
        "disabled",
        (_PREFIX + "DISABLED",),
        False,
        _parsers.boolean,
        "convert and validate, send nothing; the variable switches it on for all",
        switch=True,
    ),
    Row(
        "auth",
        (_PREFIX + "AUTH",),
        "basic",
        _parsers.choice("basic", "header", "body"),
        "where the write key goes: `basic`, `header` (`X-Write-Key`, besides Basic) or `body`",
    ),
    Row(
        "shutdown_timeout",
        (_PREFIX + "SHUTDOWN_TIMEOUT",),
        5,
        _parsers.seconds(_HOUR, zero=True),
        "seconds that exit may take",
    ),
    Row("on_delivered", (), None, _parsers.hook, "code only: called with the messages that arrived"),
    Row("on_dropped", (), None, _parsers.hook, "code only: called with the reason and the messages dropped"),
    Row(
        "before_send",
        (),
        None,
        _parsers.hook,
        "code only: a last look that may edit or drop a message, before it is stored",
    ),
)

_NOT_YET: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("privacy_salt", (_PREFIX + "PRIVACY_SALT",)),
    (
        "oauth",
        tuple(_PREFIX + "OAUTH_" + part for part in ("CLIENT_ID", "KEY_ID", "KEY_FILE", "AUTH_SERVER")),
    ),
)

_NO_WRITE_KEY = (
    "not set: give the argument write_key, or set OTEL_EXPORTER_SEGMENT_WRITE_KEY or SEGMENT_WRITE_KEY in "
    "the environment. Segment has the key under Connections > Sources > (your source) > Settings > API keys. "
    "To run without one and send nothing, set disabled (OTEL_EXPORTER_SEGMENT_DISABLED=true)"
)


_NO_SPOOL = "needs the spool; set spool (OTEL_EXPORTER_SEGMENT_SPOOL) to a folder, or leave durable out"


def resolve(arguments: Mapping[str, object], environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from keyword arguments and the environment, and check them all.

    An argument that is not ``None`` wins over a variable that is not empty, which wins over the default. Only
    ``disabled`` is on as soon as either says so; no write key is needed then, and a wrong one does no harm.

    Args:
        arguments: The settings that were given in code or in a configuration file, by name.
        environ: The environment variables.

    Returns:
        The checked settings.

    Raises:
        ConfigurationError: Settings are missing, unknown or wrong; the message names every one of them.
    """
    given = _Given(arguments, environ)
    problems = dict(_strangers(given))
    values = {row.name: _read(row, given, problems) for row in ROWS}
    if values["disabled"]:
        problems.pop("write_key", None)
        values["write_key"] = values["write_key"] or ""
    elif values["write_key"] is None:
        problems.setdefault("write_key", _NO_WRITE_KEY)
    if values["durable"] and values["spool"] is None and not values["disabled"]:
        problems.setdefault("durable", _NO_SPOOL)
    if problems:
        raise ConfigurationError(_report(problems))
    base = values["endpoint"] or _endpoint.REGIONS[values["region"]]
    values["endpoint"], values["path"] = _endpoint.normalize(base, values["path"])
    return Settings(**values)


def table() -> list[tuple[str, str, str, str]]:
    """The settings for people to read: name, environment variables, default and meaning, in Markdown."""
    return [(f"`{row.name}`", _variables_text(row), _default_text(row), row.doc) for row in ROWS]


def _variables_text(row: Row) -> str:
    return ", else ".join(f"`{variable}`" for variable in row.variables) or "(code only)"


def _default_text(row: Row) -> str:
    if row.default is None or row.default == {}:
        return row.missing
    return f"`{str(row.default).lower() if isinstance(row.default, bool) else row.default}`"


class _Given(NamedTuple):
    """What the user gave, and where."""

    arguments: Mapping[str, object]
    environ: Mapping[str, str]

    def places(self, name: str, variables: tuple[str, ...]) -> list[tuple[str, object]]:
        """Find the places where a setting was given, with what stands there; the first counts most."""
        argument = self.arguments.get(name)
        found = [] if argument is None else [(f'argument "{name}"', argument)]
        texts = ((variable, self.environ.get(variable, "").strip()) for variable in variables)
        return found + [(f"environment variable {variable}", text) for variable, text in texts if text]

    def scrub(self, text: str) -> str:
        """Mask the write key in a text, in case that it was given in the place of another setting."""
        for _, key in self.places("write_key", _KEY_VARIABLES):
            text = scrubbed(text, key.strip()) if isinstance(key, str) else text
        return text


def _read(row: Row, given: _Given, problems: dict[str, str]) -> Any:
    """Read one setting; where it is wrong, note the problem and return ``None``."""
    places = given.places(row.name, row.variables)
    if not places:
        return None if row.default is None else row.parse(row.default)
    if row.switch:
        return any(_parse(row, place, given, problems) for place in places)
    return _parse(row, places[0], given, problems)


def _parse(row: Row, place: tuple[str, object], given: _Given, problems: dict[str, str]) -> Any:
    source, value = place
    try:
        return row.parse(value)
    except ValueError as error:
        shown, why = row.show(value), str(error)
        if row.name != "write_key":
            shown, why = given.scrub(shown), given.scrub(why)
        if len(shown) > _LONGEST_SHOWN:
            shown = shown[:_LONGEST_SHOWN] + "..."
        problems[row.name] = f"cannot use {shown} ({source}): {why}"
        return None


def _strangers(given: _Given) -> Iterator[tuple[str, str]]:
    """Name what was given and is no setting, or none yet."""
    for name, variables in _NOT_YET:
        if sources := ", ".join(source for source, _ in given.places(name, variables)):
            yield name, f"otel_segment {__version__} does not have this setting yet; remove it ({sources})"
    names = [row.name for row in ROWS]
    for name in sorted(set(given.arguments).difference(names, dict(_NOT_YET))):
        # Only who made a mistake pays for the module that helps with it.
        import difflib

        near = difflib.get_close_matches(name.lower(), names, 1)
        guess = f"did you mean {near[0]}? " if near else ""
        yield name, f'no such setting (argument "{name}"). {guess}There are {", ".join(names)}'


def _report(problems: Mapping[str, str]) -> str:
    lines = [f"{name}: {problem}." for name, problem in problems.items()]
    if len(lines) == 1:
        return f"otel_segment cannot start. {lines[0]}"
    return "\n- ".join((f"otel_segment cannot start, {len(lines)} settings need attention:", *lines))
