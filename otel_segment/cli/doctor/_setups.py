"""The exporters that a configuration makes, each with its settings."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from otel_segment._env import ROWS, Reading, resolve, survey
from otel_segment.errors import ConfigurationError
from otel_segment.settings import Settings

__all__ = ["Setup", "make_setup"]


@dataclass(frozen=True)
class Setup:
    """One set of settings.

    Attributes:
        place: Where it stands: empty for the environment, else the file and what in it.
        settings: The settings; ``None`` where they are wrong.
        readings: What was found of each setting.
    """

    place: str
    settings: Settings | None
    readings: Sequence[Reading]
    arguments: Mapping[str, object] = field(default_factory=dict)

    def reading(self, name: str) -> Reading:
        """Return what was found of a setting."""
        return next(reading for reading in self.readings if reading.name == name)

    def source(self, name: str) -> str:
        """Say where a setting comes from."""
        return self.named(self.reading(name).source.replace("environment variable ", "")) or "default"

    def located(self, cure: str) -> str:
        """Return a cure that names the place of each setting in the file, to which its variable would lose."""
        given = {variable: self.source(row.name) for row in ROWS for variable in row.variables}
        for variable, place in given.items():
            if self.place and place.startswith(self.place):
                cure = re.sub(rf"\b{variable}\b", place.replace("\\", r"\\"), cure)
        return cure

    def named(self, text: str) -> str:
        """Return a text in which the file stands in the place of the arguments that it gives."""
        return text.replace('argument "', f'{self.place}: "') if self.place else text


def make_setup(arguments: Mapping[str, object], place: str = "") -> Setup:
    """Read the settings as an exporter with these arguments would.

    Args:
        arguments: What a file gives.
        place: Which file, and where in it.
    """
    readings = survey(arguments, os.environ)
    try:
        settings = resolve(arguments, os.environ)
    except ConfigurationError:
        settings = None
    return Setup(place, settings, readings, arguments)
