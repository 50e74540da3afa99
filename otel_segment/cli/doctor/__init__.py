"""``otel-segment doctor``, and how it reads a declarative configuration file."""

from otel_segment.cli.doctor._config_file import ConfigFile, read_config_file
from otel_segment.cli.doctor._doctor import DOCTOR

__all__ = ["DOCTOR", "ConfigFile", "read_config_file"]
