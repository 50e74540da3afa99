"""How the settings are read: from keyword arguments and the environment, all of them checked at once."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from otel_segment import _endpoint
from otel_segment._oauth_settings import in_region
from otel_segment._rows import KEY_VARIABLES, ROWS, Row
from otel_segment.errors import ConfigurationError
from otel_segment.settings import Settings, scrubbed

__all__ = ["ROWS", "Reading", "Row", "read", "resolve", "survey", "table"]

_LONGEST_SHOWN = 120
_CREDENTIALS = frozenset(("write_key", "oauth"))

_NO_WRITE_KEY = (
    "not set: give the argument write_key, or set OTEL_EXPORTER_SEGMENT_WRITE_KEY or SEGMENT_WRITE_KEY in "
    "the environment. Segment has the key under Connections > Sources > (your source) > Settings > API keys. "
    "To run without one and send nothing, set disabled (OTEL_EXPORTER_SEGMENT_DISABLED=true)"
)

_FILES_OF_SPOOL = ("spool.db", "owners.lock")
_NO_SPOOL = "needs the spool; set spool (OTEL_EXPORTER_SEGMENT_SPOOL) to a folder, or leave durable out"


def resolve(arguments: Mapping[str, object], environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from keyword arguments and the environment, and check them all.

    An argument that is not ``None`` wins over a variable that is not empty, which wins over the default. Only
    ``disabled`` is on as soon as either says so; no credentials are needed then, and wrong ones do no harm. Of the
    parts of ``oauth``, the environment gives those that the argument does not.

    Args:
        arguments: The settings that were given in code or in a configuration file, by name.
        environ: The environment variables.

    Returns:
        The checked settings.

    Raises:
        ConfigurationError: Settings are missing, unknown or wrong; the message names every one of them.
    """
    values, problems = _examine(_Given(arguments, environ))
    if problems:
        raise ConfigurationError(_report(problems))
    base = values["endpoint"] or _endpoint.REGIONS[values["region"]]
    values["endpoint"], values["path"] = _endpoint.normalize(base, values["path"])
    regions = {address: region for region, address in _endpoint.REGIONS.items()}
    values["oauth"] = in_region(values["oauth"], regions.get(values["endpoint"]) or values["region"])
    return Settings(**values)


def survey(arguments: Mapping[str, object], environ: Mapping[str, str] = os.environ) -> list["Reading"]:
    """Read the settings as :func:`resolve` does, and tell of each what was found and where, wrong ones included.

    Args:
        arguments: The settings that were given in code or in a configuration file, by name.
        environ: The environment variables.
    """
    given = _Given(arguments, environ)
    values, problems = _examine(given)
    rows = {row.name: row for row in ROWS}
    return [
        Reading(
            name,
            values.get(name),
            ", ".join(given.sources(rows[name])) if name in rows else f'argument "{name}"',
            problems.get(name, ""),
        )
        for name in (*rows, *(name for name in problems if name not in rows))
    ]


class Reading(NamedTuple):
    """What was found of one setting."""

    name: str
    value: Any
    """As the settings have it, but for what depends on another one; ``None`` where it is wrong."""
    source: str
    """Where it was given; empty for a default."""
    problem: str
    """What is wrong with it, with the value and the way out; empty where nothing is."""


def _examine(given: "_Given") -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values by name, and what is wrong with them, alone and together."""
    values, problems = _read_all(ROWS, given)
    if values["disabled"]:
        problems = {name: problem for name, problem in problems.items() if name not in _CREDENTIALS}
        values["write_key"] = values["write_key"] or ""
    elif values["write_key"] is None:
        problems.setdefault("write_key", _NO_WRITE_KEY)
    problems.update(_clashes(values))
    if values["durable"] and values["spool"] is None and not values["disabled"]:
        row = next(row for row in ROWS if row.name == "durable")
        source, _ = given.places(row.name, row.variables)[0]
        problems.setdefault(row.name, f"{_NO_SPOOL} ({source})")
    return values, problems


def read(
    rows: Sequence[Row], arguments: Mapping[str, object], environ: Mapping[str, str], prefix: str
) -> dict[str, Any]:
    """Read the settings of any table, and check them all.

    Args:
        rows: The table.
        arguments: The settings that were given in code, by name.
        environ: The environment variables.
        prefix: What the names of the table's variables begin with, and no others.

    Returns:
        The values by name.

    Raises:
        ConfigurationError: Settings are unknown or wrong; the message names every one of them.
    """
    values, problems = _read_all(rows, _Given(arguments, environ))
    known = {variable for row in rows for variable in row.variables}
    for variable in sorted(environ):
        if variable.startswith(prefix) and variable not in known:
            problems[variable] = f"no such environment variable. {_guess(variable, known)}Remove it"
    if problems:
        raise ConfigurationError(_report(problems))
    return values


def _read_all(rows: Sequence[Row], given: "_Given") -> tuple[dict[str, Any], dict[str, str]]:
    problems = dict(_strangers(rows, given))
    return {row.name: _read(row, given, problems) for row in rows}, problems


def _clashes(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name what would overwrite the spool."""
    file, folder = Path(values["dead_letter"] or ""), Path(values["spool"] or "/")
    if file.parent == folder and file.name.startswith(_FILES_OF_SPOOL):
        yield "dead_letter", f"{file} is a file of the spool itself; give another name, such as dead-letter.jsonl"


def table(rows: Sequence[Row] = ROWS) -> list[tuple[str, str, str, str]]:
    """The settings for people to read: name, environment variables, default and meaning, in Markdown."""
    return [(f"`{row.name}`", _variables_text(row), _default_text(row), row.doc) for row in rows]


def _variables_text(row: Row) -> str:
    between = ", " if row.join else ", else "
    return between.join(f"`{variable}`" for variable in row.variables) or "(code only)"


def _default_text(row: Row) -> str:
    if row.default is None or row.default == {}:
        return row.missing
    text = str(row.default).lower() if isinstance(row.default, bool) else str(row.default)
    # It would end the cell, in code as elsewhere.
    return f"`{text}`".replace("|", r"\|")


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

    def sources(self, row: Row) -> list[str]:
        """Return where the value of a setting comes from: one place, unless it is made of several."""
        found = [source for source, _ in self.places(row.name, row.variables)]
        return found if row.join or row.switch else found[:1]

    def scrub(self, text: str) -> str:
        """Mask the write key in a text, in case that it was given in the place of another setting."""
        for _, key in self.places("write_key", KEY_VARIABLES):
            text = scrubbed(text, key.strip()) if isinstance(key, str) else text
        return text


def _read(row: Row, given: _Given, problems: dict[str, str]) -> Any:
    """Read one setting; where it is wrong, note the problem and return ``None``."""
    places = given.places(row.name, row.variables)
    if not places:
        return None if row.default is None else row.parse(row.default)
    if row.join:
        sources = ", ".join(source for source, _ in places)
        return _parse(row, (sources, row.join(given.arguments.get(row.name), given.environ)), given, problems)
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


def _strangers(rows: Sequence[Row], given: _Given) -> Iterator[tuple[str, str]]:
    """Name what was given and is no setting."""
    names = [row.name for row in rows]
    for name in sorted(set(given.arguments).difference(names)):
        yield name, f'no such setting (argument "{name}"). {_guess(name.lower(), names)}There are {", ".join(names)}'


def _guess(name: str, names: Iterable[str]) -> str:
    # Only who made a mistake pays for the module that helps with it.
    import difflib

    near = difflib.get_close_matches(name, names, 1)
    return f"did you mean {near[0]}? " if near else ""


def _report(problems: Mapping[str, str]) -> str:
    lines = [f"{name}: {problem}." for name, problem in problems.items()]
    if len(lines) == 1:
        return f"otel_segment cannot start. {lines[0]}"
    return "\n- ".join((f"otel_segment cannot start, {len(lines)} settings need attention:", *lines))
