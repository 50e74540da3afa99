"""``otel-segment doctor``: what is set, what is wrong with it, and what to change."""

import argparse
import logging
import math
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from otel_segment._version import __version__
from otel_segment.cli._command import Command
from otel_segment.cli._numbers import number
from otel_segment.cli._tame import tame_line
from otel_segment.cli.doctor._answer import Conversation
from otel_segment.cli.doctor._config_file import ConfigFile, read_config_file
from otel_segment.cli.doctor._dead_letter import check_dead_letter
from otel_segment.cli.doctor._deadline import Deadline, in_time
from otel_segment.cli.doctor._endpoint import check_endpoint, check_region
from otel_segment.cli.doctor._entry_points import check_entry_points
from otel_segment.cli.doctor._findings import Check, Finding, Section, unknown
from otel_segment.cli.doctor._mapping import check_mapping
from otel_segment.cli.doctor._network import Network
from otel_segment.cli.doctor._report import Report, lines
from otel_segment.cli.doctor._secrets import Secrets
from otel_segment.cli.doctor._settings import check_settings
from otel_segment.cli.doctor._setups import Setup, make_setup
from otel_segment.cli.doctor._signals import check_signals
from otel_segment.cli.doctor._spool import check_spool
from otel_segment.cli.doctor._variables import check_variables
from otel_segment.cli.doctor._versions import check_versions
from otel_segment.cli.doctor._web import check_web
from otel_segment.cli.doctor._write_key import check_write_key

__all__ = ["DOCTOR"]

_SECONDS = 30.0
_PATIENCE = 20.0
"""Seconds that one subject may take."""
_GRACE = 1.0
"""Seconds for what keeps to the time to say so, before nobody waits for it."""

_DESCRIPTION = """\
Reads the configuration as an application in this environment would: variables, the file in OTEL_CONFIG_FILE, the
mapping. Says line by line what it found and where it comes from, secrets masked, tries the way to the endpoint, sends
a test event, and ends with what to change. Run it where the application runs, as the same user, in the same folder.

The test event is a track call with the name "otel-segment doctor", which goes to no destination; it is for Segment's
debugger, where its messageId is to be looked for. Nothing else is changed or sent.

examples:
  otel-segment doctor
  otel-segment doctor --no-send --json
  otel-segment doctor --user-id u-1042 --timeout 10

exit codes: 0 nothing is wrong as far as can be seen, 1 something is broken, 2 wrong command line, 3 nothing is broken
but something is doubtful, 130 ended by Ctrl-C
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-send", action="store_true", help="send no test event, but an empty batch")
    parser.add_argument("--user-id", metavar="ID", help="whom the test event is about (nobody)")
    parser.add_argument("--json", action="store_true", help="one JSON object, for programs")
    parser.add_argument(
        "--timeout",
        type=number("more than 0 seconds", lambda seconds: 0 < seconds < math.inf),
        default=_SECONDS,
        metavar="SECONDS",
        help=f"for all of it ({_SECONDS:.0f})",
    )


def _run(arguments: argparse.Namespace) -> int:
    secrets = Secrets(os.environ)
    with _hushed():
        report = _examined(arguments, secrets)
    if arguments.json:
        print(msgspec.json.encode(report).decode())
    else:
        print("\n".join(lines(report)))
    return report.exit_code


def _examined(arguments: argparse.Namespace, secrets: Secrets) -> Report:
    deadline, until = Deadline(arguments.timeout), Deadline(arguments.timeout + _GRACE)
    file = read_config_file()
    setups = _setups(file, secrets)
    talks: list[Conversation] = []
    sections = [
        _section(subject, until, secrets, is_debugged=arguments.debug)
        for subject in _subjects(arguments, file, setups, deadline, talks)
    ]
    return Report.of(__version__, sections, [talk.event.message_id for talk in talks if talk.event is not None])


class _Subject(NamedTuple):
    title: str
    check: Check
    setup: Setup | None = None


def _setups(file: ConfigFile | None, secrets: Secrets) -> list[Setup]:
    """Return what the exporters of the file are given, or what the environment says where it has none."""
    given = [each for each in file.exporters if each.name == "segment"] if file is not None else []
    for exporter in given:
        secrets.add_arguments(exporter.arguments)
    made: list[Setup] = []
    for exporter in given:
        if all(exporter.arguments != other.arguments for other in made):
            made.append(make_setup(exporter.arguments, exporter.place))
    made = made or [make_setup({})]
    for setup in made:
        if setup.settings is not None:
            secrets.add_settings(setup.settings)
    return made


def _subjects(
    arguments: argparse.Namespace,
    file: ConfigFile | None,
    setups: Sequence[Setup],
    deadline: Deadline,
    talks: list[Conversation],
) -> Iterator[_Subject]:
    yield _Subject("Versions", check_versions)
    yield _Subject("Entry points and frameworks", check_entry_points)
    yield _Subject("OpenTelemetry", partial(check_signals, file))
    yield _Subject("Names of variables", check_variables)
    yield _Subject("Web instrumentation", check_web)
    for setup in setups:
        where = _where(setup, setups)
        yield _Subject(f"Settings{where}", partial(check_settings, setup), setup)
        yield _Subject(f"Write key{where}", partial(check_write_key, setup), setup)
        yield _Subject(f"Endpoint{where}", partial(check_endpoint, setup), setup)
        yield _Subject(f"Region{where}", partial(check_region, setup), setup)
        yield _Subject(f"Mapping{where}", partial(check_mapping, setup), setup)
        yield _Subject(f"Spool{where}", partial(check_spool, setup, deadline), setup)
        yield _Subject(f"Dead letter{where}", partial(check_dead_letter, setup), setup)
    for setup in setups:
        where = _where(setup, setups)
        network = Network(setup, deadline)
        talk = Conversation(setup, deadline, network, not arguments.no_send, arguments.user_id)
        talks.append(talk)
        yield _Subject(f"Network{where}", network.check, setup)
        yield _Subject(f"Answer{where}", talk.check, setup)


def _where(setup: Setup, setups: Sequence[Setup]) -> str:
    return f" ({setup.place})" if len(setups) > 1 else ""


def _section(subject: _Subject, until: Deadline, secrets: Secrets, *, is_debugged: bool) -> Section:
    """Look at one subject, for a while, and let no secret out."""
    found: list[Finding] = []
    try:
        in_time(lambda: found.extend(subject.check()), until.at_most(_PATIENCE))
    except TimeoutError:
        found.append(unknown("no time was left to look at this", cure="give more with --timeout"))
    except Exception as error:
        if is_debugged:
            raise
        found.append(unknown(f"this could not be looked at: {type(error).__name__}", cure="please report it; --debug"))
    return Section(subject.title, [_clean(finding, secrets, subject.setup) for finding in found])


def _clean(finding: Finding, secrets: Secrets, setup: Setup | None) -> Finding:
    cure = finding.cure if setup is None else setup.located(finding.cure)
    what, source, cure = (tame_line(secrets.clean(text)) for text in (finding.what, finding.source, cure))
    return Finding(finding.state, what, source, cure)


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep what is tried from being talked about: libraries log and warn of what the report says better.

    Functions that a mapping names are imported from the folder that an application would be started in.
    """
    folder = str(Path.cwd())
    is_added = folder not in sys.path and "" not in sys.path
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    if is_added:
        sys.path.insert(0, folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
        if is_added:
            sys.path.remove(folder)


DOCTOR = Command("doctor", "say what is wrong with a configuration", _DESCRIPTION, _add_arguments, _run)
