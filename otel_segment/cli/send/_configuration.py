"""The settings as an application of this environment has them, but for what would outlive the command."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from otel_segment._env import resolve
from otel_segment.cli._command import UNUSABLE, CommandError
from otel_segment.cli.doctor import ConfigFile, read_config_file
from otel_segment.errors import ConfigurationError
from otel_segment.settings import Settings, SettingsArguments

__all__ = ["Configuration", "read_configuration"]

# What is tried stays out of what waits, and away from files that belong to the application's user.
_LEFT_OUT = ("spool", "durable", "dead_letter")
_VARIABLES = tuple(f"OTEL_EXPORTER_SEGMENT_{name.upper()}" for name in _LEFT_OUT)


class Configuration:
    """Where an exporter's settings come from: the file that OTEL_CONFIG_FILE names, and the environment.

    Args:
        arguments: What the file gives.

    Raises:
        CommandError: The settings are wrong.
    """

    def __init__(self, arguments: SettingsArguments) -> None:
        self._arguments = arguments
        with _read_alone():
            self.settings: Settings = resolve(arguments)

    @contextmanager
    def applied(self, more: SettingsArguments) -> Iterator[SettingsArguments]:
        """Give the arguments for an exporter, which is to be made while this lasts.

        Args:
            more: Further ones, which count most.

        Raises:
            CommandError: They are wrong.
        """
        complete = self._arguments.copy()
        complete.update(more)
        with _read_alone():
            yield complete


def read_configuration(*, dry_run: bool) -> Configuration:
    """Read the settings.

    Args:
        dry_run: Whether nothing is to be sent, which needs no credentials.

    Raises:
        CommandError: They are wrong, or nothing would be sent with them.
    """
    file = read_config_file()
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or (file and file.is_disabled):
        where = f"disabled is set in {file.path}" if file and file.is_disabled else "OTEL_SDK_DISABLED is set"
        msg = f"{where}: no event would come about; take it out"
        raise CommandError(msg, UNUSABLE)
    arguments: SettingsArguments = _arguments_of(file) if file else {}
    if dry_run:
        arguments["disabled"] = True
    configuration = Configuration(arguments)
    if configuration.settings.disabled and not dry_run:
        msg = "the setting disabled (OTEL_EXPORTER_SEGMENT_DISABLED) is set: nothing would be sent; or give --dry-run"
        raise CommandError(msg, UNUSABLE)
    return configuration


def _arguments_of(file: ConfigFile) -> SettingsArguments:
    if not file.is_read:
        problem = file.findings[0]
        msg = f"{problem.what}; {problem.cure}"
        raise CommandError(msg, UNUSABLE)
    found = [exporter for exporter in file.exporters if exporter.name == "segment"]
    if not found:
        msg = f"{file.path} (OTEL_CONFIG_FILE) has no exporter segment: nothing would be sent with it"
        raise CommandError(msg, UNUSABLE)
    # What these calls are, log records, before spans.
    first = min(found, key=lambda exporter: exporter.signal != "logs")
    kept = {name: value for name, value in first.arguments.items() if name not in _LEFT_OUT}
    return cast("SettingsArguments", kept)


@contextmanager
def _read_alone() -> Iterator[None]:
    kept = {name: os.environ.pop(name) for name in _VARIABLES if name in os.environ}
    try:
        yield
    except ConfigurationError as error:
        raise CommandError(str(error), UNUSABLE) from error
    finally:
        os.environ.update(kept)
