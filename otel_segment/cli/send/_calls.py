"""The six calls as commands."""

import argparse
import json
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from otel_segment.cli._command import FAILED, OK, UNUSABLE, Command, CommandError
from otel_segment.cli._numbers import number
from otel_segment.cli.send._configuration import read_configuration
from otel_segment.cli.send._pairs import choice, merged, pair
from otel_segment.cli.send._sending import Call, rehearse, send
from otel_segment.cli.send._told import lines
from otel_segment.emit import ALIAS, GROUP, IDENTIFY, PAGE, SCREEN, TRACK, Kind

__all__ = ["CALLS"]

_SECONDS = number("more than 0 seconds, and at most 3600", lambda seconds: 0 < seconds <= 3_600)  # noqa: PLR2004

_DESCRIPTION = """\
{what} It goes through the real exporter with the settings of the environment, and what became of it is said:
delivered, or dropped and why.

KEY=TEXT is text; KEY:=JSON is anything else that JSON has: 'total:=42.5', 'paid:=true', 'tags:=["a", "b"]',
'page:={{"path": "/"}}'. A key is taken as it stands, dots and all.

examples:
{examples}

exit codes: 0 delivered (or would be sent, with --dry-run), 1 dropped or not delivered, 2 wrong command line or
settings, 130 ended by Ctrl-C
"""


class _Option(NamedTuple):
    """An option that some of the calls have."""

    name: str
    help: str
    metavar: str = "TEXT"
    is_required: bool = False


class _Form(NamedTuple):
    """One of the six calls.

    Attributes:
        kind: Which.
        what: What it says, in a sentence.
        examples: Command lines, without the program.
        own: Its own options.
        has_anonymous_id: Whether it may be about somebody whose user id is not known.
    """

    kind: Kind
    what: str
    examples: tuple[str, ...]
    own: tuple[_Option, ...] = ()
    has_anonymous_id: bool = True


_LABELS = (
    _Option("--name", "the name of the page or screen"),
    _Option("--category", "the kind of page or screen"),
)

_FORMS = (
    _Form(
        TRACK,
        "Says what somebody did.",
        (
            'track --user-id u-1 --event "Order Completed" \\\n      --property total:=42.5 --property currency=EUR',
            "track --anonymous-id a-1 --event Opened \\\n      --integration Mixpanel=false",
            'track --user-id u-1 --event Opened --dry-run \\\n      --context \'page:={"path": "/"}\'',
        ),
        (_Option("--event", "what was done, such as 'Order Completed'", "NAME", is_required=True),),
    ),
    _Form(
        PAGE,
        "Says that somebody saw a page.",
        ("page --anonymous-id a-1 --name Home --property path=/",),
        _LABELS,
    ),
    _Form(
        SCREEN,
        "Says that somebody saw a screen of an application.",
        ("screen --user-id u-1 --category Settings --name Profile",),
        _LABELS,
    ),
    _Form(
        IDENTIFY,
        "Says who somebody is.",
        ("identify --user-id u-1 --trait plan=gold --trait age:=36",),
    ),
    _Form(
        GROUP,
        "Says what group somebody belongs to.",
        ("group --user-id u-1 --group-id acme --trait employees:=120",),
        (_Option("--group-id", "the account, company or team", "ID", is_required=True),),
    ),
    _Form(
        ALIAS,
        "Says that two ids are one person.",
        ("alias --previous-id a-1 --user-id u-1",),
        (_Option("--previous-id", "the id that was used until now", "ID", is_required=True),),
        has_anonymous_id=False,
    ),
)


def _add_arguments(form: _Form, parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--user-id", metavar="ID", required=not form.has_anonymous_id, help="whom it is about, as you call them"
    )
    if form.has_anonymous_id:
        parser.add_argument("--anonymous-id", metavar="ID", help="whom it is about, where the user is not known")
    for option in form.own:
        parser.add_argument(option.name, metavar=option.metavar, required=option.is_required, help=option.help)
    if form is not _FORMS[-1]:
        _add_pairs(parser, f"--{_payload_word(form)}", f"one of the {form.kind.payload}")
    _add_pairs(parser, "--context", "a field of Segment's context")
    _add_pairs(parser, "--integration", "whether, or how, a destination gets it", choice, "NAME=false")
    parser.add_argument("--timestamp", metavar="TIME", help="when it happened, by ISO 8601; now by default")
    parser.add_argument("--message-id", metavar="ID", help="what makes it unique; made up by default")
    parser.add_argument("--timeout", type=_SECONDS, default=10.0, metavar="SECONDS", help="how long to try (10)")
    parser.add_argument("--dry-run", action="store_true", help="print what would be sent, and send nothing")
    parser.add_argument("--json", action="store_true", help="one JSON object, for programs")


def _add_pairs(
    parser: argparse.ArgumentParser,
    name: str,
    text: str,
    read: Callable[[str], object] = pair,
    metavar: str = "KEY=TEXT",
) -> None:
    parser.add_argument(name, type=read, action="append", metavar=metavar, help=f"{text}; may be given several times")


def _payload_word(form: _Form) -> str:
    return {"properties": "property", "traits": "trait"}[form.kind.payload]


def _run(form: _Form, arguments: argparse.Namespace) -> int:
    call = _call(form, arguments)
    configuration = read_configuration(dry_run=arguments.dry_run)
    settings = configuration.settings
    outcome = rehearse(call, configuration) if arguments.dry_run else send(call, configuration, arguments.timeout)
    if arguments.json:
        print(json.dumps(outcome.facts(settings, dry_run=arguments.dry_run)))
    else:
        print("\n".join(lines(outcome, settings, dry_run=arguments.dry_run)))
    return OK if outcome.is_complete(dry_run=arguments.dry_run) else FAILED


def _call(form: _Form, arguments: argparse.Namespace) -> Call:
    given = vars(arguments)
    who = (arguments.user_id, given.get("anonymous_id"))
    if not any(who):
        msg = f"{form.kind.name}: give --user-id or --anonymous-id, that says whom it is about"
        raise CommandError(msg, UNUSABLE)
    payload, context, integrations = (
        merged(f"--{word}", given.get(word)) for word in (_payload_word(form), "context", "integration")
    )
    return Call(
        form.kind,
        given.get("event", form.kind.name),
        who,
        payload,
        (context, arguments.timestamp, integrations, arguments.message_id),
        tuple(given.get(argument) for _, argument, _ in form.kind.extras),
    )


def _command(form: _Form) -> Command:
    examples = "\n".join(f"  otel-segment send {example}" for example in form.examples)
    description = _DESCRIPTION.format(what=form.what, examples=examples)
    summary = form.what[0].lower() + form.what[1:].removesuffix(".").replace("says", "say", 1)
    return Command(form.kind.name, summary, description, partial(_add_arguments, form), partial(_run, form))


CALLS = tuple(map(_command, _FORMS))
