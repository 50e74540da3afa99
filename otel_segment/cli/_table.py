"""All commands, in the order of the help: one line each."""

from otel_segment.cli._command import Command
from otel_segment.cli._completion import COMPLETION
from otel_segment.cli._demo import DEMO
from otel_segment.cli._inspect import INSPECT
from otel_segment.cli._replay import REPLAY
from otel_segment.cli.doctor import DOCTOR
from otel_segment.cli.mapping import MAPPING
from otel_segment.cli.run import RUN
from otel_segment.cli.send import SEND
from otel_segment.cli.spool import SPOOL
from otel_segment.cli.tail import TAIL

__all__ = ["COMMANDS"]

COMMANDS: tuple[Command, ...] = (
    COMPLETION,
    DEMO,
    DOCTOR,
    INSPECT,
    MAPPING,
    REPLAY,
    RUN,
    SEND,
    SPOOL,
    TAIL,
)
