"""The commands on mapping files: check them, try them on events, describe them to editors."""

from otel_segment.cli.mapping._group import MAPPING

__all__ = ["MAPPING"]
