"""The mapping rules: read as an exporter reads them."""

import re
from collections.abc import Iterator
from pathlib import Path

from otel_segment.cli.doctor._findings import Finding, broken, fine, warning
from otel_segment.cli.doctor._setups import Setup
from otel_segment.errors import ConfigurationError
from otel_segment.exporters import check_salt, load_mapping, read_mapping_file
from otel_segment.mapping import LineOf, Mapping, describe_mistake, find_doubts

__all__ = ["check_mapping"]

_UNREAD = 'setting "mapping": '
"""How the errors begin that are of no place in the file."""
_MENDED = re.compile(r"(?:; |: (?=pip ))(.+)$")
_CHECK = "otel-segment mapping check"


def check_mapping(setup: Setup) -> Iterator[Finding]:
    """Say what is wrong with the mapping, or doubtful."""
    given, source = setup.reading("mapping").value, setup.source("mapping")
    if given is None:
        yield fine("no rules: events are converted by the conventions alone", source)
        return
    name = _name(given)
    try:
        mapping, line_of = _read(given)
        check_salt(mapping, setup.reading("privacy_salt").value)
    except ConfigurationError as error:
        yield from _mistakes(str(error), name, source)
        return
    doubts = [describe_mistake(doubt, line_of) for doubt in find_doubts(mapping)]
    yield from (warning(f"{name}: {doubt}", f"see {_CHECK} {name}", source) for doubt in doubts)
    if not doubts:
        yield fine(f"{name}: valid, with {len(mapping.rules)} rule{'' if len(mapping.rules) == 1 else 's'}", source)


def _name(given: object) -> str:
    is_text = isinstance(given, str) and not given.lstrip().startswith("{")
    return str(given) if is_text else "the mapping that is given in place"


def _read(given: object) -> tuple[Mapping, LineOf]:
    if isinstance(given, str) and not given.lstrip().startswith("{"):
        return read_mapping_file(Path(given).expanduser())
    return load_mapping(given), lambda _: None  # type: ignore[arg-type]


def _mistakes(text: str, name: str, source: str) -> Iterator[Finding]:
    """Part an error into its lines: the first names the file where there are several."""
    head, *lines = text.split("\n")
    for line in lines or [head]:
        what = line.strip().removeprefix("- ")
        yield broken(f"{what}: nothing starts with it", _cure(what, name), source)


def _cure(what: str, name: str) -> str:
    if what.startswith(_UNREAD) and (found := _MENDED.search(what)):
        return f"{name}: {found[1]}"
    # Some name the cure and some what is allowed, so that it is all of it that helps.
    return f"correct {name}: {what.partition('): ')[2] or what.removeprefix(_UNREAD)}"
