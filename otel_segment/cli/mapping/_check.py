"""``otel-segment mapping check``: what is wrong with a mapping, or doubtful."""

import argparse
import sys

from msgspec import UNSET

from otel_segment.cli._command import FAILED, OK, Command
from otel_segment.cli.mapping._file import add_file, mapping_of
from otel_segment.errors import ConfigurationError
from otel_segment.mapping import Mapping, Rule, describe_mistake, find_doubts

__all__ = ["CHECK"]

_DESCRIPTION = """\
Reads a mapping as an exporter does when it starts, and says what it holds, or all that is wrong with it: where, what
is allowed there, and what was likely meant. Functions that it names are imported.

What is valid and yet hardly meant, such as a rule that no event ever reaches, is a warning; with --strict it counts as
a mistake.

examples:
  otel-segment mapping check mapping.yaml
  otel-segment mapping check --strict mapping.yaml

exit codes: 0 it is valid, 1 it has mistakes, which are on the standard error, 2 wrong command line, file or missing
package
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_file(parser)
    parser.add_argument("--strict", action="store_true", help="take warnings for mistakes")


def _run(arguments: argparse.Namespace) -> int:
    try:
        mapping, line_of = mapping_of(arguments)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return FAILED
    doubts = list(find_doubts(mapping))
    for doubt in doubts:
        print(f"{arguments.file}: warning: {describe_mistake(doubt, line_of)}", file=sys.stderr)
    if doubts and arguments.strict:
        return FAILED
    print(f"{arguments.file}: {_content(mapping)}")
    return OK


def _content(mapping: Mapping) -> str:
    """Say in a line what a mapping holds."""
    names = {name for rule in mapping.rules for name in _names(rule)}
    parts = [f"{_count(len(mapping.rules), 'rule')} for {_count(len(names), 'name')}"]
    default = Mapping()
    others = [name for name in mapping.__struct_fields__ if name != "rules"]
    said = [name for name in others if getattr(mapping, name) != getattr(default, name)]
    if said:
        parts.append(", ".join(said))
    if mapping.privacy.hash or mapping.without_consent == "anonymize":
        parts.append("needs the setting privacy_salt")
    return "; ".join(parts)


def _names(rule: Rule) -> list[str]:
    match = rule.match
    names = match if isinstance(match, str | list) else match.event
    return [] if names is UNSET else [names] if isinstance(names, str) else names


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


CHECK = Command("check", "say what is wrong with a mapping", _DESCRIPTION, _add_arguments, _run)
