"""``otel-segment run``: a command under OpenTelemetry, with its events on the way to Segment."""

import argparse
import os
import shlex
import sys
from collections.abc import Mapping

from otel_segment._endpoint import normalize
from otel_segment._env import resolve
from otel_segment.cli._command import OK, UNUSABLE, Command, CommandError, require
from otel_segment.cli._local_inspector import INSPECTOR_URL
from otel_segment.cli.run._launch import check, launch
from otel_segment.cli.run._variables import CONFIG_FILE, OURS, additions, doubts, is_set, shown
from otel_segment.errors import ConfigurationError

__all__ = ["RUN"]

_DESCRIPTION = """\
Sets what opentelemetry-instrument needs and is not set yet, and runs the command under it: log records go to Segment
(OTEL_LOGS_EXPORTER=segment), and a signal for which nobody chose an exporter gets none, or OTLP where an OTLP endpoint
is set. Nothing that is set is changed. With OTEL_CONFIG_FILE the file decides, and no exporter is set here.

The command takes the place of this process: signals and exit code are its own. --endpoint and --inspect send its
events somewhere else, such as to "otel-segment inspect", which needs no write key.

examples:
  otel-segment run -- python app.py
  otel-segment run --inspect -- flask --app shop run
  otel-segment run -- gunicorn --workers 4 shop:app
  otel-segment run --show

exit codes: those of the command; 126 it cannot be executed, 127 there is no such command, 2 wrong command line or
missing package; 0 with --show
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "%(prog)s [-h] [--endpoint URL | --inspect] -- COMMAND ...\n       %(prog)s --show"
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--endpoint", metavar="URL", help="send the events there, whatever is set")
    where.add_argument(
        "--inspect",
        action="store_const",
        dest="endpoint",
        const=INSPECTOR_URL,
        help=f"send the events to the inspector on this machine ({INSPECTOR_URL})",
    )
    parser.add_argument("--show", action="store_true", help="print the variables that would be set, and run nothing")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND ...", help="what to run")


def _run(arguments: argparse.Namespace) -> int:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    _check_endpoint(arguments.endpoint)
    variables = additions(os.environ, arguments.endpoint)
    if arguments.show:
        _show(variables)
        return OK
    if not command:
        msg = "run: say what to run, as in: otel-segment run -- python app.py"
        raise CommandError(msg, UNUSABLE)
    require("auto", ("opentelemetry.distro", "opentelemetry.instrumentation"))
    check(command[0])
    complete = {**os.environ, **variables}
    for doubt in (*doubts(complete, arguments.endpoint), *_mistakes(complete)):
        print(f"otel-segment: warning: {doubt}", file=sys.stderr)
    return launch(command, variables)


def _check_endpoint(endpoint: str | None) -> None:
    try:
        normalize(endpoint or INSPECTOR_URL, "/")
    except ValueError as error:
        msg = f"argument --endpoint: {error}"
        raise CommandError(msg, UNUSABLE) from error


def _mistakes(environ: Mapping[str, str]) -> list[str]:
    """Say what is wrong with the settings: the command is to run all the same, and says it too, but not as well."""
    if is_set(environ, CONFIG_FILE):
        return []
    try:
        resolve({}, environ)
    except ConfigurationError as error:
        return [" ".join(str(error).split())]
    return []


def _show(variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        print(f"{name}={_quoted(name, value)}")
    for name in sorted(os.environ):
        if name.startswith(OURS) and name not in variables and is_set(os.environ, name):
            print(f"# set already: {name}={_quoted(name, os.environ[name])}")


def _quoted(name: str, value: str) -> str:
    text = shown(name, value, os.environ)
    return text if text.startswith("***") else shlex.quote(text)


RUN = Command("run", "run a command with its events going to Segment", _DESCRIPTION, _add_arguments, _run)
